/** Looking into JSON of unknown shape: each function answers with something harmless where the shape is another. */
import type { JsonObject } from './snapshot.ts';

/** The object, or an empty one. */
export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** The text, or ''. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The text, or undefined for anything else and for ''. */
export function someText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** No request has so many tokens; a provider that says so is not believed, and the count is ours. */
const mostTokens = 1e9;

/** A whole number of tokens, or undefined. */
export function asCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= mostTokens
    ? value
    : undefined;
}
