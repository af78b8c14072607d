/** What may happen to money, at random: prices, limits, requests, clocks, and providers that cannot be trusted. */
import fc from 'fast-check';
import type { LimitBody } from '../../src/core/document-limit.ts';
import type { Place } from '../../src/sim/limit-rules.ts';

/** Dollars per million tokens, whole numbers of thousandths; `perRequest` in nano-USD. */
export type PriceSpec = {
  readonly free: boolean;
  readonly input: number;
  readonly output: number;
  /** Of the price of input. */
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
  readonly reasoning: number | null;
  readonly perRequest: number;
  /** Times dearer for prompts above so many tokens, and between two minutes of the day. */
  readonly tier: { readonly above: number; readonly times: number } | null;
  readonly window: { readonly from: number; readonly length: number; readonly times: number } | null;
};

export type LimitSpec = { readonly at: Place; readonly body: LimitBody };

/** What a provider does with a call. Shares are of what it was allowed to use. */
export type Behaviour = {
  readonly kind: 'answer' | 'cut' | 'stall' | 'freeze' | 'refuse' | 'unreachable' | 'error';
  readonly afterMs: number;
  readonly promptShare: number;
  readonly outputShare: number;
  readonly cachedShare: number;
  readonly writtenShare: number;
  readonly reasoningShare: number;
  readonly bytesPerToken: number;
  /** How many events the content comes in: a provider may put many tokens into one. */
  readonly events: number;
  readonly report: 'exact' | 'less' | 'more' | 'none';
};

export type Step =
  | {
      readonly do: 'ask';
      readonly times: number;
      readonly key: number;
      readonly user: number | null;
      readonly cap: number;
      readonly n: number;
      readonly size: number;
      readonly stream: boolean;
    }
  | { readonly do: 'leave'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'clock'; readonly ms: number }
  /** Times so much, or taken away. */
  | { readonly do: 'limits'; readonly which: number; readonly times: number | null };

export type Scene = {
  readonly prices: readonly PriceSpec[];
  readonly chain: number;
  readonly order: 'listed' | 'price';
  readonly limits: readonly LimitSpec[];
  readonly behaviours: readonly Behaviour[];
  readonly steps: readonly Step[];
  /** Ms that the store takes to make a lease durable. */
  readonly storeMs: number;
};

const price: fc.Arbitrary<PriceSpec> = fc.record({
  free: fc.constant(false),
  input: fc.integer({ min: 50, max: 20_000 }),
  output: fc.integer({ min: 50, max: 80_000 }),
  cacheRead: fc.option(fc.constantFrom(0.1, 0.5, 1)),
  cacheWrite: fc.option(fc.constantFrom(1.5, 2), { freq: 1 }),
  reasoning: fc.option(fc.integer({ min: 1, max: 90_000 })),
  perRequest: fc.constantFrom(0, 0, 0, 700_000),
  tier: fc.option(fc.record({ above: fc.integer({ min: 1, max: 400 }), times: fc.constantFrom(0.5, 2, 3) })),
  window: fc.option(
    fc.record({
      from: fc.integer({ min: 0, max: 1_439 }),
      length: fc.integer({ min: 1, max: 1_000 }),
      times: fc.constantFrom(0.5, 2),
    }),
    { freq: 1 },
  ),
});

const anyPrice = fc.oneof(
  { weight: 5, arbitrary: price },
  {
    weight: 1,
    arbitrary: price.map((each) => ({
      ...each,
      free: true,
      input: 0,
      output: 0,
      perRequest: 0,
      tier: null,
      window: null,
    })),
  },
);

const window = fc.constantFrom('request', 'minute', 'hour', 'day', 'week', 'month', 'total');
/** From nothing to more than everything, most often about what a few requests need. */
const scale = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -0.5, max: 3, noNaN: true }).map((power) => 10 ** power) },
  { weight: 1, arbitrary: fc.constant(0) },
);
const unitAmount = {
  usd: 0.004,
  premium_usd: 0.004,
  tokens: 600,
  requests: 3,
  concurrent: 3,
} as const;

