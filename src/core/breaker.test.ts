import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  blameOf,
  healthy,
  isCalm,
  isPartial,
  lastResort,
  reduce,
  soonest,
  standing,
  type Blame,
  type Blamed,
  type Breaker,
  type BreakerEvent,
  type Rest,
} from './breaker.ts';
import type { Failure, FailureClass } from './failure.ts';

const failure = (name: FailureClass, retryAfterMs?: number): Failure => ({
  class: name,
  status: 0,
  message: '',
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

/** How long one failure, or the third in a row, closes the road for, in ms; and on what. */
const rows: readonly (readonly [
  FailureClass,
  failures: number,
  on: string,
  forMs: number,
  after?: number,
])[] = [
  ['rate_limit', 1, 'endpoint', 30_000, 30_000],
  ['rate_limit', 1, 'endpoint', 1_000],
  ['rate_limit', 1, 'endpoint', 1_000, 0],
  ['rate_limit', 1, 'endpoint', 1_000, -5_000],
  ['rate_limit', 1, 'endpoint', 1_000, Number.NaN],
  ['rate_limit', 1, 'endpoint', 1_000, Number.POSITIVE_INFINITY],
  ['rate_limit', 1, 'endpoint', 300_000, 3 * 365 * 86_400_000],
  ['overloaded', 3, 'endpoint', 1_000],
  ['server_error', 3, 'endpoint', 1_000],
  ['timeout', 3, 'endpoint', 1_000],
  ['connection', 3, 'endpoint', 1_000],
  ['quota', 1, 'credential', 7_200_000],
  ['auth', 1, 'credential', Infinity],
  ['model_gone', 1, 'endpoint', 86_400_000],
];

for (const [name, failures, on, forMs, after] of rows)
  test(`${name}${after === undefined ? '' : ` with a wait of ${after} ms`}: ${failures} in a row leave the ${on} alone for ${forMs} ms`, () => {
    const blame = blameOf(failure(name, after), false);
    assert.equal(blame?.on, on);
    let state = healthy;
    for (let count = 1; count <= failures; count++) {
      assert.equal(standing(state, 5_000), 'closed', `before failure ${count}`);
      state = fails(state, blame, 5_000);
    }
    assert.equal(standing(state, 5_000), 'open');
    assert.equal(state.open?.until, 5_000 + forMs);
    assert.equal(standing(state, 5_000 + forMs - 1), 'open');
    assert.equal(standing(state, 5_000 + forMs), forMs === Infinity ? 'open' : 'half-open');
  });

test('what the caller did, or nobody did, blames nobody', () => {
  for (const name of [
    'caller',
    'unsupported',
    'context',
    'moderation',
    'too_large_for_rate',
    'client_gone',
    'budget',
  ] as const)
    assert.equal(blameOf(failure(name), false), undefined, name);
});

test('an aggregator’s 404 may speak of one request’s own wishes: it benches nothing for everybody', () => {
  assert.equal(blameOf(failure('model_gone'), true), undefined);
});

const serverError = blameOf(failure('server_error'), false) as Blame;
const limited = (ms: number): Blame => blameOf(failure('rate_limit', ms), false) as Blame;
/** The failure of a call that began at a moment, or only just. */
const fails = (state: Breaker, blame: Blame, now: number, began = now): Breaker =>
  reduce(state, { kind: 'failure', id: 0, began, blame }, now);
const succeeds = (state: Breaker, now: number, began = now): Breaker =>
  reduce(state, { kind: 'success', began }, now);
const probes = (state: Breaker, id: number, now: number): Breaker =>
  reduce(state, { kind: 'probe', id }, now);
const dead = (now: number): Breaker => [1, 2, 3].reduce((state) => fails(state, serverError, now), healthy);

test('the back-off doubles with each probe that fails, up to 30 s', () => {
  let state = dead(0);
  const waits: number[] = [];
  for (let id = 1; id <= 7; id++) {
    const { since, until } = state.open as NonNullable<Breaker['open']>;
    waits.push(until - since);
    state = fails(probes(state, id, until), serverError, until + 10, until);
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test('a flapping endpoint goes on with the back-off it had; after a calm minute it begins anew', () => {
  const back = succeeds(probes(dead(0), 1, 1_000), 1_010, 1_000);
  assert.equal(standing(back, 1_010), 'closed');
  const again = [1, 2, 3].reduce((state) => fails(state, serverError, 2_000), back);
  assert.equal(again.open?.until, 4_000);
  const calm = [1, 2, 3].reduce((state) => fails(state, serverError, 61_011), back);
  assert.equal(calm.open?.until, 62_011);
});

test('half of at least ten outcomes in the window open it, though no three failed in a row', () => {
  const outcomes = (count: number, everyMs: number): Breaker => {
    let state = healthy;
    for (let turn = 0; turn < count; turn++) {
      const now = turn * everyMs;
      state = turn % 2 === 0 ? succeeds(state, now) : fails(state, serverError, now);
    }
    return state;
  };
  assert.equal(outcomes(9, 100).open, undefined, 'too few to say');
  assert.notEqual(outcomes(10, 100).open, undefined);
  assert.equal(outcomes(40, 5_000).open, undefined, 'spread over minutes they are never ten');
  let mostlyFine = healthy;
  for (let turn = 0; turn < 60; turn++)
    mostlyFine = turn % 3 === 0 ? fails(mostlyFine, serverError, turn) : succeeds(mostlyFine, turn);
  assert.equal(mostlyFine.open, undefined, 'a third is not half');
});

test('what began before it opened neither closes it nor lengthens its back-off; a later date counts', () => {
  const open = dead(1_000);
  assert.equal(succeeds(open, 1_500, 900), open);
  assert.equal(fails(open, serverError, 1_500, 900), open);
  assert.equal(fails(open, limited(20_000), 1_500, 900).open?.until, 21_500);
  assert.equal(fails(fails(healthy, limited(20_000), 0), limited(5_000), 10, -5).open?.until, 20_000);
});

test('nor does it once the back-off is over: the probe has the word', () => {
  const probing = probes(dead(0), 1, 1_200);
  const late = fails(probing, blameOf(failure('timeout'), false) as Blame, 1_500, -5);
  assert.equal(late, probing);
  assert.equal(standing(succeeds(late, 1_600, 1_200), 1_600), 'closed');
  assert.equal(fails(late, serverError, 1_600, 1_200).open?.until, 3_600);
});

test('the first content of a probe lets others in, on probation: one failure more opens it again', () => {
  const flowing = reduce(probes(dead(0), 1, 1_000), { kind: 'content', began: 1_000 }, 1_050);
  assert.equal(standing(flowing, 1_050), 'closed');
  assert.equal(standing(fails(flowing, serverError, 1_100, 1_000), 1_100), 'open');
  const whole = succeeds(flowing, 1_100, 1_000);
  assert.equal(standing(fails(whole, serverError, 1_200), 1_200), 'closed');
});

test('a probe that was never used gives its slot back', () => {
  const probing = probes(dead(0), 7, 1_000);
  assert.equal(standing(probing, 1_000), 'probing');
  const other = reduce(probing, { kind: 'returned', id: 8 }, 1_001);
  assert.equal(standing(other, 1_001), 'probing', 'only by the one who holds it');
  assert.equal(standing(reduce(probing, { kind: 'returned', id: 7 }, 1_001), 1_001), 'half-open');
});

test('whom to ask when everybody rests: the first to be back of those whose back-off is a guess', () => {
  const rest = (why: Blamed, until?: number): { name: string; rest: Rest } => ({
    name: why,
    rest: { reason: 'breaker', why, ...(until === undefined ? {} : { until }) },
  });
  const some = [rest('auth'), rest('rate_limit', 5), rest('timeout', 30), rest('server_error', 20)];
  assert.equal(soonest(some)?.name, 'rate_limit');
  assert.equal(lastResort(some)?.name, 'server_error');
  assert.equal(lastResort(some.slice(0, 2)), undefined);
  const share = {
    name: 'share',
    rest: { reason: 'breaker', why: 'rate_limit', until: 9, partial: true } as const,
  };
  assert.equal(lastResort([...some, share])?.name, 'share', 'it serves most who ask');
  const paused: Rest = { reason: 'paused', why: 'timeout', until: 1 };
  assert.equal(lastResort([{ rest: paused }]), undefined, 'an operator’s word is no guess');
});

/** A life of a breaker: requests begin, get content, end in any way, and the clock goes on, or is set back. */
const step = fc.oneof(
  fc.record({ do: fc.constant('ask' as const) }),
  fc.record({ do: fc.constant('content' as const), which: fc.nat(20) }),
  fc.record({
    do: fc.constant('end' as const),
    which: fc.nat(20),
    as: fc.constantFrom(
      'ok',
      'rate_limit',
      'server_error',
      'timeout',
      'model_gone',
      'client_gone',
      'context',
    ),
    after: fc.option(fc.double(), { nil: undefined }),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: -100_000, max: 400_000 }) }),
);

type Running = { readonly id: number; readonly began: number; readonly probe: boolean };

test('whatever happens: one probe at a time, an end to every opening, and success closes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      let state = healthy;
      let now = 0;
      let ids = 0;
      let running: Running[] = [];
      const tell = (event: BreakerEvent): void => {
        state = reduce(state, event, now);
      };
      for (const one of steps) {
        if (one.do === 'wait') now += one.ms;
        if (one.do === 'ask') {
          const before = standing(state, now);
          if (before === 'open' || before === 'probing') continue;
          const id = ++ids;
          tell({ kind: 'probe', id });
          running.push({ id, began: now, probe: before === 'half-open' });
        }
        const call = 'which' in one ? running[one.which % Math.max(1, running.length)] : undefined;
        if (!call) continue;
        const fresh = !state.open || call.began >= state.open.since;
        if (one.do === 'content') {
          tell({ kind: 'content', began: call.began });
          if (fresh) assert.equal(standing(state, now), 'closed');
        }
        if (one.do !== 'end') continue;
        running = running.filter(({ id }) => id !== call.id);
        if (one.as === 'ok') tell({ kind: 'success', began: call.began });
        if (one.as === 'ok' && fresh) assert.equal(standing(state, now), 'closed', 'success closes');
        const blame = one.as === 'ok' ? undefined : blameOf(failure(one.as, one.after), false);
        if (blame) tell({ kind: 'failure', id: call.id, began: call.began, blame });
        tell({ kind: 'returned', id: call.id });
        const holder = state.open?.probe;
        assert.ok(holder === undefined || running.some(({ id }) => id === holder), 'no slot without a probe');
      }
      assert.ok(running.filter(({ id }) => id === state.open?.probe).length <= 1);
      for (const { id } of running) tell({ kind: 'returned', id });
      const later = Math.max(now, state.open?.since ?? 0) + 86_400_000;
      assert.match(standing(state, later), /^(closed|half-open)$/, 'a day later it is asked again');
    }),
    { numRuns: 500 },
  );
});

