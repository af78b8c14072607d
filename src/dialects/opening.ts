/** How a conversation opens: what every later request of it begins with, byte for byte. Pure. */
import type { Source } from '../core/ask.ts';
import { asObject } from '../core/json.ts';
import { bytesOf, elementsOf } from './json-source.ts';

/** Enough for any opening; what is longer is told apart by its beginning. */
const most = 256 * 1024;

/** The messages up to and including the first that is the user's; undefined where there are none. */
export function openingOf(source: Source): Buffer | undefined {
  const list = bytesOf(source, 'messages') ?? bytesOf(source, 'input');
  if (!list || list[0] !== 0x5b) return list?.subarray(0, most);
  let end = 0;
  for (const element of elementsOf(list)) {
    end = element.end;
    if (end > most || isUsers(list.subarray(element.start, element.end))) break;
  }
  return list.subarray(0, Math.min(end, most));
}

const user = Buffer.from('"user"');

/** Parsed only where the word is: most openings have a long system prompt before it. */
function isUsers(element: Buffer): boolean {
  if (!element.includes(user)) return false;
  try {
    return asObject(JSON.parse(element.toString('utf8')))['role'] === 'user';
  } catch {
    return false;
  }
}
