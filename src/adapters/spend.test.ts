import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { arbitraryRecords, everything } from '../../test/support/arbitrary-records.ts';
import { nano } from '../core/money.ts';
import type { AttemptRecord, GenerationRecord } from '../core/record.ts';
import { hourOf, spent } from '../core/spend.ts';
import type { Dimension, SpendFilter, SpendReport } from '../core/spend-report.ts';
import { insertEntries } from './generations.ts';
import { transaction } from './database.ts';
import { migrations } from './schema.ts';
import { readKeySpend, readReport } from './spend.ts';

function commit(database: DatabaseSync, records: readonly string[]): void {
  transaction(database, () =>
    insertEntries(
      database,
      records.map((record) => ({ record, charges: [] })),
    ),
  );
}

/** A database in memory with these records in it. */
function holding(records: readonly GenerationRecord[]): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  for (const step of migrations) database.exec(step);
  commit(
    database,
    records.map((record) => JSON.stringify(record)),
  );
  return database;
}

function report(database: DatabaseSync, by: readonly Dimension[], filter: SpendFilter = {}): SpendReport {
  return readReport(database, { by, range: everything, filter, limit: Infinity });
}

const big = (value: number | undefined): bigint => BigInt(value ?? 0);
const sum = (values: readonly bigint[]): bigint => values.reduce((all, value) => all + value, 0n);
const paid = (attempt: AttemptRecord): bigint =>
  big(attempt.cost) + big(attempt.carried ?? attempt.unmeasured);

/** What the attempts come to, added up by hand. */
function byHand(records: readonly GenerationRecord[]): object {
  const attempts = records.flatMap((record) => record.attempts);
  const again = records.filter(({ clientRetry }) => clientRetry);
  const tokens = (name: 'input' | 'cacheRead' | 'cacheWrite' | 'cacheWrite1h' | 'output' | 'reasoning') =>
    sum(attempts.map(({ usage }) => big(usage?.[name])));
  return {
    attempts: big(attempts.length),
    requests: big(records.length),
    fallbacks: big(records.filter(({ served }) => (served?.position ?? 0) > 0).length),
    settled: sum(attempts.filter(({ basis }) => basis === 'measured').map(({ cost }) => big(cost))),
    estimated: sum(attempts.filter(({ basis }) => basis !== 'measured').map(({ cost }) => big(cost))),
    unmeasured: sum(attempts.map(({ carried, unmeasured }) => big(carried ?? unmeasured))),
    failed: sum(attempts.filter(({ outcome }) => outcome !== 'ok').map(paid)),
    premiumPrice: sum(records.map(({ premium }) => big(premium?.price))),
    premiumCache: sum(records.map(({ premium }) => big(premium?.cache))),
    input: tokens('input'),
    cacheRead: tokens('cacheRead'),
    cacheWrite: tokens('cacheWrite'),
    cacheWrite1h: tokens('cacheWrite1h'),
    output: tokens('output'),
    reasoning: tokens('reasoning'),
    overruns: big(attempts.filter(({ overrun }) => overrun).length),
    clientRetries: big(again.length),
    clientRetried: sum(again.flatMap((record) => record.attempts.map(paid))),
  };
}

const groupings: readonly (readonly Dimension[])[] = [
  [],
  ['workspace'],
  ['preset'],
  ['version'],
  ['position'],
  ['model'],
  ['provider'],
  ['key'],
  ['user'],
  ['tag'],
  ['tag:customer'],
  ['tag:__proto__'],
  ['day'],
  ['month'],
  ['workspace', 'tag'],
  ['month', 'preset', 'model', 'user'],
  ['tag:customer', 'tag:feature', 'key'],
];

