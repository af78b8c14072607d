/** OpenRouter's `provider` object, the same in every dialect: each field is understood, or refused by name. */
import { acceptedPercentiles, acceptedQuantizations, acceptedSorts } from '../core/preferences.ts';
import { refuse } from '../core/problem.ts';
import type { JsonObject, JsonValue, ProviderPreferences } from '../core/snapshot.ts';
import { suggest } from '../core/suggest.ts';

/** Reads a value that stands at `path`. Throws Refused where it is none of that kind. */
type Reader = (value: JsonValue, path: string) => JsonValue;

const readers: Readonly<Record<keyof ProviderPreferences, Reader>> = {
  order: names,
  only: names,
  ignore: names,
  allow_fallbacks: flag,
  require_parameters: flag,
  data_collection: oneOf(['allow', 'deny']),
  zdr: flag,
  enforce_distillable_text: flag,
  quantizations: listOf(oneOf(acceptedQuantizations)),
  sort: (value, path) =>
    isObject(value) ? fields(value, path, sortReaders) : oneOf(acceptedSorts)(value, path),
  preferred_min_throughput: percentiles,
  preferred_max_latency: percentiles,
  max_price: (value, path) => fields(value, path, priceReaders),
};

const sortReaders = { by: oneOf(acceptedSorts), partition: oneOf(['model', 'none']) };
const percentileReaders = Object.fromEntries(acceptedPercentiles.map((name) => [name, amount]));
const priceReaders = { prompt: usd, completion: usd, request: usd, image: usd, audio: usd };

/** Reads it from the top-level values of a request. Throws Refused. */
export function readProvider(values: JsonObject): ProviderPreferences {
  const value = values['provider'];
  return value === undefined ? {} : fields(value, 'provider', readers);
}

/** An object of these fields and no other; `null` counts as absent. */
function fields(
  value: JsonValue,
  path: string,
  known: Readonly<Record<string, Reader>>,
): Readonly<Record<string, JsonValue>> {
  if (!isObject(value)) throw wrong(path, 'must be an object');
  const read: Record<string, JsonValue> = {};
  for (const [name, given] of Object.entries(value)) {
    const reader = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!reader) throw unknown(path, name, Object.keys(known));
    if (given !== null) read[name] = reader(given, `${path}.${name}`);
  }
  return read;
}

function unknown(path: string, name: string, known: readonly string[]): Error {
  const short = name.slice(0, 80);
  const near = suggest(short, known);
  const hint = near === undefined ? `there is ${known.join(', ')}` : `did you mean "${near}"?`;
  return wrong(`${path}.${short}`, `is not known here; ${hint}`);
}

function wrong(path: string, what: string): Error {
  return refuse('invalid_request', `"${path}" ${what}.`, { param: path });
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function flag(value: JsonValue, path: string): JsonValue {
  if (typeof value === 'boolean') return value;
  throw wrong(path, 'must be true or false');
}

function oneOf(words: readonly string[]): Reader {
  return (value, path) => {
    if (typeof value === 'string' && words.includes(value)) return value;
    throw wrong(path, `must be one of ${words.join(', ')}`);
  };
}

function listOf(reader: Reader): Reader {
  return (value, path) => {
    if (!Array.isArray(value)) throw wrong(path, 'must be an array');
    return value.map((item: JsonValue, index) => reader(item, `${path}[${index}]`));
  };
}

function names(value: JsonValue, path: string): JsonValue {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw wrong(path, 'must be an array of provider names');
}

function amount(value: JsonValue, path: string): JsonValue {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw wrong(path, 'must be a number, not below 0');
}

/** A number is the median. */
function percentiles(value: JsonValue, path: string): JsonValue {
  return isObject(value) ? fields(value, path, percentileReaders) : amount(value, path);
}

/** OpenRouter takes the numbers as strings or numbers. */
function usd(value: JsonValue, path: string): JsonValue {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number;
  throw wrong(path, 'must be a number of USD');
}
