/** Puts members into a JSON text and leaves every other character of it where it is. Pure. */
import type { JsonObject, JsonValue } from '../core/snapshot.ts';
import { Stop } from './stop.ts';

/** The text with the members in it, objects merged into objects. A text that is not plain JSON is refused: comments would be lost. */
export function mergeJson(text: string, members: JsonObject, path: string): string {
  if (text.trim() === '') return `${JSON.stringify(members, undefined, 2)}\n`;
  if (!isObject(parsed(text, path)))
    throw new Stop(`${path} does not hold a JSON object; nothing was written`);
  const unit = /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
  const style = { unit, end: text.includes('\r\n') ? '\r\n' : '\n', path };
  return mergeAt(text, members, { at: text.indexOf('{'), names: [], style });
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Stop(
      `${path} is not plain JSON (comments? a comma too many?) and is left alone: paste what is printed without --write`,
    );
  }
}

type Style = { readonly unit: string; readonly end: string; readonly path: string };

/** An object in the text: where its brace opens, and the names that lead to it. */
type Place = { readonly at: number; readonly names: readonly string[]; readonly style: Style };

function mergeAt(text: string, members: JsonObject, place: Place): string {
  let merged = text;
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) merged = setMember(merged, name, value, place);
  }
  return merged;
}

function setMember(text: string, name: string, value: JsonValue, place: Place): string {
  const { spans, last } = readObject(text, place.at);
  const span = spans.get(name);
  if (!span) return insertMember(text, last, `${JSON.stringify(name)}: ${written(value, place)}`, place);
  const before: unknown = JSON.parse(text.slice(span.start, span.end));
  const names = [...place.names, name];
  if (!isObject(value)) {
    if (isObject(before)) throw unexpected(names, 'an object', place.style);
    return before === value ? text : text.slice(0, span.start) + JSON.stringify(value) + text.slice(span.end);
  }
  if (!isObject(before)) throw unexpected(names, 'no object', place.style);
  return mergeAt(text, value, { ...place, at: span.start, names });
}

function unexpected(names: readonly string[], found: string, { path }: Style): Stop {
  return new Stop(
    `${path}: ${names.join('.')} is ${found}, which this tool would not understand; mend it, then connect again`,
  );
}

/** After the last member, or as the only one. */
function insertMember(text: string, last: number | undefined, member: string, place: Place): string {
  const { unit, end } = place.style;
  const line = end + unit.repeat(place.names.length + 1) + member;
  const at = last ?? place.at + 1;
  const rest = text.slice(at);
  // A brace on the same line goes to one of its own.
  const closed = /^[ \t]*\}/.test(rest) ? end + unit.repeat(place.names.length) + rest.trimStart() : rest;
  return text.slice(0, at) + (last === undefined ? '' : ',') + line + closed;
}

/** A value as it stands at its depth. */
function written(value: JsonValue, { names, style }: Place): string {
  const margin = style.end + style.unit.repeat(names.length + 1);
  return JSON.stringify(value, undefined, style.unit).replaceAll('\n', margin);
}

type Span = { readonly start: number; readonly end: number };

/** The members of the object that opens at `at`: where each value stands, and where the last one ends. The text is valid JSON. */
function readObject(text: string, at: number): { spans: Map<string, Span>; last: number | undefined } {
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;
  token.lastIndex = at + 1;
  const spans = new Map<string, Span>();
  let [depth, name, start]: [number, string | undefined, number | undefined] = [0, undefined, undefined];
  let last: number | undefined;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [word] = match;
    if (depth === 0 && word === '}') break;
    if (depth === 0 && word === ',') [name, start] = [undefined, undefined];
    else if (name === undefined) name = JSON.parse(word) as string;
    else if (depth > 0 || word !== ':') {
      start ??= match.index;
      if (word === '{' || word === '[') depth++;
      else if (word === '}' || word === ']') depth--;
      last = token.lastIndex;
      if (depth === 0) spans.set(name, { start, end: last });
    }
  }
  return { spans, last };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The string that the names lead to in a JSON text; undefined where there is none, or no JSON. */
export function stringAt(text: string, names: readonly string[]): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  for (const name of names) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