describe('for any set of records', () => {
  for (const by of groupings) {
    test(`the total by ${by.join(', ') || 'nothing'} equals the attempts to the nano-dollar`, () => {
      fc.assert(
        fc.property(arbitraryRecords, (records) => {
          const { rows, total, overlapping } = report(holding(records), by);
          assert.deepEqual(total, byHand(records));
          if (!overlapping) assert.equal(sum(rows.map(({ sums }) => spent(sums))), spent(total));
        }),
        { numRuns: 40 },
      );
    });
  }

  test('each filter keeps exactly the records that fit it', () => {
    const filters: readonly (readonly [SpendFilter, (record: GenerationRecord) => boolean])[] = [
      [{ workspace: 'team' }, ({ workspace }) => workspace === 'team'],
      [{ key: 'ci' }, ({ key }) => key === 'ci'],
      [{ preset: 'coder' }, ({ preset }) => preset === 'coder'],
      [{ preset: 'team/coder' }, ({ preset, workspace }) => preset === 'coder' && workspace === 'team'],
      [{ user: "o'brien" }, ({ user }) => user === "o'brien"],
      [{ user: '=1+1', key: 'app' }, ({ user, key }) => user === '=1+1' && key === 'app'],
    ];
    fc.assert(
      fc.property(arbitraryRecords, fc.constantFrom(...filters), (records, [filter, fits]) => {
        assert.deepEqual(report(holding(records), ['model'], filter).total, byHand(records.filter(fits)));
      }),
    );
  });

  test('two spans that meet hold each attempt once', () => {
    const whole = { by: ['day'], filter: {}, limit: 1 } as const;
    fc.assert(
      fc.property(arbitraryRecords, fc.nat(12), (records, later) => {
        const database = holding(records);
        const cut = hourOf(Date.UTC(2026, 9, 31, 20)) + later;
        const before = readReport(database, { ...whole, range: { ...everything, to: cut } });
        const after = readReport(database, { ...whole, range: { ...everything, from: cut } });
        assert.equal(spent(before.total) + spent(after.total), spent(report(database, []).total));
        const first = records.flatMap(({ attempts }) => attempts).filter(({ at }) => hourOf(at) < cut);
        assert.equal(before.total.attempts, big(first.length));
      }),
    );
  });

  test('records that come again, in any order, are added once', () => {
    fc.assert(
      fc.property(arbitraryRecords, fc.nat(12), (records, cut) => {
        const database = holding(records.slice(0, cut));
        const texts = records.map((record) => JSON.stringify(record));
        commit(database, [...texts.toReversed(), ...texts]);
        assert.deepEqual(report(database, ['tag']).total, byHand(records));
      }),
    );
  });

  test('what a key has spent since an hour is the sum over its attempts that began since', () => {
    fc.assert(
      fc.property(arbitraryRecords, fc.nat(12), (records, later) => {
        const since = hourOf(Date.UTC(2026, 9, 31, 20)) + later;
        const own = records
          .filter(({ workspace, key }) => workspace === 'team' && key === 'ci')
          .flatMap(({ attempts }) => attempts)
          .filter(({ at }) => hourOf(at) >= since);
        const spend = readKeySpend(holding(records), { workspace: 'team', name: 'ci' }, since);
        assert.equal(spend, sum(own.map(paid)));
      }),
    );
  });
});

const attempt = (change: Partial<AttemptRecord>): AttemptRecord => ({
  id: 'gen-1/0',
  model: 'acme/a',
  provider: 'one',
  position: 0,
  at: Date.UTC(2026, 10, 1),
  outcome: 'ok',
  status: 200,
  latencyMs: 1,
  basis: 'measured',
  cost: nano(0),
  ...change,
});

const record = (change: Partial<GenerationRecord>): GenerationRecord => ({
  id: 'gen-1',
  at: Date.UTC(2026, 9, 31, 23, 59),
  latencyMs: 1,
  revision: 1,
  workspace: 'default',
  key: 'ci',
  api: 'chat',
  stream: false,
  requested: 'x',
  ending: 'ok',
  attempts: [],
  skipped: [],
  warnings: [],
  tags: {},
  cost: nano(0),
  ...change,
});

