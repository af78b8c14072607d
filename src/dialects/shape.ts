/** Looking into a request that must be understood: what has the wrong shape is refused by its path. */
import { toolName } from '../core/tool-turns.ts';
import { refuse, type Refused } from '../core/problem.ts';
import type { JsonObject, JsonValue } from '../core/snapshot.ts';

/** A refusal that names the field. */
export function wrong(path: string, what: string): Refused {
  return refuse('invalid_request', `"${path}" ${what}.`, { param: path });
}

/** Throws Refused, as all of these do. */
export function objectAt(value: JsonValue | undefined, path: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(path, 'must be an object');
  return value as JsonObject;
}

export function textAt(value: JsonValue | undefined, path: string): string {
  if (typeof value !== 'string') throw wrong(path, 'must be a string');
  return value;
}

/** An http(s) address, which the provider will fetch. */
export function addressAt(value: JsonValue | undefined, path: string): string {
  const url = textAt(value, path);
  if (!/^https?:\/\//.test(url)) throw wrong(path, 'must be an http(s) address');
  return url;
}

/** A text, or undefined where there is none. */
export function optionalTextAt(value: JsonValue | undefined, path: string): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : textAt(value, path);
}

/** A list of objects. */
export function listAt(value: JsonValue | undefined, path: string): readonly JsonObject[] {
  if (!Array.isArray(value)) throw wrong(path, 'must be an array');
  return value.map((item: JsonValue, index) => objectAt(item, `${path}[${index}]`));
}

/** A list of objects that may be absent. */
export function optionalListAt(value: JsonValue | undefined, path: string): readonly JsonObject[] {
  return value === undefined || value === null ? [] : listAt(value, path);
}

/** A list of texts that may be absent. */
export function textsAt(value: JsonValue | undefined, path: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong(path, 'must be an array of strings');
  return value.map((item: JsonValue, index) => textAt(item, `${path}[${index}]`));
}

/** A number that may be absent; `1e400` is none. */
export function numberAt(value: JsonValue | undefined, path: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(path, 'must be a number');
  return value;
}

/** A whole number that may be absent. */
export function wholeAt(value: JsonValue | undefined, path: string): number | undefined {
  const number = numberAt(value, path);
  if (number !== undefined && !Number.isSafeInteger(number)) throw wrong(path, 'must be a whole number');
  return number;
}

/** How many there may be of something, 0 or more; may be absent. */
export function countAt(value: JsonValue | undefined, path: string): number | undefined {
  const number = wholeAt(value, path);
  if (number !== undefined && number < 0) throw wrong(path, 'must be 0 or more');
  return number;
}

/** The name of a tool that every wire takes. */
export function toolNameAt(value: JsonValue | undefined, path: string): string {
  const name = textAt(value, path);
  if (!toolName.test(name))
    throw wrong(path, 'must be a name of 1 to 64 letters, digits, "_" or "-" for this provider');
  return name;
}

/** The schema of a tool's arguments; absent means that it takes none. */
export function schemaAt(value: JsonValue | undefined, path: string): JsonObject {
  return value === undefined || value === null ? { type: 'object', properties: {} } : objectAt(value, path);
}
