/** Breakers in virtual time, through the real `serve`: who is asked, how often, and when again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { town } from './support/town.ts';
import {
  answers,
  bills,
  breaks,
  connected,
  refuses,
  says,
  snapshotOf,
  streams,
  virtualKeyHash,
  type Respond,
  type Script,
  type Visit,
} from './support/virtual-world.ts';

const document = (chain: string, more = ''): string => `
providers:
  up: { wire: openai-chat, base_url: 'https://up.example/v1', api_key: [sk-first-key, sk-second-key] }
  other: { wire: openai-chat, base_url: 'https://other.example/v1' }
models:
  acme/a: { context: 100000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] }
  acme/b: { context: 100000, endpoints: [{ provider: other, model: b, price: { input: 10, output: 20 } }] }
  acme/c: { context: 100000, endpoints: [{ provider: other, model: c, price: { input: 10, output: 20 } }] }
presets:
  p: { models: [${chain}] ${more} }
keys: [{ name: test, key: '${virtualKeyHash}' }]
`;
const pair = snapshotOf(document('acme/a, acme/b'));
const alone = snapshotOf(document('acme/a'));
const ask = { model: '@preset/p', messages: [{ role: 'user', content: 'hi' }] };
const good: Script = answers({
  id: 'u',
  model: 'x',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 2 },
});

/** Primary `a` is what `down` says at a moment; everybody else is well. */
const primary =
  (down: (at: number) => Script | undefined): Respond =>
  ({ model }, at) =>
    (model === 'a' ? down(at) : undefined) ?? good;

const told = ({ records }: Visit): readonly string[] => [
  ...(records[0]?.attempts ?? []).map(({ model, outcome }) => `${model}:${outcome}`),
  ...(records[0]?.skipped ?? []).map(({ endpoint, reason }) => `${endpoint}:${reason}`),
];

test('a dead primary is not called after it opened, is probed once after the back-off, and comes back', async () => {
  let down = true;
  const {
    ask: one,
    come,
    wait,
    calls,
    breakers,
  } = town(
    pair,
    primary(() => (down ? refuses(1, 500) : undefined)),
  );
  for (let turn = 0; turn < 3; turn++) await one();
  assert.equal(calls('a'), 3);
  for (let turn = 0; turn < 5; turn++)
    assert.deepEqual(told(await one()), ['acme/b:ok', 'acme/a@up:breaker']);
  assert.equal(calls('a'), 3, 'an open breaker costs no call');
  assert.deepEqual(
    breakers().map(({ subject, state, why }) => [subject, state, why]),
    [['endpoint/acme/a@up', 'open', 'server_error']],
  );

  await wait(1_000);
  const crowd = Array.from({ length: 20 }, () => come());
  await wait(100);
  assert.equal(calls('a'), 4, 'one of them probes');
  assert.deepEqual(
    crowd.map((seen) => seen.records[0]?.served?.model),
    Array(20).fill('acme/b'),
  );

  down = false;
  await wait(2_000);
  assert.deepEqual(told(await one()), ['acme/a:ok']);
  assert.deepEqual(breakers(), []);
  assert.deepEqual(told(await one()), ['acme/a:ok']);
});

test('a storm of 200 clients on a 429 with Retry-After 30: one call, and one more when the time has come', async () => {
  const limited = refuses(1, 429, '{}', { 'retry-after': '30' });
  const {
    ask: one,
    come,
    wait,
    calls,
    faults,
  } = town(
    pair,
    primary(() => limited),
  );
  await one();
  const storm: Visit[] = [];
  for (let turn = 0; turn < 200; turn++) {
    storm.push(come());
    await wait(100);
  }
  assert.equal(calls('a'), 1, '20 s later');
  assert.ok(storm.every((seen) => told(seen).join() === 'acme/b:ok,acme/a@up:breaker'));
  await wait(10_000);
  const again = Array.from({ length: 200 }, () => come());
  await wait(200);
  assert.equal(calls('a'), 2);
  assert.ok(again.every(({ records }) => records[0]?.ending === 'ok'));
  assert.deepEqual(faults(), []);
});

