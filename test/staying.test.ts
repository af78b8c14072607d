/** Conversations that stay at the fallback they were moved to, in virtual time, through the real `serve`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromUsd } from '../src/core/money.ts';
import type { AttemptRecord } from '../src/core/record.ts';
import {
  answer,
  atA,
  document,
  down,
  good,
  long,
  minute,
  moved,
  pair,
  primary,
  recordOf,
  stays,
  told,
  turn,
} from './support/talks.ts';
import { town, type Town } from './support/town.ts';
import { snapshotOf, type Script, type Visit } from './support/virtual-world.ts';

/** A conversation that `a` served once, and that was then moved to `b` while `a` was down for a moment. */
async function movedOnce(
  snapshot = pair,
  respond: (at: number) => Script | undefined = () => undefined,
): Promise<Town & { turn: (more?: object) => Promise<readonly string[]> }> {
  let broken = false;
  const place = town(
    snapshot,
    primary((at) => (broken ? down : respond(at))),
  );
  const next = async (more: object = {}): Promise<readonly string[]> =>
    told(await place.ask(1_000, turn('talk', more)));
  assert.deepEqual(await next(), atA);
  broken = true;
  assert.deepEqual(await next(), moved);
  broken = false;
  return { ...place, turn: next };
}

test('after a switch the conversation stays for five minutes, then goes back; others never leave', async () => {
  const { turn: next, ask, wait, faults } = await movedOnce();
  for (let asked = 0; asked < 4; asked++) {
    assert.deepEqual(await next(), stays);
    assert.deepEqual(told(await ask(1_000, turn('another'))), atA, 'only who was moved stays');
    await wait(minute);
  }
  await wait(30_000);
  assert.deepEqual(await next(), stays, 'turns do not lengthen the stay');
  await wait(30_000);
  assert.deepEqual(await next(), atA);
  assert.deepEqual(await next(), atA);
  assert.deepEqual(faults(), []);
});

describe('who stays', () => {
  const open = { session_id: undefined };
  const answered = {
    messages: [long, { role: 'assistant', content: 'yes' }, { role: 'user', content: 'go on' }],
  };
  const short = { messages: [{ role: 'user', content: 'hi' }] };
  const rows: readonly (readonly [what: string, more: object, stays: boolean])[] = [
    ['one with an id', {}, true],
    ['one without an id that a model has answered in', { ...open, ...answered }, true],
    ['a single question without an id has no cache to lose', open, false],
    ['nor has a prompt below 1,024 tokens', short, false],
  ];
  for (const [what, more, expected] of rows)
    test(what, async () => {
      const { ask } = town(
        pair,
        primary((at) => (at < 500 ? down : undefined)),
        turn('talk', more),
      );
      await ask(1_000);
      assert.deepEqual(told(await ask(1_000)), expected ? stays : atA);
    });

  describe('what tools add to the estimate of a short text counts as far as it is measured', () => {
    const able = snapshotOf(document().replaceAll('context: 100000', 'context: 100000, features: [tools]'));
    const brief = { role: 'user', content: 'Mend the build, please. '.repeat(80) };
    const tools = [{ type: 'function', function: { name: 'read', parameters: { type: 'object' } } }];
    for (const [measured, message, expected] of [
      [1_000, brief, atA],
      [1_100, brief, stays],
      [1_000, long, stays],
    ] as const)
      test(`${measured} tokens of ${message.content.length} bytes`, async () => {
        const { ask } = town(
          able,
          ({ model }, at) => (model === 'a' && at < 500 ? down : answer(measured, 0)),
          turn('talk', { messages: [message], tools }),
        );
        await ask(1_000);
        assert.deepEqual(told(await ask(1_000)), expected);
      });
  });

  test('another preset, another chain: nothing stays there', async () => {
    const two = snapshotOf(document().replace('presets:', 'presets:\n  q: { models: [acme/a, acme/b] }'));
    const { turn: next } = await movedOnce(two);
    assert.deepEqual(await next({ model: '@preset/q' }), atA);
    assert.deepEqual(await next(), stays);
  });

  test('nobody whom money alone sent elsewhere', async () => {
    const limited = document().replace(
      "up.example/v1'",
      "up.example/v1', limits: [{ requests: 1, per: minute }]",
    );
    const { ask, wait } = town(snapshotOf(limited), () => good, turn('talk'));
    await ask(1_000);
    assert.deepEqual(told(await ask(1_000)), ['acme/b:ok', 'acme/a@up:limit']);
    await wait(minute);
    assert.deepEqual(told(await ask(1_000)), atA);
  });

  test('a side call of the session neither follows nor moves anything', async () => {
    const { turn: next } = await movedOnce();
    assert.deepEqual(await next({ messages: [{ role: 'user', content: 'A title, please.' }] }), atA);
    assert.deepEqual(await next(), stays);
  });

  test('`stay: 0` goes back at once', async () => {
    const { turn: next } = await movedOnce(snapshotOf(document(', failover: { stay: 0s }')));
    assert.deepEqual(await next(), atA);
  });

  test('a stay that was set ends when it says', async () => {
    const { turn: next, wait } = await movedOnce(snapshotOf(document(', failover: { stay: 90s }')));
    await wait(80_000);
    assert.deepEqual(await next(), stays);
    await wait(10_000);
    assert.deepEqual(await next(), atA);
  });

  test('where the cache of the fallback is gone, nothing is lost by going back', async () => {
    const { turn: next, wait } = await movedOnce(snapshotOf(document(', failover: { stay: 1h }')));
    await wait(4 * minute);
    assert.deepEqual(await next(), stays);
    await wait(5 * minute);
    assert.deepEqual(await next(), atA);
  });
});

