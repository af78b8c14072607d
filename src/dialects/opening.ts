/**
 * How a conversation opens, and whether it has gone on. What a client writes anew in every request (marks for the
 * cache, ids of its own) is left out, so that each later request opens in the same way. Pure.
 */
import type { Source } from '../core/ask.ts';
import { asObject, asText } from '../core/json.ts';
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

/** Words without one of which no message of a model's is written. */
const hints: readonly string[] = ['"assistant"', '"function_call"', '"reasoning"', '_call"'];

/** Whether a model has answered in it before: with a message, a call or a thought. */
export function hasEarlierTurn(source: Source): boolean {
  const list = listOf(source);
  if (list?.[0] !== 0x5b || !hints.some((hint) => list.includes(hint))) return false;
  for (const { start, end } of elementsOf(list)) if (isModels(list.subarray(start, end))) return true;
  return false;
}

function listOf(source: Source): Buffer | undefined {
  return bytesOf(source, 'messages') ?? bytesOf(source, 'input');
}

function isModels(element: Buffer): boolean {
  if (!hints.some((hint) => element.includes(hint))) return false;
  const { role, type } = asObject(parsed(element));
  if (role !== undefined) return role === 'assistant';
  return type === 'reasoning' || asText(type).endsWith('_call');
}

/** Members that move from turn to turn: agents mark the latest messages for the cache, and Codex names its items. */
const moving: ReadonlySet<string> = new Set(['cache_control', 'id', 'status']);
/** Claude Code's first system block tells of the client's version, and of more than the conversation. */
const billing = 'x-anthropic-billing-header:';

function lasting(bytes: Buffer): string {
  const value = bytes.length > most ? undefined : parsed(bytes);
  if (value === undefined) return bytes.subarray(0, most).toString('latin1');
  const blocks: unknown = Array.isArray(value)
    ? value.filter((block) => !asText(asObject(block)['text']).startsWith(billing))
    : value;
  return JSON.stringify(blocks, (key, member: unknown) => (moving.has(key) ? undefined : member));
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
