/** What must change in a history before Anthropic takes it: thinking of another issuer, ids outside its grammar. */
import { newNames, type IdGrammar } from '../../core/hand-over.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import type { JsonValue } from '../../core/snapshot.ts';

export type History = {
  /** The messages as JSON text; undefined = all of them fit and their bytes can pass. */
  readonly messages?: string;
  /** False: the turn that goes on lacks the thinking it was begun with, or never had any. */
  readonly mayThink: boolean;
};

/** Bytes that only a history has which may have to change. */
const marks = ['"signature"', '"redacted_thinking"', '"tool_use"'].map((mark) => Buffer.from(mark));

/** Looks through the messages, parsing them only where there is thinking or a tool call in them. */
export function fitHistory(
  messages: Buffer,
  keeps: (signature: string) => boolean,
  grammar: IdGrammar,
): History {
  if (!marks.some((mark) => messages.includes(mark))) return { mayThink: true };
  const list = parsed(messages);
  if (!list) return { mayThink: true };
  const own = list.map((message) => ownMessage(message, keeps));
  const changed = own.some((message, index) => message !== list[index]);
  const names = newNames(own.flatMap(idsIn), grammar);
  const kept = own.filter((message, index) => message === list[index] || blocksIn(message).length > 0);
  const mayThink = !inToolLoop(kept) || startsWithThinking(kept);
  if (!changed && names.size === 0) return { mayThink };
  return { messages: JSON.stringify(kept.map((message) => renamed(message, names))), mayThink };
}

/** Undefined where they are no JSON: then they pass, and whoever reads them says so. */
function parsed(messages: Buffer): readonly JsonValue[] | undefined {
  try {
    return JSON.parse(messages.toString('utf8')) as readonly JsonValue[];
  } catch {
    return undefined;
  }
}

function blocksIn(message: JsonValue | undefined): readonly JsonValue[] {
  const content = asObject(message)['content'];
  return Array.isArray(content) ? content : [];
}

function typeOf(block: JsonValue | undefined): string {
  return asText(asObject(block)['type']);
}

/** The message itself where nothing in it is foreign. */
function ownMessage(message: JsonValue, keeps: (signature: string) => boolean): JsonValue {
  const blocks = blocksIn(message);
  const own = blocks.filter((block) => isOwn(block, keeps));
  return own.length === blocks.length ? message : { ...asObject(message), content: own };
}

function isOwn(block: JsonValue, keeps: (signature: string) => boolean): boolean {
  const { type, signature, data } = asObject(block);
  if (type !== 'thinking' && type !== 'redacted_thinking') return true;
  const proof = someText(type === 'thinking' ? signature : data);
  return proof !== undefined && keeps(proof);
}

/** True when the last message answers calls: the assistant's turn goes on. */
function inToolLoop(messages: readonly JsonValue[]): boolean {
  const last = messages.findLast((message) => asObject(message)['role'] !== 'system');
  return blocksIn(last).some((block) => typeOf(block) === 'tool_result');
}

function startsWithThinking(messages: readonly JsonValue[]): boolean {
  const said = messages.findLast((message) => asObject(message)['role'] === 'assistant');
  return ['thinking', 'redacted_thinking'].includes(typeOf(blocksIn(said)[0]));
}

function idsIn(message: JsonValue): readonly string[] {
  return blocksIn(message).flatMap((block) => {
    const { type, id, tool_use_id: answered } = asObject(block);
    if (type === 'tool_use') return someText(id) ?? [];
    return type === 'tool_result' ? (someText(answered) ?? []) : [];
  });
}

function renamed(message: JsonValue, names: ReadonlyMap<string, string>): JsonValue {
  if (idsIn(message).every((id) => !names.has(id))) return message;
  const rename = (block: JsonValue, key: string): JsonValue => {
    const name = names.get(someText(asObject(block)[key]) ?? '');
    return name === undefined ? block : { ...asObject(block), [key]: name };
  };
  const content = blocksIn(message).map((block) => rename(rename(block, 'tool_use_id'), 'id'));
  return { ...asObject(message), content };
}
