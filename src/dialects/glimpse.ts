/** A look at a request for rules and recognisers: bytes are searched as they stand, and little is parsed. Pure. */
import type { Ask, Span } from '../core/ask.ts';
import { asObject, someText } from '../core/json.ts';
import type { Glimpse } from '../core/recognise.ts';
import { bytesOf, elementsOf, valueOf } from './json-source.ts';

/** Systems stand first; no agent sends more of them than this. */
const mostSystems = 8;
/** Behind the last message of the user's may stand some that the agent put there. */
const mostBehind = 4;

/** Words without quotes, backslashes or line ends look the same in JSON as in a text. */
export function glimpseOf(ask: Ask, header: Glimpse['header']): Glimpse {
  const { source, outputCap, needs } = ask;
  const list = bytesOf(source, 'messages') ?? bytesOf(source, 'input');
  const beside = bytesOf(source, 'system') ?? bytesOf(source, 'instructions');
  return {
    header,
    outputCap,
    tools: needs.tools,
    system: (words) =>
      beside?.includes(words) === true || (list?.includes(words) === true && inSystem(list, words)),
    // A native search first: only a list that has the words anywhere is walked through.
    last: (words) => list?.includes(words) === true && inLast(list, words),
  };
}

function inSystem(list: Buffer, words: string): boolean {
  if (list[0] !== openBracket) return false;
  let seen = 0;
  for (const { start, end } of elementsOf(list)) {
    const element = list.subarray(start, end);
    const role = roleOf(element);
    if (++seen > mostSystems || (role !== 'system' && role !== 'developer')) return false;
    if (element.includes(words)) return true;
  }
  return false;
}

function inLast(list: Buffer, words: string): boolean {
  if (list[0] !== openBracket) return true;
  const elements: Span[] = [...elementsOf(list)].slice(-mostBehind);
  const last = elements
    .map(({ start, end }) => list.subarray(start, end))
    .findLast((element) => roleOf(element) === 'user');
  return last?.includes(words) === true;
}

const openBracket = 0x5b;

function roleOf(element: Buffer): string | undefined {
  try {
    return someText(asObject(JSON.parse(element.toString('utf8')))['role']);
  } catch {
    return undefined;
  }
}

/** The names of the tools that a request carries, in any dialect, those within a namespace included. */
export function toolNamesOf({ source, needs }: Ask): readonly string[] {
  if (!needs.tools) return [];
  try {
    return ['tools', 'functions'].flatMap((key) => namesIn(valueOf(source, key)));
  } catch {
    // Nothing deep inside a large body has been parsed yet: what is no JSON is refused later, and has no names.
    return [];
  }
}

function namesIn(tools: unknown): readonly string[] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool) => {
    const { name, type, function: called, tools: inner } = asObject(tool);
    const own = someText(asObject(called)['name']) ?? someText(name) ?? someText(type);
    return [...(own === undefined ? [] : [own]), ...namesIn(inner)];
  });
}