const body: fc.Arbitrary<LimitBody> = fc
  .record({
    unit: fc.constantFrom(
      'usd',
      'usd',
      'usd',
      'premium_usd',
      'premium_usd',
      'tokens',
      'requests',
      'concurrent',
    ),
    per: window,
    scale,
    each: fc.constantFrom(undefined, undefined, 'user', 'key'),
    observe: fc.integer({ min: 0, max: 9 }),
    minOutput: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
  })
  .map(({ unit, per, scale: times, each, observe, minOutput }) => {
    const amount = unitAmount[unit] * times;
    const money = unit === 'usd' || unit === 'premium_usd';
    const counted = unit === 'requests' && per === 'request' ? 'minute' : per;
    return {
      [unit]: money ? Number(amount.toFixed(9)) : Math.ceil(amount) + (unit === 'concurrent' ? 1 : 0),
      ...(unit === 'concurrent' ? {} : { per: counted }),
      ...(each === undefined || (unit !== 'concurrent' && counted === 'request') ? {} : { each }),
      ...(observe === 0 ? { mode: 'observe' as const } : {}),
      ...(minOutput === undefined ? {} : { min_output: minOutput }),
    };
  });

export const limit: fc.Arbitrary<LimitSpec> = fc.record({
  at: fc.constantFrom('gateway', 'workspace', 'key', 'preset', 'provider', 'model'),
  body,
});

/** A user without a name counts as his key: of two such limits nobody could tell whose counter is shown. */
function tellable(limits: readonly LimitSpec[]): readonly LimitSpec[] {
  const kind = ({ at, body: { each: _each, per, ...rest } }: LimitSpec): string =>
    [at, per, ...Object.keys(rest).filter((key) => key in unitAmount)].join(' ');
  return limits.filter(
    (one, index) =>
      one.body.each === undefined ||
      limits.slice(0, index).every((other) => {
        return (
          other.body.each === undefined || other.body.each === one.body.each || kind(other) !== kind(one)
        );
      }),
  );
}

const share = fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100);

export const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  kind: fc.constantFrom(
    'answer',
    'answer',
    'answer',
    'answer',
    'cut',
    'stall',
    'freeze',
    'refuse',
    'unreachable',
    'error',
  ),
  afterMs: fc.constantFrom(0, 1, 7, 300, 1_900),
  promptShare: share,
  outputShare: share,
  cachedShare: share,
  writtenShare: share,
  reasoningShare: share,
  bytesPerToken: fc.integer({ min: 1, max: 6 }),
  events: fc.integer({ min: 1, max: 5 }),
  report: fc.constantFrom('exact', 'exact', 'exact', 'less', 'more', 'none'),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      times: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) },
        { weight: 1, arbitrary: fc.constantFrom(20, 60) },
      ),
      key: fc.integer({ min: 0, max: 1 }),
      user: fc.option(fc.integer({ min: 0, max: 1 })),
      cap: fc.integer({ min: 1, max: 300 }),
      n: fc.constantFrom(1, 1, 1, 3),
      size: fc.integer({ min: 1, max: 600 }),
      stream: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), which: fc.nat(200) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 1, 8, 200, 2_500, 12_000, 61_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('clock' as const),
      ms: fc.constantFrom(
        -86_400_000,
        -3_600_000,
        -30_000,
        -1,
        1,
        45_000,
        3_600_000,
        86_400_000,
        2_764_800_000,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('limits' as const),
      which: fc.nat(10),
      times: fc.option(fc.constantFrom(0, 0.3, 1, 4)),
    }),
  },
);

export const scene: fc.Arbitrary<Scene> = fc.record({
  prices: fc.array(anyPrice, { minLength: 4, maxLength: 4 }),
  chain: fc.integer({ min: 1, max: 4 }),
  order: fc.constantFrom('listed', 'listed', 'price'),
  limits: fc.array(limit, { minLength: 1, maxLength: 6 }).map(tellable),
  behaviours: fc.array(behaviour, { minLength: 1, maxLength: 12 }),
  steps: fc.array(step, { minLength: 1, maxLength: 14 }),
  storeMs: fc.constantFrom(0, 0, 3, 40),
});
