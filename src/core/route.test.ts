import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Needs } from './ask.ts';
import { globFits } from './glob.ts';
import { refuse, Refused } from './problem.ts';
import { follow, judgeRoute, routeText, type Presets } from './route.ts';
import { ruleFits, verdicts, whenText, type RouteFacts } from './route-rule.ts';
import { defaultFailover } from './defaults.ts';
import type { Preset, RouteRule, RouteTime, RouteWhen } from './snapshot.ts';

const needs: Needs = {
  tools: false,
  vision: false,
  pdf: false,
  audio: false,
  jsonSchema: false,
  reasoning: false,
  promptTokens: 1_203,
  promptBound: 5_000,
  beside: 0,
  images: 0,
  later: { unbounded: undefined, cacheWrites: '5m' },
  answers: 1,
  openRouterOnly: [],
};

/** Tuesday, 14:02 UTC. */
const tuesday = Date.UTC(2026, 10, 24, 14, 2);

function facts(more: Partial<RouteFacts> = {}, of: Partial<Needs> = {}): RouteFacts {
  return {
    now: tuesday,
    model: '@preset/auto',
    user: undefined,
    header: () => undefined,
    task: undefined,
    recognised: undefined,
    toolNames: [],
    ...more,
    needs: { ...needs, ...of },
  };
}

const headers =
  (values: Readonly<Record<string, string>>): RouteFacts['header'] =>
  (name) =>
    values[name];

type Row = readonly [when: RouteWhen, given: RouteFacts, text: string];

/** What fits stands above what does not; the words are those of `explain`. */
const fitting: readonly Row[] = [
  [{ promptTokens: { gt: 1_202 } }, facts(), 'prompt_tokens 1,203 is > 1,202'],
  [{ promptTokens: { gte: 1_203, lte: 1_203 } }, facts(), 'prompt_tokens 1,203 is ≥ 1,203 and ≤ 1,203'],
  [{ modality: ['image', 'audio'] }, facts({}, { vision: true }), 'modality image is image or audio'],
  [{ modality: ['file'] }, facts({}, { pdf: true, vision: true }), 'modality image, file is file'],
  [{ model: ['claude-*'] }, facts({ model: 'Claude-haiku-4-5' }), 'model Claude-haiku-4-5 is claude-*'],
  [{ user: ['bot-*'] }, facts({ user: 'bot-7' }), 'user bot-7 is bot-*'],
  [
    {
      header: new Map([
        ['x-team', ['red', 'blue']],
        ['x-env', ['*']],
      ]),
    },
    facts({ header: headers({ 'x-team': ' blue', 'x-env': 'prod' }) }),
    'header x-team:  blue, x-env: prod is x-team: red or blue and x-env: *',
  ],
  [{ time: { from: 840, to: 843 } }, facts(), 'time tue 14:02 UTC is 14:00 to 14:03'],
  [
    { task: ['summarize', 'classify'] },
    facts({ task: 'Classify' }),
    'task Classify is summarize or classify',
  ],
  [{ task: ['background:*'] }, facts({ task: 'background:title' }), 'task background:title is background:*'],
  [{ background: true }, facts({ task: 'background:title' }), 'background title is true'],
  [{ background: ['title'] }, facts({ task: 'background:title' }), 'background title is title'],
  [{ background: false }, facts({ task: 'summarize' }), 'background false is false'],
  [{ tools: true }, facts({}, { tools: true }), 'tools true is true'],
  [{ tools: false }, facts(), 'tools false is false'],
  [
    { tools: ['web_*'] },
    facts({ toolNames: ['a', 'b', 'c', 'd', 'e', 'web_search'] }, { tools: true }),
    'tools a, b, c, d, e and 1 more is web_*',
  ],
];
const failing: readonly Row[] = [
  [{ promptTokens: { gt: 150_000 } }, facts(), 'prompt_tokens 1,203 is not > 150,000'],
  [{ promptTokens: { gt: 1_203 } }, facts(), 'prompt_tokens 1,203 is not > 1,203'],
  [{ promptTokens: { lt: 1_203 } }, facts(), 'prompt_tokens 1,203 is not < 1,203'],
  [{ promptTokens: { gte: 1_000, lte: 1_100 } }, facts(), 'prompt_tokens 1,203 is not ≥ 1,000 and ≤ 1,100'],
  [{ modality: ['audio'] }, facts(), 'modality text alone is not audio'],
  [{ model: ['claude-*'] }, facts(), 'model @preset/auto is not claude-*'],
  [{ user: ['*'] }, facts(), 'user none is not *'],
  [{ header: new Map([['x-team', ['*']]]) }, facts(), 'header x-team: none is not x-team: *'],
  [
    { time: { from: 843, to: 840, days: new Set([2]) } },
    facts(),
    'time tue 14:02 UTC is not 14:03 to 14:00 on tue',
  ],
  [{ task: ['summarize'] }, facts(), 'task none is not summarize'],
  [{ background: true }, facts({ task: 'summarize' }), 'background false is not true'],
  [{ background: ['quota'] }, facts({ task: 'background:title' }), 'background title is not quota'],
  [{ tools: ['web_*'] }, facts({ toolNames: ['bash'] }, { tools: true }), 'tools bash is not web_*'],
  [{ tools: ['*'] }, facts(), 'tools none is not *'],
];

