/** Looking into a request that must be understood: what has the wrong shape is refused by its path. */
import { refuse, type Refused } from '../../core/problem.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';

/** A refusal that names the field. */
export function wrong(path: string, what: string): Refused {
  return refuse('invalid_request', `"${path}" ${what}.`, { param: path });
}

/** The list of objects at `path`. Throws Refused. */
export function objects(value: JsonValue | undefined, path: string): readonly JsonObject[] {
  if (!Array.isArray(value)) throw wrong(path, 'must be an array');
  return value.map((item: JsonValue, index) => object(item, `${path}[${index}]`));
}

/** Throws Refused. */
export function object(value: JsonValue | undefined, path: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(path, 'must be an object');
  return value as JsonObject;
}

/** Throws Refused. */
export function string(value: JsonValue | undefined, path: string): string {
  if (typeof value !== 'string') throw wrong(path, 'must be a string');
  return value;
}

/** Warnings in the order they came, each said once. */
export class Warnings {
  readonly #said = new Set<string>();

  add(warning: string): void {
    this.#said.add(warning);
  }

  list(): readonly string[] {
    return [...this.#said];
  }
}
