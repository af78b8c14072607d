/** Reads a Responses request into an Ask: tolerant, checking only what must be understood. */
import type { Ask, Source } from '../../core/ask.ts';
import { asObject, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import { refuse } from '../../core/problem.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { readRouting } from '../chat/read.ts';
import { bytesOf, checkedBelow, guarded, readSource, valueOf } from '../json-source.ts';
import { readNeeds } from './needs.ts';

/** Members that may be large and are forwarded as bytes. */
const large: ReadonlySet<string> = new Set(['input', 'tools', 'instructions', 'client_metadata']);

/** Reads the body. Throws Refused: `invalid_json`, or `invalid_request` with the path of the field. */
export function readResponses(body: Buffer): Ask {
  return guarded(() => {
    const source = readSource(body, body.length <= checkedBelow);
    const values = smallValues(source);
    refuseStored(values);
    checkInput(source);
    const routing = readRouting(values, ['max_output_tokens']);
    return {
      ...routing,
      ...optional('user', routing.user ?? safetyName(values)),
      api: 'responses',
      source,
      values,
      parameters: parametersOf(values),
      keys: source.members,
      needs: readNeeds(source, values),
    };
  });
}

function smallValues(source: Source): JsonObject {
  const small = [...source.members.keys()].filter((key) => !large.has(key));
  const pairs = small.map((key): readonly [string, JsonValue] => [key, valueOf(source, key) as JsonValue]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== null));
}

/** The end user, where the new name is used for it. */
function safetyName(values: JsonObject): string | undefined {
  return someText(values['safety_identifier'])?.slice(0, 256);
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