describe('a condition', () => {
  for (const [rows, fits] of [
    [fitting, true],
    [failing, false],
  ] as const)
    for (const [when, given, text] of rows)
      test(text, () => {
        assert.equal(ruleFits(when, given), fits);
        assert.deepEqual(verdicts(when, given), [{ holds: fits, text }]);
      });

  test('all of a rule must hold; nothing always fits', () => {
    const when: RouteWhen = { tools: false, task: ['x'] };
    assert.equal(ruleFits(when, facts({ task: 'x' })), true);
    assert.equal(ruleFits(when, facts()), false);
    assert.equal(ruleFits({}, facts()), true);
    assert.equal(whenText({ promptTokens: { gt: 5 }, task: ['x', 'y'] }), 'prompt_tokens > 5, task x or y');
  });

  test('what costs something is not asked for after a condition that does not hold', () => {
    const given: RouteFacts = {
      ...facts(),
      get task(): string {
        throw new Error('was read');
      },
    };
    assert.equal(ruleFits({ promptTokens: { gt: 1e6 }, task: ['x'], background: true }, given), false);
  });
});

/** Friday to Saturday night, UTC. */
const night: RouteTime = { from: 22 * 60, to: 6 * 60, days: new Set([5]) };
const nights: readonly (readonly [at: number, within: boolean])[] = [
  [Date.UTC(2026, 10, 27, 21, 59), false],
  [Date.UTC(2026, 10, 27, 22, 0), true],
  [Date.UTC(2026, 10, 28, 5, 59), true],
  [Date.UTC(2026, 10, 28, 6, 0), false],
  [Date.UTC(2026, 10, 28, 22, 0), false],
  [Date.UTC(2026, 10, 27, 5, 0), false],
];

test('a time past midnight belongs to the day on which it began; its end no longer counts', () => {
  for (const [now, within] of nights)
    assert.equal(ruleFits({ time: night }, facts({ now })), within, new Date(now).toISOString());
});

test('a star stands for any text, also none; case does not count', () => {
  const rows = [
    ['a*', 'A', true],
    ['a*b*c', 'abbc', true],
    ['a*b*c', 'acb', false],
    ['*', '', true],
    ['ab*ba', 'aba', false],
    ['a', 'ab', false],
    ['*.b', 'axb', false],
  ] as const;
  for (const [pattern, text, fits] of rows) assert.equal(globFits(pattern, text), fits, `${pattern} ${text}`);
});

const base: Omit<Preset, 'slug'> = {
  version: 1,
  workspace: 'default',
  chain: [{ model: 'a/b', parameters: {} }],
  parameters: {},
  tools: [],
  provider: {},
  locked: new Set(),
  failover: defaultFailover,
};

const serving = (slug: string, more: Partial<Preset> = {}): Preset => ({ ...base, slug, ...more });
const routing = (slug: string, route: readonly RouteRule[], more: Partial<Preset> = {}): Preset => ({
  ...base,
  slug,
  chain: [],
  route,
  ...more,
});

function among(...all: readonly Preset[]): Presets {
  const find = (slug: string): Preset => {
    const preset = all.find((one) => one.slug === slug);
    if (!preset) throw refuse('preset_not_found', `There is no preset ${slug}.`);
    return preset;
  };
  return { find, hindrance: () => undefined };
}

const say = (preset: Preset, given: RouteFacts, presets: Presets): string => {
  try {
    const { preset: found, hops } = follow(preset, given, presets);
    return [routeText(hops), found.slug].filter(Boolean).join(' → ');
  } catch (error) {
    assert.ok(error instanceof Refused);
    return error.problem.code;
  }
};

