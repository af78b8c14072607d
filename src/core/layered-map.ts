/**
 * A map that differs in a few entries from one that does not change: made in the time of the few, not of the many.
 * A configuration may hold a hundred thousand keys, and an edit of one must not copy them all.
 */

/** So many differences are looked up beside the map below; more are worth a copy of it. */
const mostChanges = 1_000;

/** `base` with these entries; a value of undefined takes the key out. Neither map may be changed afterwards. */
export function layered<K, V extends object>(
  base: ReadonlyMap<K, V>,
  changes: Iterable<readonly [K, V | undefined]>,
): ReadonlyMap<K, V> {
  const added = [...changes];
  if (added.length === 0) return base;
  const [below, before] = layersOf(base) ?? [base, []];
  const all = new Map<K, V | undefined>([...before, ...added]);
  const made = new Layered<K, V>(below, all);
  return all.size > mostChanges ? new Map(made) : made;
}

/** What lies below a layered map, and its differences; undefined for any other map. */
export function layersOf<K, V extends object>(
  map: ReadonlyMap<K, V>,
): readonly [below: ReadonlyMap<K, V>, changes: ReadonlyMap<K, V | undefined>] | undefined {
  return map instanceof Layered ? map.layers() : undefined;
}

class Layered<K, V extends object> implements ReadonlyMap<K, V> {
  readonly #base: ReadonlyMap<K, V>;
  readonly #changes: ReadonlyMap<K, V | undefined>;
  readonly size: number;

  constructor(base: ReadonlyMap<K, V>, changes: ReadonlyMap<K, V | undefined>) {
    this.#base = base;
    this.#changes = changes;
    let { size } = base;
    for (const [key, value] of changes) size += Number(value !== undefined) - Number(base.has(key));
    this.size = size;
  }

  layers(): readonly [ReadonlyMap<K, V>, ReadonlyMap<K, V | undefined>] {
    return [this.#base, this.#changes];
  }

  get(key: K): V | undefined {
    return this.#changes.get(key) ?? (this.#changes.has(key) ? undefined : this.#base.get(key));
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  /** What was there before keeps its place, what is new comes last. */
  *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.#base) {
      const now = this.#changes.has(key) ? this.#changes.get(key) : value;
      if (now !== undefined) yield [key, now];
    }
    for (const [key, value] of this.#changes)
      if (value !== undefined && !this.#base.has(key)) yield [key, value];
    return undefined;
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
    return undefined;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
    return undefined;
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }
}