test('sums beyond 2^53 nano-dollars stay exact', () => {
  const most = nano(Number.MAX_SAFE_INTEGER);
  const records = [1, 2, 3].map((id) =>
    record({ id: `gen-${id}`, attempts: [attempt({ cost: most, at: Date.UTC(2026, 10, 1) + id })] }),
  );
  const database = holding(records);
  assert.equal(report(database, ['model']).total.settled, 3n * (2n ** 53n - 1n));
  assert.equal(readKeySpend(database, { workspace: 'default', name: 'ci' }, 0), 3n * (2n ** 53n - 1n));
});

test('money goes to the model and the month of its attempt; the request counts once, where it was served', () => {
  const served = attempt({ position: 1, model: 'acme/b', cost: nano(7) });
  const lost = attempt({
    at: Date.UTC(2026, 9, 31, 23, 59),
    outcome: 'timeout',
    basis: 'unmeasured',
    carried: nano(5),
    unmeasured: nano(3),
  });
  const database = holding([
    record({
      attempts: [lost, served],
      served: { position: 1, model: 'acme/b', provider: 'one' },
      premium: { price: nano(2), cache: nano(-1) },
    }),
  ]);
  const rows = report(database, ['month', 'model']).rows.map(({ group, sums }) => [
    ...group,
    Number(sums.requests),
    Number(sums.fallbacks),
    Number(sums.settled),
    Number(sums.unmeasured),
    Number(sums.failed),
    Number(sums.premiumPrice + sums.premiumCache),
  ]);
  assert.deepEqual(rows, [
    ['2026-11', 'acme/b', 1, 1, 7, 0, 0, 1],
    ['2026-10', 'acme/a', 0, 0, 0, 5, 5, 0],
  ]);
});

test('a request counts at the attempt that served, even if another one ended after it', () => {
  const served = { position: 0, model: 'acme/a', provider: 'one' };
  const later = attempt({ position: 1, model: 'acme/b', outcome: 'client_gone', basis: 'none' });
  const { rows } = report(holding([record({ attempts: [attempt({}), later], served })]), ['model']);
  assert.deepEqual(
    rows.map(({ group, sums }) => [...group, sums.requests]),
    [
      ['acme/a', 1n],
      ['acme/b', 0n],
    ],
  );
});

test('a report has as many rows as asked for, and says how many more there are', () => {
  const attempts = ['acme/a', 'acme/b', 'acme/c'].map((model, cost) => attempt({ model, cost: nano(cost) }));
  const query = { by: ['model'], range: everything, filter: {}, limit: 1 } as const;
  const { rows, leftOut, total } = readReport(holding([record({ attempts })]), query);
  assert.deepEqual([rows.map(({ group }) => group), leftOut, total.settled], [[['acme/c']], 2, 3n]);
});

test('a request that was refused before any attempt counts as one of no model', () => {
  const { rows } = report(holding([record({})]), ['model', 'position', 'preset', 'version', 'user', 'tag']);
  assert.deepEqual(
    rows.map(({ group, sums }) => [group, sums.requests, sums.attempts]),
    [[[undefined, undefined, undefined, undefined, undefined, undefined], 1n, 0n]],
  );
});

test('a generation with two tags stands in both rows, and once in the total', () => {
  const tags = { feature: 'search', customer: 'acme' };
  const { rows, total, overlapping } = report(
    holding([record({ attempts: [attempt({ cost: nano(4) })], tags })]),
    ['tag'],
  );
  assert.deepEqual(
    rows.map(({ group, sums }) => [...group, sums.settled]),
    [
      ['customer=acme', 4n],
      ['feature=search', 4n],
    ],
  );
  assert.deepEqual([total.settled, overlapping], [4n, true]);
});

test('a record that an older version wrote, or with odd numbers, does not keep the rest from being committed', () => {
  const odd = {
    ...record({ id: 'gen-odd' }),
    attempts: [{ ...attempt({}), usage: { input: 1.5, output: null } }],
  };
  const database = holding([odd as unknown as GenerationRecord, record({ id: 'gen-good' })]);
  assert.equal(report(database, []).total.requests, 2n);
});
