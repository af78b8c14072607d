/** Reads an embeddings request into an Ask: tolerant, checking only what must be understood. */
import type { Ask, Needs, Source } from '../../core/ask.ts';
import { someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import { refuse } from '../../core/problem.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { readProvider } from '../provider-object.ts';
import { bytesOf, guarded, readSource, valueOf } from '../json-source.ts';

/** Bytes per token of English and code is close to four. */
const bytesPerToken = 4;

/** Reads the body. Throws Refused: `invalid_json`, or `invalid_request` with the path of the field. */
export function readEmbeddings(body: Buffer): Ask {
  const source = sourceOf(body);
  const input = readInput(source);
  const values = smallValues(source);
  return {
    api: 'embeddings',
    source,
    values,
    parameters: values,
    keys: source.members,
    ...optional('model', name(values, 'model')),
    ...optional('preset', name(values, 'preset')),
    models: [],
    stream: false,
    provider: readProvider(values),
    needs: needsOf(input),
    ...optional('user', someText(values['user'])?.slice(0, 256)),
    tags: {},
  };
}

function sourceOf(body: Buffer): Source {
  return guarded(() => readSource(body, true));
}

/** A text, texts, the tokens of a text, or those of several. */
function readInput(source: Source): Buffer {
  const input = bytesOf(source, 'input');
  if (!input || input.toString('latin1') === 'null')
    throw refuse('invalid_request', '"input" is missing: send a text, or an array of texts.', {
      param: 'input',
    });
  if (input[0] !== 0x22 && input[0] !== 0x5b)
    throw refuse('invalid_request', '"input" must be a text, or an array of texts or tokens.', {
      param: 'input',
    });
  return input;
}

function smallValues(source: Source): JsonObject {
  const small = [...source.members.keys()].filter((key) => key !== 'input');
  const pairs = small.map((key): readonly [string, JsonValue] => [key, valueOf(source, key) as JsonValue]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== null));
}

function name(values: JsonObject, key: string): string | undefined {
  const value = values[key];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.trim() === '' || value.length > 256)
    throw refuse('invalid_request', `"${key}" must be a name of at most 256 characters.`, { param: key });
  return value;
}

/** No text has more tokens than bytes, and tokens written as numbers take a byte or more each. */
function needsOf(input: Buffer): Needs {
  const numbers = /^\[\s*(\[\s*)?\d/.test(input.toString('latin1', 0, 64));
  return {
    tools: false,
    vision: false,
    pdf: false,
    audio: false,
    jsonSchema: false,
    reasoning: false,
    promptTokens: numbers ? commas(input) + 1 : Math.ceil(input.length / bytesPerToken),
    promptBound: input.length,
    beside: 0,
    images: 0,
    later: { unbounded: undefined, cacheWrites: 'none' },
    answers: 1,
    openRouterOnly: [],
  };
}

function commas(bytes: Buffer): number {
  let found = 0;
  for (const byte of bytes) if (byte === 0x2c) found++;
  return found;
}
