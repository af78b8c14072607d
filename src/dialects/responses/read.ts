/** Reads a Responses request into an Ask: tolerant, checking only what must be understood. */
import type { Ask, Source } from '../../core/ask.ts';
import { asObject, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import { refuse } from '../../core/problem.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { readChat } from '../chat/read.ts';
import { bytesOf, JsonFault, parseJson, readSource, valueOf } from '../json-source.ts';
import { readNeeds } from './needs.ts';

/** Members that may be large and are forwarded as bytes. */
const large: ReadonlySet<string> = new Set(['input', 'tools', 'instructions', 'client_metadata']);

/** Bodies up to this size are also parsed whole, so that a mistake deep inside gets an exact answer from us. */
const parseWholeBelow = 32 * 1024;

/** Reads the body. Throws Refused: `invalid_json`, or `invalid_request` with the path of the field. */
export function readResponses(body: Buffer): Ask {
  return guarded(() => {
    if (body.length <= parseWholeBelow) parseJson(body);
    const source = readSource(body);
    const values = smallValues(source);
    refuseStored(values);
    checkInput(source);
    const cap = outputCap(values['max_output_tokens']);
    return {
      ...routing(values),
      api: 'responses',
      source,
      values,
      parameters: parametersOf(values),
      keys: new Set(source.members.keys()),
      ...optional('outputCap', cap),
      needs: readNeeds(source, values),
      ...optional('session', someText(values['session_id'])),
    };
  });
}

/** Does the work; broken JSON that it comes upon is refused. Large bodies are parsed no earlier than they must be. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw refuse('invalid_json', `The request body is not usable JSON: ${error.message}.`);
  }
}

function smallValues(source: Source): JsonObject {
  const small = [...source.members.keys()].filter((key) => !large.has(key));
  const pairs = small.map((key): readonly [string, JsonValue] => [key, valueOf(source, key) as JsonValue]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== null));
}

const routingKeys: ReadonlySet<string> = new Set(
  'model preset models stream provider user metadata'.split(' '),
);

/** Model, preset, provider, user and tags are the same in every OpenAI dialect: the chat dialect reads them for both. */
function routing(
  values: JsonObject,
): Pick<Ask, 'model' | 'preset' | 'models' | 'stream' | 'provider' | 'user' | 'tags'> {
  const shared = Object.fromEntries(Object.entries(values).filter(([key]) => routingKeys.has(key)));
  const { model, preset, models, stream, provider, user, tags } = readChat(
    Buffer.from(JSON.stringify({ ...shared, messages: [{}] })),
  );
  const named = user ?? someText(values['safety_identifier'])?.slice(0, 256);
  return {
    ...optional('model', model),
    ...optional('preset', preset),
    models,
    stream,
    provider,
    ...optional('user', named),
    tags,
  };
}

/** What points to an earlier answer at one provider cannot be followed by another. */
function refuseStored(values: JsonObject): void {
  for (const key of ['previous_response_id', 'conversation']) {
    if (values[key] === undefined) continue;
    throw refuse(
      'invalid_request',
      `"${key}" is not served: answers are not kept here, and the next one may come from another provider. Send the whole conversation in "input", with "store": false.`,
      { param: key },
    );
  }
}

function checkInput(source: Source): void {
  const input = bytesOf(source, 'input');
  const wrong = (message: string): Error => refuse('invalid_request', message, { param: 'input' });
  if (!input) {
    if (source.members.has('prompt')) return;
    throw wrong('"input" is missing: send a text, or an array of items.');
  }
  if (input[0] !== 0x5b && input[0] !== 0x22) throw wrong('"input" must be a text or an array of items.');
  if (input.length < 64 && /^(\[\s*\]|"")$/.test(input.toString('latin1')))
    throw wrong('"input" is empty: send a text, or at least one item.');
}

function outputCap(value: JsonValue | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw refuse('invalid_request', '"max_output_tokens" must be a whole number of tokens, 1 or more.', {
    param: 'max_output_tokens',
  });
}

/** In the names of chat completions, for merging with a preset. */
function parametersOf(values: JsonObject): JsonObject {
  const { text, max_output_tokens: cap, ...rest } = values;
  const { format, verbosity } = asObject(text);
  return {
    ...rest,
    ...optional('max_tokens', cap),
    ...present('reasoning_effort', asObject(values['reasoning'])['effort']),
    ...present('response_format', format),
    ...present('verbosity', verbosity),
  };
}

function present(name: string, value: JsonValue | undefined): JsonObject {
  return value === undefined || value === null ? {} : { [name]: value };
}
