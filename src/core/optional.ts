/**
 * A value while it is being built. What every request builds adds its optional fields one by one: an object of nineteen
 * fields takes 0.15 µs so, and 4 µs as a literal with `...optional` among them, for V8 copies those in C++.
 */
export type Draft<T> = { -readonly [Key in keyof T]: T[Key] };

/** `{ ...optional('user', user) }` adds the field only when there is a value: absent and undefined stay apart. */
export function optional<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [P in K]: V });
}