test('a provider that flaps is probed a bounded number of times', async () => {
  const { ask: one, calls } = town(
    pair,
    // Well for 200 ms in every two seconds.
    primary((at) => (at % 2_000 < 200 ? undefined : refuses(1, 500))),
  );
  for (let turn = 0; turn < 1_200; turn++) await one(100);
  assert.ok(calls('a') < 120, `${calls('a')} of 1,200 requests in two minutes`);
});

test('streams that break after their first content open the breaker too', async () => {
  const cut: Script = [connected, streams(1), says(1, 'Hel'), breaks(5)];
  const fine: Script = [connected, streams(1), says(1, 'hi', 'stop'), bills(1, 10, 2)];
  const { ask: one, wait, calls } = town(pair, ({ model }) => (model === 'a' ? cut : fine));
  const stream = { ...ask, stream: true };
  for (let turn = 0; turn < 3; turn++) assert.equal((await one(100, stream)).records[0]?.ending, 'cut');
  assert.deepEqual(told(await one(100, stream)), ['acme/b:ok', 'acme/a@up:breaker']);
  await wait(1_000);
  await one(100, stream);
  assert.equal(calls('a'), 4, 'the probe');
  assert.deepEqual(told(await one(100, stream)), ['acme/b:ok', 'acme/a@up:breaker'], 'one cut is enough now');
});

test('a probe whose stream goes on for long holds nobody up: its first content lets the others in', async () => {
  const long: Script = [connected, streams(1), says(1, 'Hel'), says(60_000, 'lo', 'stop'), bills(1, 10, 2)];
  let down = true;
  const {
    ask: one,
    wait,
    breakers,
  } = town(pair, ({ model }) => (model === 'a' && down ? refuses(1, 500) : long));
  const stream = { ...ask, stream: true };
  for (let turn = 0; turn < 3; turn++) await one(100, stream);
  down = false;
  await wait(1_000);
  const probe = await one(100, stream);
  assert.equal(probe.records.length, 0, 'it still runs');
  assert.deepEqual(breakers(), []);
  const next = await one(100, stream);
  await wait(70_000);
  assert.deepEqual(told(next), ['acme/a:ok']);
});

test('a client that leaves gives the probe back; a caller’s own mistake proves nothing either', async () => {
  let script: Script = refuses(1, 500);
  const {
    ask: one,
    come,
    wait,
    calls,
    breakers,
  } = town(
    pair,
    primary(() => script),
  );
  for (let turn = 0; turn < 3; turn++) await one();
  await wait(1_000);
  script = [connected];
  const leaving = come();
  await wait(50);
  assert.equal(calls('a'), 4);
  assert.deepEqual(told(await one()), ['acme/b:ok', 'acme/a@up:breaker']);
  leaving.depart('client');
  await wait(50);
  script = refuses(1, 400, '{"error":{"message":"bad","type":"invalid_request_error"}}');
  assert.deepEqual(told(await one()), ['acme/a:caller']);
  assert.equal(breakers()[0]?.state, 'half_open');
  script = good;
  assert.deepEqual(told(await one()), ['acme/a:ok']);
  assert.deepEqual(breakers(), []);
});

test('a probe that answers closes it, though a call from before the outage fails meanwhile', async () => {
  const scripts: readonly Script[] = [
    [connected, breaks(3_000)],
    ...Array.from({ length: 3 }, () => refuses(1, 500)),
    [[1_000, () => undefined], ...good],
  ];
  let asked = 0;
  const {
    ask: one,
    come,
    wait,
    calls,
    breakers,
  } = town(
    pair,
    primary(() => scripts[asked++]),
  );
  come();
  for (let turn = 0; turn < 3; turn++) await one();
  await wait(2_200);
  const probe = come();
  await wait(700);
  assert.deepEqual(
    breakers().map(({ state, why }) => [state, why]),
    [['half_open', 'server_error']],
  );
  await wait(500);
  assert.deepEqual([told(probe), breakers(), calls('a')], [['acme/a:ok'], [], 5]);
});

test('a probe that no limit pays for is not taken', async () => {
  let down = true;
  const poor = snapshotOf(document('acme/a, acme/b', ', limits: [{ usd: 0.05, per: request }]'));
  const {
    ask: one,
    wait,
    breakers,
  } = town(
    poor,
    primary(() => (down ? refuses(1, 500) : undefined)),
  );
  const small = { ...ask, max_tokens: 100 };
  for (let turn = 0; turn < 3; turn++) await one(100, small);
  await wait(1_000);
  down = false;
  const dear = await one(100, {
    ...ask,
    max_tokens: 90_000,
    messages: [{ role: 'user', content: 'x'.repeat(60_000) }],
  });
  assert.equal(dear.records[0]?.attempts.length, 0);
  assert.equal(breakers()[0]?.state, 'half_open');
  assert.deepEqual(told(await one(100, small)), ['acme/a:ok']);
});

