/** Which conversation a request belongs to: by an id that the client gives, else by how it opens. Pure. */
import type { Ask } from '../core/ask.ts';
import { asObject, someText } from '../core/json.ts';
import type { JsonValue } from '../core/snapshot.ts';
import { leastCached } from '../core/stay.ts';
import { hasEarlierTurn, openingOf } from '../dialects/opening.ts';
import type { Digest, Headers } from './authenticate.ts';

/** An id that a client sends, and what it names. */
type Given = {
  readonly id: string;
  /** A session of an agent, in which several conversations run: its own, those of subagents, and side calls. */
  readonly session: boolean;
};

/** What names one request's conversation. */
export type Identity = Given | undefined;

/**
 * A name for the conversation, or undefined where nothing tells. The same name is the same conversation, within a
 * workspace. Reads the opening only when it must: without an id, or with that of a session.
 */
export function conversationOf(
  ask: Ask,
  headers: Headers,
  digest: Digest,
  given: Identity = identityOf(ask, headers),
): string | undefined {
  if (given && !given.session) return `id ${digest(given.id)}`;
  const opening = openingOf(ask.source);
  if (given) return `session ${digest(`${given.id}\n${opening ?? ''}`)}`;
  return opening === undefined ? undefined : `opening ${digest(opening)}`;
}

/**
 * The id that the client gives, the first of: `session_id`, `x-session-id`, `prompt_cache_key` (Codex: its thread),
 * `x-session-affinity` (opencode), `thread-id` (Codex); then those of sessions: `x-claude-code-session-id`, the session
 * in `metadata.user_id` (Claude Code), `session-id` and `session_id` as headers (Codex, whose subagents share it).
 */
export function identityOf({ session, values }: Ask, headers: Headers): Identity {
  const id =
    session ??
    someText(headers['x-session-id']) ??
    someText(values['prompt_cache_key']) ??
    someText(headers['x-session-affinity']) ??
    someText(headers['thread-id']);
  if (id !== undefined) return { id, session: false };
  const shared =
    someText(headers['x-claude-code-session-id']) ??
    claudeSession(values['metadata']) ??
    someText(headers['session-id']) ??
    someText(headers['session_id']);
  return shared === undefined ? undefined : { id: shared, session: true };
}

/** The conversation of one request. Nothing is worked out before it is asked for, and nothing twice. */
export type Thread = {
  /** Undefined = nothing tells. */
  readonly name: () => string | undefined;
  /** Whether leaving an endpoint that served it may lose a cache: it is a conversation, and long enough. */
  readonly hasCacheToLose: () => boolean;
};

export function threadOf(ask: Ask, headers: Headers, digest: Digest): Thread {
  const given = lazy(() => identityOf(ask, headers));
  const long = ask.api !== 'embeddings' && ask.needs.promptTokens >= leastCached;
  return {
    name: lazy(() => conversationOf(ask, headers, digest, given())),
    hasCacheToLose: lazy(() => long && isConversation(ask, given())),
  };
}

function lazy<T>(make: () => T): () => T {
  let known: { readonly made: T } | undefined;
  return () => (known ??= { made: make() }).made;
}

/** Whether it is a conversation at all: it has an id, or a model has answered in it before. */
export function isConversation(ask: Ask, given: Identity): boolean {
  return given !== undefined || hasEarlierTurn(ask.source);
}

/** Claude Code's `metadata.user_id`: a JSON object in a text; in older versions `user_…_account_…_session_UUID`. */
function claudeSession(metadata: JsonValue | undefined): string | undefined {
  const id = someText(asObject(metadata)['user_id']);
  if (id?.startsWith('{') !== true) return /_session_([0-9a-f-]{36})$/.exec(id ?? '')?.[1];
  try {
    return someText(asObject(JSON.parse(id))['session_id']);
  } catch {
    return undefined;
  }
}
