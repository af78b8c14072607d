import { limitSentence, type LimitState } from './limit-state.ts';
import { optional } from './optional.ts';

/** What an operator may want to have known: somebody's health changed, a limit is nearly used up, a person intervened. */
export type EventKind =
  /** An endpoint or a credential is left alone; one event, however often its probes fail. */
  | 'breaker_opened'
  /** It answered again, or was reset. */
  | 'breaker_closed'
  | 'limit'
  | 'paused'
  /** By a person, or because its time was over. */
  | 'resumed';

export type GatewayEvent = {
  /** Epoch ms. */
  readonly at: number;
  readonly kind: EventKind;
  /** `endpoint/author/name@provider`, `provider/name`, `model/author/name`; of a limit its scope. */
  readonly subject: string;
  /** A failure class, or words. */
  readonly why: string;
  /** Epoch ms; absent = not known, or until somebody acts. */
  readonly until?: number;
};

export const eventKinds = [
  'breaker_opened',
  'breaker_closed',
  'limit',
  'paused',
  'resumed',
] as const satisfies readonly EventKind[];

/** A share of a limit was reached. `now` is epoch ms. */
export function limitEvent(
  { state, percent }: { readonly state: LimitState; readonly percent: number },
  now: number,
): GatewayEvent {
  return {
    at: now,
    kind: 'limit',
    subject: `${state.kind}${state.of === '' ? '' : `/${state.of}`}`,
    why: `${percent} %: ${limitSentence(state, now, undefined)}`,
    ...optional('until', state.resetsAt),
  };
}
