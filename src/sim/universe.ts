/** Everything that will happen, drawn from one seed: who asks for what, who leaves, what breaks and for how long. */
import { changed, keyNames, someConfiguration, type Configuration } from './configuration.ts';
import { dice, type Dice } from './dice.ts';

export type Speech = 'chat' | 'responses' | 'messages';

/** Ms are counted from the universe's beginning. */
export type RequestPlan = {
  readonly number: number;
  readonly at: number;
  readonly speech: Speech;
  readonly stream: boolean;
  readonly key: string;
  readonly preset: string;
  readonly user: string | undefined;
  readonly promptBytes: number;
  readonly cap: number | undefined;
  readonly tools: boolean;
  readonly vision: boolean;
  readonly schema: boolean;
  /** A conversation that goes on: named, and with an earlier turn of the assistant. */
  readonly conversation: string | undefined;
  readonly mistake: 'json' | 'shape' | 'preset' | 'key' | 'refused' | undefined;
  readonly leaves: Leaving | undefined;
  /** Ms that it takes to read what did not fit into its socket; undefined = it reads at once. */
  readonly slow: number | undefined;
};

export type Leaving = { readonly when: 'after' | 'head' | 'content'; readonly ms: number };

export type Span = { readonly from: number; readonly until: number };

/** A provider in trouble: so much of what it is asked goes wrong in this way. */
export type Outage = Span & { readonly provider: string; readonly mood: Mood; readonly share: number };

export type Mood = (typeof moods)[number];

/** Ways in which a provider misbehaves; `play.ts` of the providers knows what each does. */
export const moods = [
  'rate_limit',
  'rate_limit_bare',
  'quota',
  'server_error',
  'html',
  'overloaded',
  'empty',
  'garbage',
  'error_first',
  'error_later',
  'stall',
  'stall_head',
  'stall_later',
  'cut',
  'reset',
  'reset_later',
  'refused',
  'silent_connect',
  'gone',
  'auth',
  'context',
  'moderation',
  'too_large_for_rate',
  'unsupported',
] as const;

/** The store of leases takes its time, answers with an error, or does not answer. */
export type StoreTrouble = Span & { readonly kind: 'slow' | 'fails' | 'hangs'; readonly ms: number };

export type Universe = {
  readonly seed: number;
  readonly configurations: readonly { readonly at: number; readonly configuration: Configuration }[];
  readonly requests: readonly RequestPlan[];
  readonly outages: readonly Outage[];
  readonly pauses: readonly (Span & { readonly endpoint: string })[];
  readonly storeTroubles: readonly StoreTrouble[];
  /** Steps of the wall clock. */
  readonly steps: readonly { readonly at: number; readonly ms: number }[];
  /** All requests in flight are told to end. */
  readonly shutdownAt: number | undefined;
  /** The share of calls that go wrong outside any outage. */
  readonly hostility: number;
  readonly endsAt: number;
};

/** The universe of a seed; always the same. */
export function universeOf(seed: number): Universe {
  const die = dice(seed, 'universe');
  const limited = die.chance(0.5);
  const first = someConfiguration(die, limited);
  const length = die.pick([8_000, 60_000, 600_000, 7_200_000]);
  const requests = requestsOf(seed, length, die);
  const span = (share: number): Span => {
    const from = Math.floor(die.between(0, length));
    return { from, until: from + Math.ceil(die.between(0.01, share) * length) };
  };
  const swaps = die.chance(0.4) ? [Math.floor(die.between(0, length))] : [];
  return {
    seed,
    configurations: [
      { at: 0, configuration: first },
      ...swaps.map((at) => ({ at, configuration: changed(first, die) })),
    ],
    requests,
    outages: Array.from({ length: die.whole(0, 4) }, () => ({
      ...span(0.6),
      provider: die.pick(first.providers).name,
      mood: die.pick(moods),
      share: die.pick([0.5, 1, 1]),
    })),
    pauses: die.chance(0.2) ? [{ ...span(0.5), endpoint: die.pick(first.endpoints).id }] : [],
    storeTroubles:
      limited && die.chance(0.4)
        ? [{ ...span(0.4), kind: die.pick(['slow', 'fails', 'hangs']), ms: die.pick([3, 40, 900]) }]
        : [],
    steps: die.chance(0.2)
      ? [
          {
            at: Math.floor(die.between(0, length)),
            ms: die.pick([-86_400_000, -30_000, -1, 45_000, 3_600_000]),
          },
        ]
      : [],
    shutdownAt: die.chance(0.15) ? Math.floor(die.between(length / 2, length)) : undefined,
    hostility: die.pick([0, 0.1, 0.3, 0.6, 0.9]),
    endsAt: length,
  };
}

function requestsOf(seed: number, length: number, die: Dice): readonly RequestPlan[] {
  const count = die.whole(6, 30);
  const bursts = Array.from({ length: die.whole(1, 6) }, () => Math.floor(die.between(0, length)));
  return Array.from({ length: count }, (_, number) => {
    const own = dice(seed, `request ${number}`);
    const at = own.chance(0.6)
      ? own.pick(bursts) + own.pick([0, 0, 5, 300])
      : Math.floor(own.between(0, length));
    return requestPlan(number, at, own);
  });
}

function requestPlan(number: number, at: number, die: Dice): RequestPlan {
  const stream = die.chance(0.65);
  return {
    number,
    at,
    stream,
    speech: die.pick(['chat', 'chat', 'responses', 'messages']),
    key: die.pick(keyNames),
    preset: die.pick(['x', 'y']),
    user: die.chance(0.5) ? die.pick(['u0', 'u1']) : undefined,
    promptBytes: die.chance(0.1) ? 90_000 : die.pick([20, 300, 6_000]),
    cap: die.chance(0.75) ? die.pick([1, 20, 200, 900, 4_000]) : undefined,
    tools: die.chance(0.25),
    vision: die.chance(0.1),
    schema: die.chance(0.1),
    conversation: die.chance(0.25) ? `talk-${die.whole(0, 2)}` : undefined,
    mistake: die.chance(0.1) ? die.pick(['json', 'shape', 'preset', 'key', 'refused', 'refused']) : undefined,
    leaves: die.chance(0.2)
      ? { when: die.pick(['after', 'head', 'content', 'content']), ms: die.pick([0, 0, 1, 40, 2_500]) }
      : undefined,
    slow: die.chance(0.15) ? die.pick([1, 60, 15_000]) : undefined,
  };
}
