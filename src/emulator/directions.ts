/** What the user tells the emulated model to do: `call NAME with {…}`, one after the other. For agents and drills. */
import { dict } from './json.ts';

export type Direction = { readonly name: string; readonly arguments: unknown };

/** The directions in a text, in order. One whose arguments are no JSON object is none. */
export function directions(text: string): readonly Direction[] {
  return [...text.matchAll(/\bcall ([\w.-]+) with (?=\{)/g)].flatMap((match) => {
    const value = objectAt(text, match.index + match[0].length);
    return value === undefined ? [] : [{ name: match[1] ?? '', arguments: value }];
  });
}

/** The JSON object that begins at `start`, tried up to each closing brace. */
function objectAt(text: string, start: number): unknown {
  for (let end = text.indexOf('}', start); end !== -1; end = text.indexOf('}', end + 1)) {
    const found = parsed(text.slice(start, end + 1));
    if (found !== undefined) return dict(found);
  }
  return undefined;
}

/** Agents may have quoted the whole text once more: then its quotes are escaped. */
function parsed(json: string): unknown {
  for (const attempt of [
    () => JSON.parse(json) as unknown,
    () => JSON.parse(JSON.parse(`"${json}"`) as string) as unknown,
  ]) {
    try {
      return attempt();
    } catch {
      // Not yet the whole of it, or quoted otherwise.
    }
  }
  return undefined;
}