test('staying costs no availability: where the kept endpoint fails the primary serves, and it is back', async () => {
  let broken = 'a';
  const { ask } = town(pair, ({ model }) => (model === broken ? down : good), turn('talk'));
  await ask(1_000);
  broken = 'b';
  assert.deepEqual(told(await ask(1_000)), ['acme/b:server_error', 'acme/b:server_error', 'acme/a:ok']);
  broken = '';
  assert.deepEqual(told(await ask(1_000)), atA);
});

test('a limit on premium that is used up sends it to the primary', async () => {
  const snapshot = snapshotOf(document(', limits: [{ premium_usd: 0.13, per: day }]'));
  const { turn: next } = await movedOnce(snapshot);
  const turns: string[] = [];
  for (let asked = 0; asked < 4; asked++) turns.push((await next()).join());
  assert.equal(turns[0], stays.join());
  assert.ok(turns.includes('acme/a:ok,acme/b@other:budget'), turns.join('\n'));
  assert.equal(turns.at(-1), atA.join(), 'and there it is from then on');
});

describe('what a move has cost stands in the record', () => {
  /** 2,000 tokens at `a`, some of which it has cached; then `b` reads 2,100, of which `read` from its cache. */
  const lost = async (read: number, more: object = {}): Promise<readonly (number | undefined)[]> => {
    let broken = false;
    const { ask } = town(
      pair,
      ({ model }) => (model === 'a' ? (broken ? down : answer(2_000, 0)) : answer(2_100, read)),
      turn('talk', more),
    );
    const first = recordOf(await ask(1_000));
    broken = true;
    const second = recordOf(await ask(1_000));
    return [first.cacheLost, second.cacheLost, recordOf(await ask(1_000)).cacheLost];
  };

  test('2,000 tokens that b reads anew at $10 instead of $1', async () => {
    assert.deepEqual(await lost(0), [undefined, fromUsd(0.018), undefined]);
  });
  test('less what it did find there', async () => {
    assert.deepEqual(await lost(1_500), [undefined, fromUsd(0.0045), undefined]);
  });
  test('a short prompt loses nothing', async () => {
    assert.deepEqual(await lost(0, { messages: [{ role: 'user', content: 'hi' }] }), [
      undefined,
      undefined,
      undefined,
    ]);
  });
  test('going back is a move as well: 2,000 tokens at $1 instead of $0.10', async () => {
    const { ask, wait } = await movedOnce();
    await wait(4 * minute);
    await ask(1_000, turn('talk'));
    await wait(minute);
    assert.equal(recordOf(await ask(1_000, turn('talk'))).cacheLost, fromUsd(0.0018));
  });
});

