/** Which conversation a request belongs to: by an id that the client gives, else by how it opens. */
import type { Ask } from '../core/ask.ts';
import { someText } from '../core/json.ts';
import { openingOf } from '../dialects/opening.ts';
import type { Digest, Headers } from './authenticate.ts';

/** A name for the conversation, or undefined where nothing tells. Reads the opening only when it must. */
export function conversationOf(ask: Ask, headers: Headers, digest: Digest): string | undefined {
  const given = ask.session ?? headers['x-session-id'] ?? someText(ask.values['prompt_cache_key']);
  if (given !== undefined) return `id ${digest(given)}`;
  const opening = openingOf(ask.source);
  return opening === undefined ? undefined : `opening ${digest(opening.toString('latin1'))}`;
}