test('calm is who neither failed nor came back within a minute', () => {
  const once = fails(healthy, serverError, 5_000);
  const back = succeeds(dead(0), 70_000);
  for (const [what, state, now, expected] of [
    ['nothing is known', healthy, 0, true],
    ['one failure, though it is closed', once, 64_999, false],
    ['a minute later', once, 65_000, true],
    ['half-open, and nobody asks', dead(0), 60_000, true],
    ['it came back', back, 129_999, false],
    ['and was well for a minute', back, 130_000, true],
  ] as const)
    assert.equal(isCalm(state, now), expected, what);
});

test('what is known to last a day is not shortened by what fails in the same moment', () => {
  const gone = blameOf(failure('model_gone'), false) as Blame;
  const open = fails(fails(healthy, limited(1_000), 0), gone, 10, -5);
  // It began when the breaker had just opened, and fails later in a way that is soon over.
  assert.partialDeepStrictEqual(fails(open, serverError, 20, 0).open, {
    until: 86_400_010,
    why: 'model_gone',
  });
});

test('a success says nothing about a limit that was told while its call was under way', () => {
  const told = fails(dead(1_000), limited(20_000), 1_500, 900);
  assert.partialDeepStrictEqual(succeeds(told, 1_600, 1_200).open, { until: 21_500, why: 'rate_limit' });
});

