/** How a limit stands, and how a refusal says it. Pure. */
import type { ScopeKind } from './budget.ts';
import { isMoney, type LimitUnit } from './document-limit.ts';
import type { LimitWindow } from './limit.ts';
import { print, toUsd, type Nano } from './money.ts';
import type { JsonObject } from './snapshot.ts';
import { durationWords, windowWords } from './window.ts';

/** Amounts in the unit of the limit: nano-USD, tokens, requests. */
export type LimitState = {
  readonly kind: ScopeKind;
  /** Name of the key, preset, …; empty for the gateway. */
  readonly of: string;
  /** Whose counter, where there is one for each. */
  readonly each?: string;
  readonly unit: LimitUnit;
  readonly per?: LimitWindow;
  readonly limit: number;
  readonly spent: number;
  readonly held: number;
  /** What was asked of it and did not fit. */
  readonly needed?: number;
  /** Epoch ms; absent = never, or not by time. */
  readonly resetsAt?: number;
};

/** The facts of a limit for programs; money in USD. */
export function limitFacts(state: LimitState, contact: string | undefined): JsonObject {
  const amount = (value: number): number => (isMoney(state.unit) ? toUsd(value as Nano) : value);
  return {
    scope: state.kind,
    ...(state.of === '' ? {} : { name: state.of }),
    ...(state.each === undefined ? {} : { each: state.each }),
    unit: state.unit,
    ...(state.per === undefined ? {} : { per: state.per }),
    limit: amount(state.limit),
    spent: amount(state.spent),
    held: amount(state.held),
    ...(state.needed === undefined ? {} : { needed: amount(state.needed) }),
    resets_at: state.resetsAt === undefined ? null : new Date(state.resetsAt).toISOString(),
    ...(contact === undefined ? {} : { contact }),
  };
}

/** `Key ci has spent $5.00 of $5.00 today (UTC); resets in 3 h 12 min. Ask #ai-platform.` */
export function limitSentence(state: LimitState, now: number, contact: string | undefined): string {
  const who = `${subject(state)}${state.each === undefined ? '' : `, ${state.each},`}`;
  const held = state.held > 0 ? ` and holds ${amountWords(state, state.held)} for requests in flight` : '';
  const resets = state.resetsAt === undefined ? '' : `; resets in ${durationWords(state.resetsAt - now)}`;
  const ask = contact === undefined ? '' : ` Ask ${contact}.`;
  return `${who} ${used(state)}${held}${tooMuch(state)}${resets}.${ask}`;
}

/** Where the limit is less than one request may come to, what was spent explains nothing. */
function tooMuch(state: LimitState): string {
  const { unit, limit, needed = 0 } = state;
  if (needed <= limit || unit === 'requests' || unit === 'concurrent') return '';
  const words = amountWords(state, needed);
  return unit === 'premium_usd'
    ? `, and this fallback may cost ${words} more than the primary`
    : `, and this request may ${unit === 'usd' ? 'cost' : 'use'} ${words}`;
}

function subject({ kind, of }: LimitState): string {
  if (kind === 'gateway') return 'The gateway';
  return `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)} ${of}`;
}

function used(state: LimitState): string {
  const { unit, limit, spent, per } = state;
  const when = per === undefined ? '' : ` ${windowWords(per)}`;
  const of = `${amountWords(state, spent)} of ${amountWords(state, limit)}`;
  switch (unit) {
    case 'usd':
      return `has spent ${of}${when}`;
    case 'premium_usd':
      return `has spent ${of} on what failover costs extra${when}`;
    case 'tokens':
      return `has used ${of}${when}`;
    case 'requests':
      return `has made ${of}${when}`;
    case 'concurrent':
      return `may have ${amountWords({ ...state, unit: 'requests' }, limit)} running at once`;
  }
}

function amountWords({ unit }: LimitState, value: number): string {
  if (isMoney(unit)) return print(value as Nano);
  const count = value.toLocaleString('en-US');
  const one = unit === 'tokens' ? 'token' : unit === 'requests' ? 'request' : '';
  return one === '' ? count : `${count} ${one}${value === 1 ? '' : 's'}`;
}
