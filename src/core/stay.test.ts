/** Where conversations are, turn after turn, and what that makes of a plan. Times in seconds, for reading. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { snapshotOf } from '../../test/support/virtual-world.ts';
import { chatDialect } from '../dialects/chat/dialect.ts';
import { makePlan, type Plan } from './chain.ts';
import { routeFacts } from '../request/route-facts.ts';
import { resolve } from './resolve.ts';
import type { Key, Preset, Snapshot } from './snapshot.ts';
import { keepPlace, placed, type Place } from './stay.ts';

const s = 1_000;
const life = 300 * s;

type Step = readonly [
  at: number,
  endpoint: string,
  displaced: boolean,
  more?: { warm?: number; stay?: number },
];

function after(turns: readonly Step[]): Place | undefined {
  return turns.reduce<Place | undefined>(
    (place, [at, endpoint, displaced, { warm = at + 300, stay = 300 } = {}]) =>
      placed(place, { endpoint, displaced, at: at * s, warmUntil: warm * s, stay: stay * s }),
    undefined,
  );
}

const kept = (since: number, until: number, moves = 1): Pick<Required<Place>, 'kept'> => ({
  kept: { since: since * s, until: until * s, moves },
});
const back = (at: number, moves = 1): Pick<Required<Place>, 'back'> => ({ back: { at: at * s, moves } });

const turns: readonly (readonly [what: string, turns: readonly Step[], now: Omit<Place, 'warmUntil'>])[] = [
  ['served in its place', [[0, 'a', false]], { endpoint: 'a' }],
  [
    'moved, for what stands before failed or rested',
    [
      [0, 'a', false],
      [9, 'b', true],
    ],
    { endpoint: 'b', ...kept(9, 309) },
  ],
  ['its first turn was moved', [[0, 'b', true]], { endpoint: 'b', ...kept(0, 300) }],
  [
    'later turns there do not lengthen the stay',
    [
      [0, 'b', true],
      [100, 'b', false],
      [250, 'b', true],
    ],
    { endpoint: 'b', ...kept(0, 300) },
  ],
  [
    'moved once more',
    [
      [0, 'b', true],
      [50, 'c', true],
    ],
    { endpoint: 'c', ...kept(50, 350) },
  ],
  [
    'back',
    [
      [0, 'b', true],
      [310, 'a', false],
    ],
    { endpoint: 'a', ...back(310) },
  ],
  [
    'back, and moved again at once: twice as long',
    [
      [0, 'b', true],
      [310, 'a', false],
      [320, 'b', true],
    ],
    { endpoint: 'b', ...kept(320, 920, 2) },
  ],
  [
    'turns at the primary between',
    [
      [0, 'b', true],
      [310, 'a', false],
      [320, 'a', false],
      [330, 'b', true],
    ],
    { endpoint: 'b', ...kept(330, 930, 2) },
  ],
  [
    'moved again a minute after it went back: a stay like any other',
    [
      [0, 'b', true],
      [310, 'a', false],
      [370, 'b', true],
    ],
    { endpoint: 'b', ...kept(370, 670) },
  ],
  [
    'a short stay, and a third move in a row: four minutes',
    [
      [0, 'b', true, { stay: 10 }],
      [70, 'a', false],
      [80, 'b', true, { stay: 10 }],
      [200, 'a', false],
      [210, 'b', true, { stay: 10 }],
    ],
    { endpoint: 'b', ...kept(210, 450, 3) },
  ],
  ['`stay: 0`', [[0, 'b', true, { stay: 0 }]], { endpoint: 'b' }],
  [
    'its cache was gone when it was moved there again: a stay of its own',
    [
      [0, 'b', true],
      [400, 'b', true],
    ],
    { endpoint: 'b', ...kept(400, 700) },
  ],
];

describe('the place of a conversation', () => {
  for (const [what, story, now] of turns)
    test(what, () => {
      const { warmUntil: _warm, ...place } = after(story) ?? assert.fail();
      assert.deepEqual(place, now);
    });

  test('a cache that was written for an hour is not forgotten by a turn that wrote for five minutes', () => {
    assert.equal(
      after([
        [0, 'a', false, { warm: 3_600 }],
        [60, 'a', false],
      ])?.warmUntil,
      3_600 * s,
    );
    assert.equal(
      after([
        [0, 'a', false, { warm: 3_600 }],
        [60, 'b', true],
      ])?.warmUntil,
      360 * s,
    );
  });
});

const snapshot = snapshotOf(`
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1' } }
models:
  acme/a: { tier: strong, context: 100000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] }
  acme/b: { tier: strong, context: 100000, endpoints: [{ provider: up, model: b, price: { input: 2, output: 4 } }] }
  acme/c: { tier: small, context: 100000, endpoints: [{ provider: up, model: c, price: { input: 3, output: 6 } }] }
presets:
  p: { models: [acme/a, acme/b, acme/c] }
  floored: { models: [acme/a, acme/b, acme/c], floor: { tier: strong, below: last_resort } }
  without: { models: [acme/a, acme/c] }
`);
const key: Key = { name: 'k', workspace: 'default', aliases: new Map(), disabled: false };

/** `b*, a, c; skipped a@up:stay`: the plan with the endpoint that is kept. */
function planFor(
  preset: string,
  { endpoint, ...rest }: Place,
  now: number,
  noisy: readonly string[] = [],
): string {
  const { plan, version } = planOf(preset, snapshot);
  const place = { endpoint: `acme/${endpoint}@up`, ...rest };
  const calm = ({ model }: { model: { slug: string } }): boolean => !noisy.includes(model.slug);
  const found = keepPlace(plan, { place, now, preset: version, calm });
  const steps = found.steps.map((step) => step.endpoint.providerModel + (step.kept ? '*' : ''));
  const skipped = found.skipped.map((skip) => `${skip.endpoint}:${skip.reason}`);
  return [steps.join(', '), ...skipped].join('; ');
}