describe('a rate limit that strikes a share of the calls', () => {
  const mostly = (good: number, bad: number): Breaker => {
    let state = healthy;
    for (let call = 0; call < good; call++) state = succeeds(state, 0);
    for (let call = 0; call < bad; call++) state = fails(state, limited(30_000), 0);
    return state;
  };
  const isShare = ({ open }: Breaker): boolean => open !== undefined && isPartial(open);

  const rows: readonly (readonly [what: string, state: () => Breaker, expected: boolean])[] = [
    ['nothing was known before', () => mostly(0, 1), false],
    ['too little was known', () => mostly(8, 1), false],
    ['nine of ten were served', () => mostly(9, 1), true],
    ['most were refused', () => mostly(9, 10), false],
    ['those under way were served', () => succeedsOften(mostly(0, 1), 20, -1), true],
    ['those under way were refused', () => failsOften(mostly(12, 1), 20, -1), false],
  ];
  for (const [what, state, expected] of rows) test(what, () => assert.equal(isShare(state()), expected));

  test('is known again when it opens the next time, and forgotten when everybody is refused', () => {
    let state = mostly(40, 1);
    state = succeeds(state, 10, 5);
    assert.equal(state.open, undefined);
    state = fails(state, limited(30_000), 20, 15);
    assert.ok(isShare(state));
    let inVain = 0;
    for (; isShare(state); inVain++) state = fails(state, limited(30_000), 30 + inVain, 30 + inVain);
    assert.ok(inVain < 20, `${inVain} calls in vain`);
  });

  test('that of a server error is never known: its back-off is a guess anyway', () => {
    let state = dead(0);
    state = succeedsOften(state, 30, -1);
    assert.equal(isShare(state), false);
  });
});

function succeedsOften(from: Breaker, times: number, began: number): Breaker {
  let state = from;
  for (let call = 0; call < times; call++) state = succeeds(state, 1, began);
  return state;
}

function failsOften(from: Breaker, times: number, began: number): Breaker {
  let state = from;
  for (let call = 0; call < times; call++) state = fails(state, limited(30_000), 1, began);
  return state;
}
