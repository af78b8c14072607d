/** A plan as data for people: what would be tried for a request, in which order, and why the rest would not. */
import type { Nano } from './money.ts';
import type { Problem } from './problem.ts';
import type { JudgedPreset } from './route.ts';
import type { Skip } from './record.ts';

/** What the limits say to the worst case of a step now. */
export type StepLimits = {
  readonly verdict:
    | 'fits'
    /** With a shorter answer: `outputCap` tokens. */
    | 'shortened'
    /** Others hold what it needs: it waits for them. */
    | 'waits'
    | 'refused';
  readonly outputCap?: number;
  /** What a request that is refused, or that waits in vain, is told. */
  readonly problem?: Problem;
};

/** One endpoint that would be called, in order. */
export type ExplainedStep = {
  /** Place in the chain; several endpoints of one model share it. */
  readonly position: number;
  /** `author/name@provider`. */
  readonly endpoint: string;
  readonly model: string;
  readonly provider: string;
  /** The most this attempt could cost; absent = the endpoint has no price. */
  readonly worst?: Nano;
  /** What it will likely cost: an answer of the usual length, with the cache that the conversation has there. */
  readonly likely?: Nano;
  /** The conversation stays here, though others stand before it. */
  readonly kept?: true;
  /** Tokens: the output cap that would be sent. */
  readonly outputCap: number;
  /** `worst` ÷ the primary's; absent where either is unknown. */
  readonly multiplier?: number;
  /** Absent = no limit applies, or nobody knows how they stand: a document that is not applied. */
  readonly limits?: StepLimits;
};

/**
 * An endpoint left out; of one that rests also why, and until when (epoch ms; absent = until somebody acts); of one that
 * is passed over for a stay (`stay`) when that ends.
 */
export type ExplainedSkip = Skip & { readonly why?: string; readonly until?: number };

export type Explanation = {
  /** Presets that choose among others, in order, each with its rules and what came of them; empty where none does. */
  readonly route: readonly JudgedPreset[];
  /** What the request is for, and how that is known; absent where nobody asked or nobody knows. */
  readonly task?: string;
  /** `coder@7`; absent when no preset was named. */
  readonly preset?: string;
  /** The model name as sent. */
  readonly requested: string;
  readonly warnings: readonly string[];
  readonly steps: readonly ExplainedStep[];
  readonly skipped: readonly ExplainedSkip[];
  /** Set when the request would be refused before any call. */
  readonly problem?: { readonly code: string; readonly message: string };
};