function planOf(preset: string, from: Snapshot): { plan: Plan; version: Preset | undefined } {
  const body = { model: `@preset/${preset}`, messages: [{ role: 'user', content: 'hi' }] };
  const ask = chatDialect.read(Buffer.from(JSON.stringify(body)));
  const route = resolve(ask, key, from, routeFacts(ask, {}, 0));
  return {
    plan: makePlan({ ask, route, workspace: 'default', snapshot: from, now: 0 }),
    version: route.preset,
  };
}

const atB: Place = { endpoint: 'b', warmUntil: life, kept: { since: 0, until: 60 * s, moves: 1 } };
const atC: Place = { ...atB, endpoint: 'c' };

describe('the plan of a conversation that stays', () => {
  const rows: readonly (readonly [what: string, plan: () => string, expected: string])[] = [
    ['it comes first, all others follow', () => planFor('p', atB, 1), 'b*, a, c; acme/a@up:stay'],
    ['who stood before it is named', () => planFor('p', atC, 1), 'c*, a, b; acme/a@up:stay; acme/b@up:stay'],
    ['it was never moved', () => planFor('p', { endpoint: 'b', warmUntil: life }, 1), 'a, b, c'],
    ['until its time is over', () => planFor('p', atB, 60 * s - 1), 'b*, a, c; acme/a@up:stay'],
    ['then it goes back', () => planFor('p', atB, 60 * s), 'a, b, c'],
    [
      'but not to one that is not calm',
      () => planFor('p', atB, 60 * s, ['acme/a']),
      'b*, a, c; acme/a@up:stay',
    ],
    ['only who stands first must be calm', () => planFor('p', atC, 60 * s, ['acme/b']), 'a, b, c'],
    [
      'its cache is gone: nothing is lost',
      () => planFor('p', { ...atB, warmUntil: 5 }, 5, ['acme/a']),
      'a, b, c',
    ],
    ['the clock was set back: nothing is known', () => planFor('p', atB, -1), 'a, b, c'],
    ['a version without its endpoint ends the stay', () => planFor('without', atB, 1), 'a, c'],
    ['under a floor of last_resort nobody stays', () => planFor('floored', atC, 1), 'a, b, c'],
    ['above it they do', () => planFor('floored', atB, 1), 'b*, a, c; acme/a@up:stay'],
  ];
  for (const [what, plan, expected] of rows) test(what, () => assert.equal(plan(), expected));
});