test('a hundred conversations come back behind a single probe', async () => {
  const { come, wait, calls, faults } = town(
    pair,
    primary((at) => (at < 10_000 ? down : undefined)),
  );
  const all = async (): Promise<readonly Visit[]> => {
    const seen = Array.from({ length: 100 }, (_, index) => come(turn(`talk ${index}`)));
    await wait(1_000);
    return seen;
  };
  const servedBy = (seen: readonly Visit[], model: string): number =>
    seen.filter((one) => recordOf(one).served?.model === model).length;
  assert.equal(servedBy(await all(), 'acme/b'), 100);
  await wait(4 * minute);
  const before = calls('a');
  assert.equal(servedBy(await all(), 'acme/b'), 100);
  assert.equal(calls('a'), before, 'nobody asks the primary while they stay');
  await wait(minute);
  assert.equal(servedBy(await all(), 'acme/a'), 1, 'one probes');
  assert.equal(calls('a'), before + 1);
  assert.equal(servedBy(await all(), 'acme/a'), 1, 'the others wait until it was well for a minute');
  await wait(minute);
  assert.equal(servedBy(await all(), 'acme/a'), 100);
  assert.deepEqual(faults(), []);
});

describe('a primary that comes and goes for two minutes', () => {
  const flapping = 2 * minute;
  type Flaps = { readonly upMs: number; readonly periodMs: number };
  const threeAndThree: Flaps = { upMs: 3_000, periodMs: 6_000 };

  type Played = {
    /** Who served each of 30 conversations, without repetitions: `a b a`. */
    readonly paths: readonly string[];
    /** Calls of conversations to `a` after the first ten seconds, while it flaps. */
    readonly asked: number;
    /** Calls of strangers that failed there meanwhile. */
    readonly failures: number;
  };

  /** Thirty conversations that go on every two seconds, for eight minutes; beside them a stranger every second. */
  async function played(more: string, strangers: boolean, { upMs, periodMs }: Flaps): Promise<Played> {
    const place = town(
      snapshotOf(document(more)),
      primary((at) => (at < flapping && at % periodMs >= upMs ? down : undefined)),
    );
    const talks = Array.from({ length: 30 }, (): Visit[] => []);
    const others: Visit[] = [];
    for (let at = 0; at < 8 * minute;) {
      const step = at < flapping ? 1_000 : 10_000;
      if (strangers) others.push(place.come());
      for (const [index, talk] of talks.entries())
        if (at >= flapping || (at / 1_000 + index) % 2 === 0) talk.push(place.come(turn(`talk ${index}`)));
      await place.wait(step);
      at += step;
    }
    assert.deepEqual(place.faults(), []);
    const began = others[0] ?? talks[0]?.[0];
    const start = recordOf(began).at;
    const ofA = (visits: readonly Visit[]): readonly AttemptRecord[] =>
      visits
        .flatMap((seen) => recordOf(seen).attempts)
        .filter(({ model, at }) => model === 'acme/a' && at < start + flapping);
    return {
      paths: talks.map(pathOf),
      asked: ofA(talks.flat()).filter(({ at }) => at >= start + 10_000).length,
      failures: ofA(others).filter(({ outcome }) => outcome !== 'ok').length,
    };
  }
  const oscillates = (path: string): boolean => !['a', 'b a', 'a b a'].includes(path);

  for (const [stay, strangers] of [
    ['5m', true],
    ['5m', false],
    ['10s', true],
  ] as const)
    test(`3 s up, 3 s down, stay ${stay}, ${strangers ? 'with' : 'without'} strangers: each is moved once, and back once`, async () => {
      const { paths, asked, failures } = await played(
        `, failover: { stay: ${stay} }`,
        strangers,
        threeAndThree,
      );
      assert.deepEqual(paths.filter(oscillates), []);
      assert.ok(paths.some((path) => path === 'a b a'));
      if (stay === '5m' || strangers) assert.equal(asked, 0, 'who was moved does not ask while it flaps');
      // Back-offs of 1, 2, 4, 8, 16, 30, 30 and 30 s fill two minutes; each begins with three failures at most.
      assert.ok(failures <= 8 * 3, `${failures} failures of strangers`);
    });

  test('with a short stay and nobody else to find out, one of them probes in a minute, and stays longer then', async () => {
    const { paths } = await played(', failover: { stay: 10s }', false, { upMs: 3_500, periodMs: 7_000 });
    assert.deepEqual(paths.filter(oscillates), ['a b a b a']);
  });
});

function pathOf(visits: readonly Visit[]): string {
  const served = visits.map((seen) => recordOf(seen).served?.model.at(-1) ?? '?');
  return served.filter((model, index) => model !== served[index - 1]).join(' ');
}
