/** What holds when the document says nothing: one table, applied when the snapshot is built. Times in ms. */
import type { Wire } from './catalog.ts';
import type { FailureClass } from './failure.ts';
import type { Auth, Failover } from './snapshot.ts';

/** Every class for which the next endpoint is tried. A refusal on content is not one: a preset must ask for it. */
const failoverOn: readonly FailureClass[] = [
  'rate_limit',
  'too_large_for_rate',
  'overloaded',
  'server_error',
  'timeout',
  'connection',
  'quota',
  'model_gone',
  'auth',
  'context',
  'unsupported',
];

/** `firstToken` stays open: 60 s, or 180 s when reasoning is asked or the prompt is long. */
export const defaultFailover: Failover = {
  on: new Set(failoverOn),
  timeouts: { connect: 5_000, response: 600_000, idle: 120_000, total: 1_800_000, startBy: 300_000 },
  order: 'listed',
  attempts: 5,
  stay: 300_000,
};

const bearer: Auth = { header: 'authorization', scheme: 'Bearer' };

/** How a credential is presented on each wire. */
export const defaultAuth: Readonly<Record<Wire, Auth>> = {
  'openai-chat': bearer,
  'openai-responses': bearer,
  anthropic: { header: 'x-api-key', scheme: '' },
  gemini: { header: 'x-goog-api-key', scheme: '' },
};

/** A fallback below the floor is never called. */
export const defaultBelow = 'never';

/** Limits refuse when they are exhausted, and warn at these percentages. */
export const defaultLimit = { mode: 'enforce', warn: [80, 100] } as const;

/** The workspace of whatever names none. It exists even if no document mentions it. */
export const defaultWorkspace = 'default';
