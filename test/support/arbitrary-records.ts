/** Records of any kind that a gateway may write, small enough to collide in every dimension. */
import fc from 'fast-check';
import { nano, type Nano } from '../../src/core/money.ts';
import type { AttemptRecord, GenerationRecord } from '../../src/core/record.ts';
import type { Basis } from '../../src/core/usage.ts';

/** Around a turn of the month, so that hours, days and months all differ within one record. */
const start = Date.UTC(2026, 9, 31, 20);
const time = fc.integer({ min: 0, max: 9 * 3_600_000 }).map((ms) => start + ms);

const money: fc.Arbitrary<Nano> = fc
  .oneof(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }))
  .map(nano);
const signed = fc.tuple(fc.boolean(), money).map(([less, amount]) => nano(less ? 0 - amount : amount));
const count = fc.integer({ min: 0, max: 1_000_000 });
const optional = { requiredKeys: ['input', 'output'] as ('input' | 'output')[] };

const attempt: fc.Arbitrary<Omit<AttemptRecord, 'id' | 'at'> & { after: number }> = fc.record(
  {
    after: fc.integer({ min: 0, max: 2 * 3_600_000 }),
    model: fc.constantFrom('acme/a', 'acme/b'),
    provider: fc.constantFrom('one', 'two'),
    position: fc.integer({ min: 0, max: 2 }),
    outcome: fc.constantFrom('ok', 'rate_limit', 'timeout', 'client_gone'),
    status: fc.constant(200),
    latencyMs: fc.constant(1),
    basis: fc.constantFrom<Basis[]>('measured', 'estimated', 'unmeasured', 'none'),
    cost: money,
    usage: fc.record(
      {
        input: count,
        cacheRead: count,
        cacheWrite: count,
        cacheWrite1h: count,
        output: count,
        reasoning: count,
      },
      optional,
    ),
    unmeasured: money,
    carried: money,
    overrun: fc.constant(true),
  },
  {
    requiredKeys: [
      'after',
      'model',
      'provider',
      'position',
      'outcome',
      'status',
      'latencyMs',
      'basis',
      'cost',
    ],
  },
);

const text = fc.constantFrom('x', 'y', '', '=1+1', "o'brien", 'a"b', '__proto__');

export const arbitraryRecord: fc.Arbitrary<Omit<GenerationRecord, 'id'>> = fc
  .record({
    at: time,
    workspace: fc.constantFrom('default', 'team'),
    key: fc.constantFrom('ci', 'app'),
    preset: fc.option(fc.constantFrom('coder', 'writer'), { nil: undefined }),
    presetVersion: fc.integer({ min: 1, max: 2 }),
    user: fc.option(text, { nil: undefined }),
    tags: fc.dictionary(fc.constantFrom('customer', 'feature', '__proto__'), text, { maxKeys: 3 }),
    attempts: fc.array(attempt, { maxLength: 4 }),
    serves: fc.boolean(),
    premium: fc.option(fc.record({ price: signed, cache: signed }), { nil: undefined }),
    clientRetry: fc.option(fc.constant({ count: 1 }), { nil: undefined }),
  })
  .map(({ attempts, serves, presetVersion, ...facts }) => {
    const { preset, user, premium, clientRetry, ...always } = facts;
    const last = attempts.at(-1);
    return {
      ...always,
      latencyMs: 1,
      revision: 1,
      api: 'chat',
      stream: false,
      requested: 'x',
      ending: 'ok',
      skipped: [],
      warnings: [],
      ...(preset === undefined ? {} : { preset, presetVersion }),
      ...(user === undefined ? {} : { user }),
      ...(premium === undefined ? {} : { premium }),
      ...(clientRetry === undefined ? {} : { clientRetry }),
      ...(serves && last
        ? { served: { position: last.position, model: last.model, provider: last.provider } }
        : {}),
      attempts: attempts.map(({ after, ...made }, index) => ({
        ...made,
        id: `${index}`,
        at: facts.at + after,
      })),
      // The sum over attempts is what reports are compared with, so this one may be anything.
      cost: nano(0),
    };
  });

/** Records with ids of their own. */
export const arbitraryRecords: fc.Arbitrary<readonly GenerationRecord[]> = fc
  .array(arbitraryRecord, { maxLength: 12 })
  .map((records) => records.map((record, index) => ({ ...record, id: `gen-${index}` })));

/** Holds every record that `arbitraryRecord` makes: October and November 2026, in hours since 1970. */
export const everything = { from: Date.UTC(2026, 9) / 3_600_000, to: Date.UTC(2026, 11) / 3_600_000 };
