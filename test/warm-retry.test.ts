/** A warm conversation asks the same endpoint once more after a brief failure: who, when, and who does not. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { document, down, long, moved, pair, primary, recordOf, told, turn } from './support/talks.ts';
import { town, type Town } from './support/town.ts';
import { refuses, snapshotOf, type Script, type Visit } from './support/virtual-world.ts';

/** The calls of a turn that finds `a` down after one that it served, with more in the preset. */
async function movedUnder(more: string): Promise<{ place: Town; turn: readonly string[] }> {
  let broken = false;
  const place = town(
    snapshotOf(document(more)),
    primary(() => (broken ? down : undefined)),
    turn('talk'),
  );
  await place.ask(1_000);
  broken = true;
  return { place, turn: told(await place.ask(1_000)) };
}

describe('a brief failure where the conversation has its cache: the same endpoint is asked once more', () => {
  const limited = (seconds: string): Script => refuses(1, 429, '{}', { 'retry-after': seconds });
  const rows: readonly (readonly [what: string, trouble: Script, outcomes: string, tookMs: number])[] = [
    ['server_error, after 250 ms', down, 'acme/a:server_error,acme/a:ok', 250],
    ['overloaded', refuses(1, 529), 'acme/a:overloaded,acme/a:ok', 250],
    ['a rate limit of two seconds', limited('2'), 'acme/a:rate_limit,acme/a:ok', 2_000],
    ['a rate limit of three seconds is too long', limited('3'), 'acme/a:rate_limit,acme/b:ok', 0],
    ['a rate limit that names no time', refuses(1, 429), 'acme/a:rate_limit,acme/b:ok', 0],
    ['out of credit', refuses(1, 402), 'acme/a:quota,acme/b:ok', 0],
    ['a refused credential', refuses(1, 401), 'acme/a:auth,acme/b:ok', 0],
    ['a model that is gone', refuses(1, 404), 'acme/a:model_gone,acme/b:ok', 0],
  ];
  for (const [what, trouble, outcomes, tookMs] of rows)
    test(what, async () => {
      let calls = 0;
      const { ask } = town(
        pair,
        primary(() => (++calls === 2 ? trouble : undefined)),
        turn('talk'),
      );
      await ask(1_000);
      const record = recordOf(await ask(5_000));
      assert.equal(record.attempts.map(({ model, outcome }) => `${model}:${outcome}`).join(), outcomes);
      const [first, again] = record.attempts;
      assert.ok(first && again);
      assert.equal(again.at - first.at - first.latencyMs, tookMs);
    });

  const cold = (more: object): Promise<Visit> =>
    town(
      pair,
      primary((at) => (at < 100 ? down : undefined)),
      turn('talk', more),
    ).ask(1_000);
  test('a conversation that was never there goes on to the next at once', async () => {
    assert.deepEqual(told(await cold({})), ['acme/a:server_error', 'acme/b:ok']);
  });

  test('one that was there before is known by its cache alone, too', async () => {
    // Its first turn has no id and no answer before it; the second has.
    const first = { session_id: undefined };
    const next = {
      ...first,
      messages: [long, { role: 'assistant', content: 'yes' }, { role: 'user', content: 'go on' }],
    };
    let calls = 0;
    const { ask } = town(
      pair,
      primary(() => (++calls === 2 ? down : undefined)),
      turn('talk', first),
    );
    await ask(1_000);
    assert.deepEqual(told(await ask(1_000, turn('talk', next))), ['acme/a:server_error', 'acme/a:ok']);
  });

  test('it counts as an attempt, and leaves one for the fallback', async () => {
    for (const [attempts, calls] of [
      [2, ['acme/a:server_error', 'acme/b:ok']],
      [3, moved],
    ] as const) {
      const { turn: next } = await movedUnder(`, failover: { attempts: ${attempts} }`);
      assert.deepEqual(next, calls);
    }
  });

  test('not later than the last moment at which a call may begin', async () => {
    assert.deepEqual((await movedUnder(', failover: { timeouts: { start_by: 200ms } }')).turn.length, 2);
  });

  test('each is held anew, and nothing is held afterwards', async () => {
    const { place, turn: next } = await movedUnder(', limits: [{ usd: 1, per: day }]');
    assert.deepEqual(next, moved);
    assert.equal((await place.ask(1_000)).held(), 0);
  });

  test('a breaker that opened meanwhile ends it', async () => {
    let broken = false;
    const { ask } = town(
      pair,
      primary(() => (broken ? down : undefined)),
    );
    for (const talk of ['one', 'two']) await ask(1_000, turn(talk));
    broken = true;
    assert.deepEqual(told(await ask(1_000, turn('one'))), moved);
    assert.deepEqual(
      told(await ask(1_000, turn('two'))),
      ['acme/a:server_error', 'acme/b:ok'],
      'the third in a row',
    );
  });

  test('a client that leaves during the wait ends it at once', async () => {
    let calls = 0;
    const {
      ask,
      come,
      wait,
      calls: reached,
    } = town(
      pair,
      primary(() => (++calls > 1 ? down : undefined)),
      turn('talk'),
    );
    await ask(1_000);
    const left = come();
    await wait(100);
    assert.equal(left.records.length, 0, 'it waits');
    left.depart('client');
    await wait(0);
    assert.equal(recordOf(left).ending, 'client_gone');
    await wait(5_000);
    assert.equal(reached('a') + reached('b'), 2);
    assert.equal(left.clock.pending, 0);
    assert.deepEqual(left.faults, []);
  });
});