describe('a route', () => {
  const light = serving('light');
  const coder = serving('coder');
  const auto = routing('auto', [
    { when: { task: ['summarize'] }, preset: 'light' },
    { when: {}, preset: 'coder' },
  ]);
  const presets = among(light, coder, auto);

  test('names the preset and the number of its rule, from 1', () => {
    assert.equal(say(auto, facts({ task: 'summarize' }), presets), 'auto@1 → light');
    assert.equal(say(auto, facts(), presets), 'auto@2 → coder');
    assert.equal(say(coder, facts({ task: 'summarize' }), presets), 'coder');
  });

  test('may lead through another one that chooses', () => {
    const outer = routing('outer', [{ when: {}, preset: 'auto' }]);
    assert.equal(say(outer, facts(), presets), 'outer@1,auto@2 → coder');
  });

  test('that nothing fits, that leads nowhere, or that never ends is refused', () => {
    const strict = routing('strict', [{ when: { tools: true }, preset: 'coder' }]);
    assert.equal(say(strict, facts(), presets), 'no_route_matched');
    assert.equal(say(routing('lost', [{ when: {}, preset: 'gone' }]), facts(), presets), 'preset_not_found');
    const circle = routing('circle', [{ when: {}, preset: 'circle' }]);
    assert.equal(say(circle, facts(), among(circle)), 'no_route_matched');
    assert.equal(judgeRoute(circle, facts(), among(circle)).length, 5);
  });

  test('sends background calls on, of the kinds that it names, where there is nothing in the way', () => {
    const title = facts({ task: 'background:title' });
    const any = serving('any', { background: { preset: 'light' } });
    const quota = serving('quota', { background: { preset: 'light', kinds: ['quota'] } });
    assert.equal(say(any, title, presets), 'any@background → light');
    assert.equal(say(any, facts({ task: 'summarize' }), presets), 'any');
    assert.equal(say(quota, title, presets), 'quota');
    const full: Presets = { ...presets, hindrance: () => 'no model of light has room' };
    assert.equal(say(any, title, full), 'any');
    assert.deepEqual(judgeRoute(any, title, full)[0]?.rules[0]?.conditions, [
      { holds: true, text: 'background title is true' },
      { holds: false, text: 'no model of light has room' },
    ]);
  });

  test('a rule after the one that fits is not asked', () => {
    const [{ rules } = { rules: [] }] = judgeRoute(auto, facts({ task: 'summarize' }), presets);
    assert.deepEqual(
      rules.map(({ matched, conditions }) => [matched, conditions?.length]),
      [
        [true, 1],
        [false, undefined],
      ],
    );
  });
});

const someWhen = fc.record<RouteWhen>(
  {
    task: fc.constantFrom(['x'], ['y'], ['*']),
    tools: fc.boolean(),
    promptTokens: fc.record({ gt: fc.integer({ min: 0, max: 3 }) }),
    user: fc.constantFrom(['u'], ['v']),
  },
  { requiredKeys: [] },
);
const someFacts = fc
  .record({
    task: fc.constantFrom('x', 'y', undefined),
    user: fc.constantFrom('u', undefined),
    tools: fc.boolean(),
    promptTokens: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ task, user, tools, promptTokens }) => facts({ task, user }, { tools, promptTokens }));

test('the first rule that fits wins, whatever comes after it; explain tells the same', () => {
  fc.assert(
    fc.property(fc.array(someWhen, { maxLength: 6 }), someFacts, (whens, given) => {
      const route = whens.map((when, index): RouteRule => ({ when, preset: `p${index}` }));
      const auto = routing('auto', route);
      const presets = among(auto, ...route.map(({ preset }) => serving(preset)));
      const first = whens.findIndex((when) => verdicts(when, given).every(({ holds }) => holds));
      const expected = first === -1 ? 'no_route_matched' : `auto@${first + 1} → p${first}`;
      assert.equal(say(auto, given, presets), expected);
      const [judged] = judgeRoute(auto, given, presets);
      assert.equal(
        judged?.rules.findIndex(({ matched }) => matched),
        first,
      );
    }),
  );
});

test('being routed loosens no lock: what either preset locks stays locked', () => {
  const keys = fc.uniqueArray(fc.constantFrom('models', 'provider', 'temperature', 'tools'));
  fc.assert(
    fc.property(keys, keys, keys, (outer, own, between) => {
      const start = routing('start', [{ when: {}, preset: 'mid' }], { locked: new Set(outer) });
      const mid = routing('mid', [{ when: {}, preset: 'end' }], { locked: new Set(between) });
      const end = serving('end', { locked: new Set(own) });
      const { preset } = follow(start, facts(), among(mid, end));
      assert.deepEqual(new Set(preset.locked), new Set([...outer, ...between, ...own]));
    }),
  );
});

test('a background call goes nowhere that the data policy of its preset forbids', () => {
  const coder = serving('coder', {
    background: { preset: 'light' },
    provider: { zdr: true, data_collection: 'deny', sort: 'price' },
  });
  const light = serving('light', { provider: { data_collection: 'allow' } });
  const { preset } = follow(coder, facts({ task: 'background:title' }), among(light));
  assert.deepEqual(preset.provider, { zdr: true, data_collection: 'deny' });
});
