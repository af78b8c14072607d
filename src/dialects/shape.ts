/** Looking into a request that must be understood: what has the wrong shape is refused by its path. */
import { refuse } from '../../core/problem.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';

export function objectAt(value: JsonValue | undefined, path: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('invalid_request', `"${path}" must be an object.`, { param: path });
  return value as JsonObject;
}

export function textAt(value: JsonValue | undefined, path: string): string {
  if (typeof value !== 'string')
    throw refuse('invalid_request', `"${path}" must be a string.`, { param: path });
  return value;
}

export function listAt(value: JsonValue | undefined, path: string): readonly JsonObject[] {
  if (!Array.isArray(value)) throw refuse('invalid_request', `"${path}" must be an array.`, { param: path });
  return value.map((item: JsonValue, index) => objectAt(item, `${path}[${index}]`));
}