test('a credential out of credit, or refused, is left alone for all models; the provider’s other one serves', async () => {
  const broke: Respond = ({ headers }) =>
    headers['authorization'] === 'Bearer sk-first-key' ? refuses(1, 402) : good;
  const { ask: one, breakers } = town(pair, broke);
  assert.deepEqual(told(await one()), ['acme/a:quota', 'acme/b:ok']);
  assert.deepEqual(
    breakers().map(({ subject, why }) => [subject, why]),
    [['provider/up key 1', 'quota']],
  );
  const next = await one();
  assert.deepEqual(told(next), ['acme/a:ok']);
  assert.equal(next.calls.at(-1)?.headers['authorization'], 'Bearer sk-second-key');

  const refused = town(
    pair,
    primary(() => refuses(1, 401)),
  );
  for (let turn = 0; turn < 2; turn++) await refused.ask();
  assert.deepEqual(told(await refused.ask()), ['acme/b:ok', 'acme/a@up:breaker'], 'both are refused');
  await refused.wait(90 * 86_400_000);
  await refused.ask();
  assert.equal(refused.calls('a'), 2, 'until somebody changes it');
});

test('everybody rests, and nobody knows for how long: the first to be back is asked, once', async () => {
  let down = true;
  const { ask: one, calls } = town(pair, () => (down ? refuses(1, 500) : good));
  for (let turn = 0; turn < 3; turn++) await one();
  const before = calls('a') + calls('b');
  const bad = await one();
  assert.equal(calls('a') + calls('b'), before + 1);
  assert.equal(bad.records[0]?.problem, 'upstream_unavailable');
  down = false;
  assert.equal((await one()).records[0]?.ending, 'ok', 'an answer beats a refusal');
});

test('everybody is rate-limited until a time that was named: 429 at once, with the shortest wait', async () => {
  const waits: Readonly<Record<string, string>> = { a: '40', b: '12' };
  const { ask: one, calls } = town(pair, ({ model }) =>
    refuses(1, 429, '{}', { 'retry-after': waits[model] ?? '' }),
  );
  await one();
  const refused = await one();
  assert.equal(calls('a') + calls('b'), 2);
  assert.equal(refused.records[0]?.problem, 'upstream_rate_limited');
  assert.deepEqual(told(refused), ['acme/a@up:breaker', 'acme/b@other:breaker']);
  assert.match(refused.events.join('\n'), /head 429/);
});

test('an only endpoint that fails is asked by everybody, as without a breaker', async () => {
  const { ask: one, calls } = town(alone, () => refuses(1, 500));
  for (let turn = 0; turn < 10; turn++) await one();
  assert.equal(calls('a'), 10);
});

test('what the endpoint found out while a request waited elsewhere counts: it is not asked in vain', async () => {
  const { come, wait, calls } = town(pair, ({ model }, at) =>
    model === 'a'
      ? [
          [at < 5_000 ? 3_000 : 1, connected[1]],
          [0, breaks(0)[1]],
        ]
      : refuses(1, 429, '{}', { 'retry-after': '60' }),
  );
  const crowd = Array.from({ length: 50 }, () => come());
  await wait(10);
  const late = Array.from({ length: 50 }, () => come());
  await wait(60_000);
  assert.equal(calls('b'), 50, 'those that failed over in the same moment');
  assert.ok([...crowd, ...late].every(({ records }) => records.length === 1));
});

test('a clock that is set changes nothing', async () => {
  for (const ms of [-3_600_000, 3_600_000]) {
    const limited = refuses(1, 429, '{}', { 'retry-after': '30' });
    const {
      ask: one,
      come,
      calls,
      wait,
    } = town(
      pair,
      primary(() => limited),
    );
    await one();
    come().clock.step(ms);
    await wait(20_000);
    await one();
    assert.equal(calls('a'), 1);
    await wait(10_000);
    await one();
    assert.equal(calls('a'), 2);
  }
});
