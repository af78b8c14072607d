/** `{ ...optional('user', user) }` adds the field only when there is a value: absent and undefined stay apart. */
export function optional<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [P in K]: V });
}
