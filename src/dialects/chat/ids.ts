/** What of a chat history an endpoint of the same wire would refuse: tool-call ids, and thoughts of another issuer. */
import type { Member, Source } from '../../core/ask.ts';
import { newNames, type IdGrammar } from '../../core/hand-over.ts';
import { asObject, someText } from '../../core/json.ts';
import type { JsonValue } from '../../core/snapshot.ts';
import { colon, endOfString, quote, skipSpace } from '../json-scan.ts';
import { parseJson } from '../json-source.ts';
import { withOwnDetails } from './own-details.ts';

/**
 * The messages with ids that fit and without thoughts that another issuer proved, as JSON text; undefined where all of
 * them may stay and the bytes can pass. Throws JsonFault.
 */
export function fittedMessages(
  source: Source,
  grammar: IdGrammar,
  keeps: (proof: string) => boolean,
): string | undefined {
  const messages = source.members.get('messages');
  if (!messages) return undefined;
  const idsFit = resultIds(source, messages).every((id) => grammar.valid.test(id));
  if (idsFit && !source.words.has('reasoning_details')) return undefined;
  const list = parseJson(source.body.subarray(messages.value, messages.end)) as readonly JsonValue[];
  const names = idsFit ? new Map<string, string>() : newNames(list.flatMap(idsIn), grammar);
  const fitted = list.map((message) => renamed(withOwnDetails(message, keeps), names));
  return fitted.every((message, at) => message === list[at]) ? undefined : JSON.stringify(fitted);
}

/**
 * The ids that tool results answer to, found without parsing. Every call that matters has a result. One with an
 * escape in it is told as none at all, which no grammar takes: then the messages are parsed.
 */
function resultIds({ body, words }: Source, { value, end }: Member): readonly string[] {
  const ids: string[] = [];
  for (const behind of words.get('tool_call_id') ?? []) {
    const colonAt = skipSpace(body, behind);
    if (behind < value || behind > end || body[colonAt] !== colon) continue;
    const start = skipSpace(body, colonAt + 1);
    if (body[start] !== quote) continue;
    const id = body.toString('utf8', start + 1, endOfString(body, start) - 1);
    ids.push(id.includes('\\') ? '' : id);
  }
  return ids;
}

function idsIn(message: JsonValue): readonly string[] {
  const { tool_calls: calls, tool_call_id: result } = asObject(message);
  const made = Array.isArray(calls) ? calls.map((call: JsonValue) => asObject(call)['id']) : [];
  return [...made, result].flatMap((id) => someText(id) ?? []);
}

/** What is no message, or has none of the ids, stays as it is. */
function renamed(message: JsonValue, names: ReadonlyMap<string, string>): JsonValue {
  if (!idsIn(message).some((id) => names.has(id))) return message;
  const rename = (value: JsonValue, key: string): JsonValue => {
    const name = names.get(someText(asObject(value)[key]) ?? '');
    return name === undefined ? value : { ...asObject(value), [key]: name };
  };
  const own = asObject(rename(message, 'tool_call_id'));
  const calls = own['tool_calls'];
  return Array.isArray(calls)
    ? { ...own, tool_calls: calls.map((call: JsonValue) => rename(call, 'id')) }
    : own;
}
