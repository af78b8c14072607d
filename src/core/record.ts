/** The record of one generation: what was asked, every attempt with its cost, how it ended. Written exactly once. */
import type { Api } from './ask.ts';
import type { FailureClass } from './failure.ts';
import type { Nano } from './money.ts';
import type { Rate } from './price.ts';
import type { RouteHop } from './route.ts';
import type { PresetVersion } from './snapshot.ts';
import { completionTokens, promptTokens, type Basis, type Usage } from './usage.ts';

/** One upstream call. Times in ms; `at` is epoch ms. */
export type AttemptRecord = {
  /** `gen-…/0`, `/1`, …: settlement is idempotent by this id. */
  readonly id: string;
  readonly model: string;
  readonly provider: string;
  readonly position: number;
  readonly at: number;
  readonly outcome: 'ok' | FailureClass;
  /** HTTP status; 0 = none arrived. */
  readonly status: number;
  /** What the provider said, shortened; never prompts or answers. */
  readonly message?: string;
  readonly upstreamId?: string;
  readonly firstTokenMs?: number;
  readonly latencyMs: number;
  readonly usage?: Usage;
  readonly basis: Basis;
  /** Measured, or for an answer without usage estimated; 0 for what is unmeasured. */
  readonly cost: Nano;
  /** Of `cost`, what the prompt cost; the rest is the answer's. Absent where nothing was billed. */
  readonly promptCost?: Nano;
  /** Estimate of what an unmeasured attempt may have cost. */
  readonly unmeasured?: Nano;
  /** The most this attempt could have cost: what would be, or was, held for it. */
  readonly worst?: Nano;
  /** What limits count, instead of `cost`, for an attempt that nobody measured: the tightest bound that is known. */
  readonly carried?: Nano;
  /** The tokens that `carried` is the price of: what limits count instead of those of `usage`. */
  readonly bound?: { readonly input: number; readonly output: number };
  /** It is counted with more than was held for it: the provider billed beyond the bound. */
  readonly overrun?: true;
  /** The rate it was settled at, so that a later price changes nothing. Absent where nothing was billed by us. */
  readonly rate?: Rate;
};

/**
 * What a generation cost above what the primary would have cost for the same tokens with the cache that the
 * conversation had there. Signed: a cheaper fallback has a negative premium; limits count what is above zero.
 */
export type Premium = {
  /** Of other prices, and of failed attempts. */
  readonly price: Nano;
  /** Of a cache left behind: the primary would have read these tokens from it. */
  readonly cache: Nano;
};

/** What limits count for an attempt: its cost, or the bound of it where it was not measured. */
export function limitCost({ cost, carried }: AttemptRecord): Nano {
  return carried ?? cost;
}

/** The same in tokens. */
export function limitTokens({ usage, bound }: AttemptRecord): number {
  if (bound) return bound.input + bound.output;
  return usage ? promptTokens(usage) + completionTokens(usage) : 0;
}

export type Skip = {
  readonly endpoint: string;
  readonly reason: string;
  /** The limit that stood in the way, in the words of a refusal; of one that rested the failure class, or who paused it. */
  readonly why?: string;
};

/** The client made this request before, in vain. */
export type ClientRetry = {
  /** The generation of the same body that failed, broke off, or was left by the client; absent = only the client says so. */
  readonly of?: string;
  /** The client's own count of retries. */
  readonly count?: number;
};

/** Why a generation ended. */
export type Ending =
  | 'ok'
  /** Refused or failed before any content reached the client. */
  | 'failed'
  /** Broken after content had reached the client: one error event was sent. */
  | 'cut'
  | 'client_gone';

export type GenerationRecord = {
  readonly id: string;
  /** Epoch ms. */
  readonly at: number;
  readonly latencyMs: number;
  readonly firstTokenMs?: number;
  readonly revision: number;
  readonly workspace: string;
  readonly key: string;
  readonly api: Api;
  readonly stream: boolean;
  /** The model name as sent. */
  readonly requested: string;
  readonly preset?: string;
  readonly presetVersion?: PresetVersion;
  /** The presets that chose it by their rules, and by which, in order; absent where none did. */
  readonly routed?: readonly RouteHop[];
  /** The task that rules went by: declared, or `background:KIND` of a recognised call. */
  readonly task?: string;
  readonly ending: Ending;
  /** The problem's code where it did not end well. */
  readonly problem?: string;
  /** The limit that refused it, in the words that the caller was told. */
  readonly refusedBy?: string;
  readonly finish?: string;
  readonly nativeFinish?: string;
  readonly attempts: readonly AttemptRecord[];
  readonly skipped: readonly Skip[];
  readonly warnings: readonly string[];
  readonly user?: string;
  readonly session?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The attempt that served: its place in the chain, model and provider. */
  readonly served?: { readonly position: number; readonly model: string; readonly provider: string };
  /** All attempts together. */
  readonly cost: Nano;
  /** Same tokens at the primary, cold; absent when it has no price. */
  readonly primaryCost?: Nano;
  /** Absent when the primary has no price, or nothing was measured to compare with. */
  readonly premium?: Premium;
  /** The conversation left an endpoint that had its prompt cached: what buying it again has cost, estimated. */
  readonly cacheLost?: Nano;
  readonly userAgent?: string;
  readonly clientRetry?: ClientRetry;
};

/** Cost ÷ what the primary would have cost, rounded to three digits; undefined where that is unknown or zero. */
export function multiplier(cost: Nano, primaryCost: Nano | undefined): number | undefined {
  if (primaryCost === undefined || primaryCost === 0) return undefined;
  if (cost === primaryCost) return 1;
  return Number((cost / primaryCost).toPrecision(3));
}
