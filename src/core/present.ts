/** Optional fields, said once: an absent field is absent, not present with the value undefined. */

type Absent<T> = { [K in keyof T]: undefined extends T[K] ? K : never }[keyof T];

/** `T` without undefined among its values: such fields are optional instead. */
export type Present<T> = { [K in Exclude<keyof T, Absent<T>>]: T[K] } & {
  [K in Absent<T> & keyof T]?: Exclude<T[K], undefined>;
};

/** The same object without the fields that are undefined. */
export function present<T extends object>(fields: T): Present<T> {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) kept[key] = value;
  return kept as Present<T>;
}
