/** The pieces that the schemas of the document are made of. */
import { z } from 'zod';
import { durationPattern } from './duration.ts';
import { suggest } from './suggest.ts';

/**
 * An object that knows all its keys. Of unknown ones zod makes a single issue; its message has one line for
 * each key, in the order of the issue's `keys`.
 */
export function strict<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(key, known)).join('\n')
        : undefined,
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = suggest(key, known);
  return near
    ? `is not a known key; did you mean ${near}?`
    : `is not a known key; known are ${known.join(', ')}`;
}

/** What a YAML or JSON object may hold where Spillway only carries it. */
export const json = z.json();
export const jsonObject = z.record(z.string(), json);

/** `5s`, `10m`, `2h`. */
export const duration = z
  .string()
  .regex(durationPattern, 'must be a duration with its unit, such as 500ms, 5s, 10m or 2h')
  .meta({ description: 'A number and a unit: 500ms, 5s, 10m, 2h, 30d' });

export const text = z
  .string()
  .min(1, 'must not be empty')
  .max(100_000, 'must have at most 100,000 characters');

/** A short name of something; whether it exists is checked later. */
export const name = z.string().min(1, 'must not be empty').max(300, 'must have at most 300 characters');
export const names = z.array(name);

/** `env:NAME`, `file:PATH`, or the secret itself. */
export const secret = z
  .string()
  .min(1, 'must not be empty; write env:NAME, file:PATH or the secret itself')
  .max(10_000)
  .meta({ description: 'env:NAME, file:PATH, or the secret itself (kept encrypted, exported as <secret>)' });

export const percent = z
  .number()
  .min(1, 'must be a percentage from 1 to 100')
  .max(100, 'must be a percentage from 1 to 100');

/** Tokens, or things counted like them. */
export const count = z.int().min(1, 'must be at least 1').max(1e12, 'must be at most 1,000,000,000,000');

/** USD per million tokens. */
export const usdPerMillion = z
  .number()
  .min(0, 'must not be negative')
  .max(100_000, 'must be in USD per million tokens; this is more than $0.10 per token');

export const feature = z.enum(['tools', 'json_schema', 'vision', 'pdf', 'audio', 'reasoning']);
export const tier = z.enum(['frontier', 'strong', 'standard', 'small']);
