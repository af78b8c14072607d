/** Conversations that stay at the fallback they were moved to, in virtual time, through the real `serve`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromUsd } from '../src/core/money.ts';
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

  test('another preset, another chain: nothing stays there', async () => {
    const two = snapshotOf(document().replace('presets:', 'presets:\n  q: { models: [acme/a, acme/b] }'));
    const { turn: next } = await movedOnce(two);
    assert.deepEqual(await next({ model: '@preset/q' }), atA);
    assert.deepEqual(await next(), stays);
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

describe('a primary that is up for 3 s and down for 3 s, for two minutes', () => {
  const flaps = (at: number): Script | undefined =>
    at < 2 * minute && at % 6_000 >= 3_000 ? down : undefined;

  /** Who served each of 30 conversations, without repetitions: `a b a`. Beside them strangers, every second. */
  async function played(
    snapshot = pair,
    strangers = true,
  ): Promise<{ paths: readonly string[]; place: Town }> {
    const place = town(snapshot, primary(flaps));
    const served = Array.from({ length: 30 }, (): string[] => []);
    let seen: { readonly talk: number; readonly visit: Visit }[] = [];
    const note = (): void => {
      for (const { talk, visit } of seen) {
        const { model = '?' } = recordOf(visit).served ?? {};
        if (served[talk]?.at(-1) !== model.slice(-1)) served[talk]?.push(model.slice(-1));
      }
      seen = [];
    };
    for (let at = 0; at < 8 * minute; at += at < 2 * minute ? 1_000 : 10_000) {
      if (strangers) place.come({ model: '@preset/p', messages: [{ role: 'user', content: 'hi' }] });
      for (let talk = 0; talk < served.length; talk++)
        if (at >= 2 * minute || (at / 1_000 + talk) % 2 === 0)
          seen.push({ talk, visit: place.come(turn(`talk ${talk}`)) });
      await place.wait(at < 2 * minute ? 1_000 : 10_000);
      note();
    }
    assert.deepEqual(place.faults(), []);
    return { paths: served.map((path) => path.join(' ')), place };
  }
  const oscillates = (path: string): boolean => !['a', 'b', 'a b', 'a b a', 'b a'].includes(path);

  for (const [stay, strangers] of [
    ['5m', true],
    ['5m', false],
    ['10s', true],
  ] as const)
    test(`stay ${stay}, ${strangers ? 'with' : 'without'} strangers: each is moved once, and back once`, async () => {
      const { paths } = await played(snapshotOf(document(`, failover: { stay: ${stay} }`)), strangers);
      assert.deepEqual(paths.filter(oscillates), []);
      assert.ok(
        paths.some((path) => path === 'a b a'),
        paths.join('; '),
      );
      assert.ok(
        paths.every((path) => path.endsWith('a')),
        'when it is well again they are all back',
      );
    });
});
