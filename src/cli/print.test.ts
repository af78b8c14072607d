import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fallbackRecord } from '../../test/support/in-memory-control.ts';
import { viewGeneration, type ExplanationView } from '../control/api-views.ts';
import type { Change, Finding } from '../control/operations.ts';
import { nano } from '../core/money.ts';
import { changeLines, changeSummary, revisionLines } from './print-changes.ts';
import { findingLine, findingSummary, githubLine } from './print-findings.ts';
import { planLines } from './print-plan.ts';
import { plain } from './shell.ts';
import { tailLine } from './tail.ts';

const error: Finding = {
  path: 'presets.coder.models[1]',
  line: 12,
  column: 7,
  level: 'error',
  message: 'unknown model',
};
const warning: Finding = { path: '', level: 'warning', message: '100 % of it, or more: a\nb' };

describe('findings', () => {
  test('as a place that editors jump to', () => {
    assert.equal(
      findingLine('s.yaml', error, plain),
      's.yaml:12:7 error presets.coder.models[1]: unknown model',
    );
    assert.equal(findingLine('s.yaml', warning, plain), 's.yaml warning 100 % of it, or more: a b');
  });
  test('as workflow annotations, escaped', () => {
    assert.equal(
      githubLine('a,b.yaml', error),
      '::error file=a%2Cb.yaml,line=12,col=7,title=spillway presets.coder.models[1]::unknown model',
    );
    assert.equal(
      githubLine('s.yaml', warning),
      '::warning file=s.yaml,title=spillway::100 %25 of it, or more: a%0Ab',
    );
    assert.equal(
      githubLine('50%\r\n::error::x,y.yaml', { ...warning, path: 'a["%\n:,"]' }),
      '::warning file=50%25%0D%0A%3A%3Aerror%3A%3Ax%2Cy.yaml,title=spillway a["%25%0A%3A%2C"]::100 %25 of it, or more: a%0Ab',
    );
  });
  test('counted', () => {
    assert.equal(findingSummary('s.yaml', []), 's.yaml: valid');
    assert.equal(findingSummary('s.yaml', [warning]), 's.yaml: valid, 1 warning');
    assert.equal(findingSummary('s.yaml', [error, error, warning]), 's.yaml: 2 errors, 1 warning');
  });
});

describe('changes', () => {
  const changes: readonly Change[] = [
    { kind: 'preset', name: 'coder', action: 'created', version: 1, diff: ['+ models: []'] },
    {
      kind: 'provider',
      name: 'deepseek',
      action: 'changed',
      version: 3,
      diff: ['- api_key: <secret>', '+ api_key: env:NEW'],
    },
    { kind: 'preset', name: 'old', action: 'kept', version: 2, diff: [] },
    { kind: 'key', name: 'ci', action: 'unchanged', version: 1, diff: [] },
  ];
  test('one line each, the difference below what changed, nothing about what did not', () => {
    assert.deepEqual(changeLines(changes, plain), [
      '+  preset    coder     created  version 1',
      '~  provider  deepseek  changed  version 3',
      '    - api_key: <secret>',
      '    + api_key: env:NEW',
      '=  preset    old       kept     not in the document; --prune archives it',
    ]);
  });
  test('counted', () => {
    assert.equal(changeSummary(changes), '1 created, 1 changed, 1 kept, 1 unchanged');
    assert.equal(changeSummary(changes.slice(2)), 'nothing to change');
    assert.equal(changeSummary([]), 'nothing to change');
  });
  test('as a history', () => {
    const revision = { at: '2026-11-24T12:03:04.000Z', author: 'operator', message: 'why', changes };
    assert.deepEqual(
      revisionLines(
        [
          { ...revision, revision: 12 },
          { ...revision, revision: 9, changes: [] },
        ],
        plain,
      ),
      [
        '12  2026-11-24 12:03  operator  preset coder created, provider deepseek changed  why',
        ' 9  2026-11-24 12:03  operator  nothing                                          why',
      ],
    );
  });
});

test('a plan: each endpoint with its worst price, then what is left out and why', () => {
  const step = { endpoint: '', model: 'a/b', provider: 'x', output_cap: 16_384 };
  const plan: ExplanationView = {
    preset: 'coder@7',
    requested: '@preset/coder',
    route: [],
    warnings: ['temperature is locked'],
    steps: [
      { ...step, position: 0, worst_usd: 0.0123, multiplier: 1 },
      { ...step, position: 1, model: 'c/long-name', worst_usd: 0.083, multiplier: 6.75 },
      { ...step, position: 2 },
    ],
    skipped: [{ endpoint: 'e/f@y', reason: 'context' }],
  };
  assert.deepEqual(planLines(plan, plain), [
    'coder@7 (asked for @preset/coder)',
    '  0 primary   a/b @ x          at most $0.0123  output ≤ 16,384 tokens',
    '  1 fallback  c/long-name @ x  at most $0.083   output ≤ 16,384 tokens  6.8x the primary',
    '  2 fallback  a/b @ x          no price known   output ≤ 16,384 tokens',
    'left out',
    '  e/f@y  context',
    'warning: temperature is locked',
  ]);
  const refused = {
    ...plan,
    steps: [],
    skipped: [],
    warnings: [],
    problem: { code: 'preset_not_found', message: 'no' },
  };
  assert.deepEqual(planLines(refused, plain).slice(1), ['  nothing would be called', 'preset_not_found: no']);
});

describe('a generation in one line', () => {
  const table: readonly (readonly [
    name: string,
    change: Parameters<typeof fallbackRecord>[0],
    line: RegExp,
  ])[] = [
    [
      'served by a fallback',
      {},
      /^12:03:04 {2}coder@7 +anthropic\/claude-haiku-4\.5 +1 FALLBACK {4}2 tries +812 → 120 +\$0\.00123 +2\.9x +0\.84 s {2}after rate_limit$/,
    ],
    [
      'served by the primary',
      { served: { position: 0, model: 'deepseek/deepseek-v4-pro', provider: 'd' }, attempts: [] },
      /deepseek\/deepseek-v4-pro +0 primary .* \$0\.00123 +0\.84 s$/,
    ],
    [
      'cut after content',
      { ending: 'cut', problem: 'stream_interrupted' },
      /cut: stream_interrupted after rate_limit$/,
    ],
    ['left by its client', { ending: 'client_gone', attempts: [] }, /client gone$/],
  ];
  for (const [name, change, line] of table) {
    test(name, () => assert.match(tailLine(viewGeneration(fallbackRecord(change)), plain), line));
  }

  test('refused before any call, with a name that tries to steer the terminal', () => {
    const { served: _, preset: _preset, ...rest } = fallbackRecord();
    const refused = {
      ...rest,
      requested: 'no\u001b[2Jpe',
      attempts: [],
      ending: 'failed',
      problem: 'preset_not_found',
      cost: nano(0),
    } as const;
    assert.match(
      tailLine(viewGeneration(refused), plain),
      /^12:03:04 {2}- +no \[2Jpe +none +0 tries .*\$0\.00 .*failed: preset_not_found$/,
    );
  });

  test('columns stand where they stand, whatever is in them', () => {
    const short = tailLine(viewGeneration(fallbackRecord()), plain);
    const long = tailLine(
      viewGeneration(fallbackRecord({ preset: 'x', latencyMs: 61_000, attempts: [] })),
      plain,
    );
    assert.equal(short.indexOf('FALLBACK'), long.indexOf('FALLBACK'));
    assert.equal(short.indexOf('$'), long.indexOf('$'));
  });
});
