/** JSON merge patch, RFC 7396: maps merge key by key, null takes a key away, anything else replaces what was there. */

type Dict = Readonly<Record<string, unknown>>;

export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMapOf(patch)) return patch;
  const merged = new Map(Object.entries(isMapOf(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

export function isMapOf(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
