/**
 * How a conversation opens, and whether it has gone on. What a client writes anew in every request (marks for the
 * cache, ids of its own) is left out, so that each later request opens in the same way. Pure.
 */
import type { Source } from '../core/ask.ts';
import { asObject, asText } from '../core/json.ts';
import type { JsonObject } from '../core/snapshot.ts';
import { bytesOf, elementsOf } from './json-source.ts';

/** Enough for any opening; what is longer is told apart by its beginning. */
const most = 256 * 1024;

/**
 * The instructions, and the messages up to and including the first that is the user's; undefined where there are no
 * messages. Two requests of one conversation give equal texts; side calls of the same client give others.
 */
export function openingOf(source: Source): string | undefined {
  const list = listOf(source);
  if (!list) return undefined;
  const instructions = bytesOf(source, 'system') ?? bytesOf(source, 'instructions');
  const parts = instructions ? [lasting(instructions)] : [];
  if (list[0] !== 0x5b) return [...parts, lasting(list)].join('\n');
  for (const { start, end } of elementsOf(list)) {
    const element = list.subarray(start, end);
    parts.push(lasting(element));
    if (end > most || asObject(parsed(element))['role'] === 'user') break;
  }
  return parts.join('\n');
}

/** Words without one of which nothing of a model's is written: among messages, and among the items of Responses. */
const hints = { messages: ['"assistant"'], input: ['"assistant"', '"reasoning"', '_call"'] } as const;

/** Whether a model has answered in it before: with a message, a call or a thought. */
export function hasEarlierTurn(source: Source): boolean {
  const list = listOf(source);
  const words = source.members.has('messages') ? hints.messages : hints.input;
  const hinted = (bytes: Buffer): boolean => words.some((word) => bytes.includes(word));
  if (list?.[0] !== 0x5b || !hinted(list)) return false;
  for (const { start, end } of elementsOf(list)) {
    const element = list.subarray(start, end);
    if (hinted(element) && isModels(asObject(parsed(element)))) return true;
  }
  return false;
}

function isModels({ role, type }: JsonObject): boolean {
  if (role !== undefined) return role === 'assistant';
  return type === 'reasoning' || asText(type).endsWith('_call');
}

function listOf(source: Source): Buffer | undefined {
  return bytesOf(source, 'messages') ?? bytesOf(source, 'input');
}

/** Claude Code's first system block tells of the client's version, and of more than the conversation. */
const billing = 'x-anthropic-billing-header:';

function lasting(bytes: Buffer): string {
  if (bytes.length > most) return bytes.subarray(0, most).toString('latin1');
  try {
    return textOf(JSON.parse(bytes.toString('utf8')));
  } catch {
    return bytes.toString('latin1');
  }
}

/** Its texts. Agents mark the latest messages for the cache, and Codex names its items anew: that moves from turn to turn. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value.startsWith(billing) ? '' : value;
  if (Array.isArray(value)) return value.map(textOf).join('\n');
  const { cache_control: _mark, id: _id, status: _status, ...rest } = asObject(value);
  const { role, type, text, content } = rest;
  if (typeof text === 'string') return textOf(text);
  return content === undefined ? JSON.stringify(rest) : `${asText(role ?? type)}: ${textOf(content)}`;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
