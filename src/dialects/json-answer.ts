/** Answers and events as JSON objects; anything else is a broken answer. */
import type { JsonObject, JsonValue } from '../core/snapshot.ts';
import { BadAnswer } from './dialect.ts';

/** Throws BadAnswer. */
export function parseAnswer(bytes: Buffer): JsonObject {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as JsonValue;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Said below: whatever is wrong with it, it is no answer.
  }
  throw new BadAnswer('the answer is not valid JSON');
}
