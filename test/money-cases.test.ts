/** What the oracle found, each as the smallest case that shows it: how limits behave where it is easy to be wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProcessLedger, type LeaseOrder } from '../src/adapters/ledger.ts';
import type { Caller } from '../src/core/budget.ts';
import type { Demand } from '../src/core/demand.ts';
import { nano } from '../src/core/money.ts';
import type { Snapshot } from '../src/core/snapshot.ts';
import type { Denial, Hold, Ticket } from '../src/ports.ts';
import {
  bills,
  breaks,
  connected,
  refuses,
  says,
  snapshotOf,
  streams,
  virtualKeyHash,
  visit,
  type Script,
} from './support/virtual-world.ts';
import { VirtualClock } from '../src/sim/clock.ts';

const limited = (limits: string, provider = ''): Snapshot =>
  snapshotOf(`
providers:
  up: { wire: openai-chat, base_url: 'https://up.example/v1', catalog: deepseek, limits: [${provider}] }
models:
  acme/a: { context: 100000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] }
  acme/b: { context: 100000, endpoints: [{ provider: up, model: b, price: { input: 4, output: 8 } }] }
presets: { p: { models: [acme/a, acme/b], limits: [${limits}] } }
keys: [{ name: test, key: '${virtualKeyHash}' }]`);

const caller: Caller = { workspace: 'default', key: 'test', preset: 'p' };
const target = { provider: 'up', model: 'acme/a' };
const dollars = (usd: number): Demand => ({ usd: nano(usd * 1e9), premium: nano(0), tokens: 1 });
const paid = (usd: number): Parameters<Hold['settle']>[0] => ({
  usd: nano(usd * 1e9),
  premium: nano(0),
  tokens: 1,
});

type Desk = {
  readonly ledger: ProcessLedger;
  readonly clock: VirtualClock;
  readonly orders: LeaseOrder[];
  configure(snapshot: Snapshot): void;
};

/** A ledger whose store answers when it is told to; by default at once. */
function desk(first: Snapshot, store: () => Promise<void> = async () => undefined): Desk {
  let snapshot = first;
  const clock = new VirtualClock();
  const orders: LeaseOrder[] = [];
  const ledger = new ProcessLedger({
    clock,
    snapshot: () => snapshot,
    notice: () => undefined,
    fault: () => undefined,
    store: {
      spent: () => 0,
      loans: () => [],
      async take(asked) {
        await store();
        orders.push(...asked);
        return asked.map(({ amount }) => amount);
      },
    },
  });
  return { ledger, clock, orders, configure: (next) => (snapshot = next) };
}

function ticketOf({ ledger }: Desk): Ticket {
  const ticket = ledger.admit(caller);
  assert.ok('hold' in ticket);
  return ticket;
}

const granted = (result: Hold | Denial): Hold => {
  assert.ok('settle' in result, JSON.stringify(result));
  return result;
};

test('a limit that is changed counts at once, also for a request that is on its way', async () => {
  const at = desk(limited('{ usd: 1, per: total }'));
  const ticket = ticketOf(at);
  granted(await ticket.hold(target, dollars(0.6))).settle(paid(0.6));
  at.configure(limited('{ usd: 3, per: total }'));
  granted(await ticket.hold(target, dollars(2))).settle(paid(0.1));
  at.configure(limited('{ usd: 0.5, per: total }'));
  const refused = await ticket.hold(target, dollars(0.1));
  assert.ok('denied' in refused && refused.denied === 'exhausted');
  assert.equal(at.ledger.standings()[0]?.limit, 0.5e9);
});

test('a limit that refused, then observes, then refuses again leases no more than it needs', async () => {
  const at = desk(limited('{ usd: 100, per: total }'));
  const pay = async (): Promise<void> => {
    const ticket = ticketOf(at);
    granted(await ticket.hold(target, dollars(1))).settle(paid(0.5));
    for (const { paid: spent, released } of ticket.close()) balance -= spent + released;
  };
  let balance = 0;
  const leased = (): number => at.orders.reduce((sum, { amount }) => sum + amount, balance);
  await pay();
  at.configure(limited('{ usd: 100, per: total, mode: observe }'));
  for (let index = 0; index < 5; index++) await pay();
  assert.equal(leased(), 0, 'what only observes keeps no lease');
  at.configure(limited('{ usd: 100, per: total }'));
  await pay();
  await at.clock.advance(0);
  assert.ok(leased() > 0 && leased() <= 1e9, `one slice: ${leased()}`);
  assert.equal(at.ledger.standings()[0]?.spent, 3.5e9);
});

test('two holds at the same moment are both granted when their leases arrive one after the other', async () => {
  const at = desk(limited('{ usd: 10, per: total }'));
  const results = await Promise.all(
    Array.from({ length: 8 }, async () => await ticketOf(at).hold(target, dollars(1))),
  );
  assert.deepEqual(
    results.filter((result) => 'denied' in result),
    [],
  );
});

test('a store whose answers come in another order than they were asked for keeps nobody busy', async () => {
  const arrive: (() => void)[] = [];
  let asked = 0;
  const store = (): Promise<void> =>
    ++asked === 1 ? new Promise((resolve) => arrive.push(resolve)) : Promise.resolve();
  const at = desk(limited('{ usd: 1000, per: total }'), store);
  const holding = async (): Promise<Hold | Denial> => await ticketOf(at).hold(target, dollars(1));
  const both = [holding(), holding()];
  await at.clock.advance(10);
  for (const each of arrive) each();
  for (const result of await Promise.all(both)) granted(result);
});

test('a request limit of a provider refuses at once: no settlement gives a request back', async () => {
  const at = desk(limited('', '{ requests: 1, per: minute }'));
  const hold = granted(await ticketOf(at).hold(target, dollars(1)));
  const refused = await ticketOf(at).hold(target, dollars(1));
  assert.ok('denied' in refused && refused.denied === 'exhausted');
  hold.settle(paid(0));
});

test('when the window ends while a lease is on its way, the attempt counts in the window it begins in', async () => {
  let arrive = (): void => undefined;
  const at = desk(limited('{ usd: 10, per: minute }'), () => new Promise((resolve) => (arrive = resolve)));
  const holding = ticketOf(at).hold(target, dollars(1));
  await at.clock.advance(10);
  at.clock.step(60_000 - 10);
  arrive();
  await at.clock.advance(0);
  arrive();
  granted(await holding);
  const held = at.ledger.standings().map((state) => [state.held, state.resetsAt]);
  assert.deepEqual(held, [[1e9, at.clock.now() + 60_000]]);
});

test('a store that does not answer is lost after a while, and what it grants later is used', async () => {
  let arrive = (): void => undefined;
  const at = desk(limited('{ usd: 10, per: total }'), () => new Promise((resolve) => (arrive = resolve)));
  const first = ticketOf(at).hold(target, dollars(1));
  await at.clock.advance(4_999);
  assert.equal(at.ledger.standings()[0]?.held, 1e9);
  await at.clock.advance(1);
  const refused = await first;
  assert.ok('denied' in refused && refused.denied === 'unavailable');
  arrive();
  await at.clock.advance(0);
  assert.ok('settle' in (await ticketOf(at).hold(target, dollars(1))), 'the late lease covers it');
});

test('what an earlier attempt had leased is given back while the request goes on', async () => {
  const at = desk(limited('{ usd: 1000, per: total }'));
  const ticket = ticketOf(at);
  granted(await ticket.hold(target, dollars(500))).settle(paid(0));
  granted(await ticket.hold(target, dollars(20)));
  await at.clock.advance(0);
  const leased = at.orders.reduce((sum, { amount }) => sum + amount, 0);
  assert.ok(leased <= 40e9, `what is held and one slice: ${leased}`);
});

const ask = {
  model: '@preset/p',
  stream: true,
  max_tokens: 1_000,
  messages: [{ role: 'user', content: 'hello' }],
};
const many: Script = [connected, streams(1), says(1, 'x'.repeat(300)), says(1, 'y'.repeat(300)), breaks(1)];

test('a stream that is cut is carried with every token it may have had, though an event held many', async () => {
  const seen = visit(limited('{ usd: 1, per: total }'), ask, [many]);
  await seen.clock.advance(1_000);
  const [attempt] = seen.settled;
  assert.ok((attempt?.bound?.output ?? 0) >= 600, JSON.stringify(attempt));
  assert.ok((attempt?.carried ?? 0) >= 600 * 2_000, JSON.stringify(attempt));
});

test('an answer that tells no usage is estimated for its caller, and carried with its bound by limits', async () => {
  const silent: Script = [
    connected,
    streams(1),
    says(1, '我是一個很長的回答', 'stop'),
    [1, (sink) => sink.end()],
  ];
  const seen = visit(limited('{ usd: 1, per: total }'), ask, [silent]);
  await seen.clock.advance(5_000);
  const [attempt] = seen.settled;
  assert.equal(attempt?.basis, 'estimated');
  assert.ok((attempt?.cost ?? 0) > 0 && (attempt?.carried ?? 0) > (attempt?.cost ?? 0));
  assert.ok((attempt?.bound?.output ?? 0) >= 27, 'a character may be three tokens');
  assert.equal(seen.held(), 0);
});

test('a provider that bills more than was held is paid, and flagged', async () => {
  const greedy: Script = [connected, streams(1), says(1, 'hi', 'stop'), bills(1, 5, 900_000)];
  const seen = visit(limited('{ usd: 1, per: total }'), ask, [greedy]);
  await seen.clock.advance(5_000);
  const [attempt] = seen.settled;
  assert.equal(attempt?.overrun, true);
  assert.equal(attempt?.cost, 5 * 1_000 + 900_000 * 2_000);
});

test('nothing is sent for a client that left while others were waited for', async () => {
  const one = limited('{ usd: 0.0021, per: total, min_output: 10 }');
  const first = visit(one, ask, [[connected]]);
  await first.clock.advance(100);
  const second = first.another(ask);
  await first.clock.advance(100);
  second.depart('client');
  await first.clock.advance(20_000);
  assert.equal(first.calls.length, 1);
  assert.equal(second.records[0]?.ending, 'client_gone');
});

test('an exhausted premium limit refuses the dearer hop, not the cheaper one after a primary that broke off', async () => {
  const reversed = snapshotOf(`
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1', catalog: deepseek } }
models:
  acme/dear: { context: 100000, endpoints: [{ provider: up, model: a, price: { input: 4, output: 8 } }] }
  acme/cheap: { context: 100000, endpoints: [{ provider: up, model: b, price: { input: 1, output: 2 } }] }
presets: { p: { models: [acme/dear, acme/cheap], limits: [{ premium_usd: 0, per: day }] } }
keys: [{ name: test, key: '${virtualKeyHash}' }]`);
  const answer: Script = [connected, streams(1), says(1, 'hi', 'stop'), bills(1, 5, 1)];
  const { clock, records } = visit(reversed, ask, [[connected, breaks(1)], answer]);
  await clock.advance(5_000);
  assert.equal(records[0]?.served?.model, 'acme/cheap');
  const dearer = visit(limited('{ premium_usd: 0, per: day }'), ask, [refuses(1, 429), answer]);
  await dearer.clock.advance(5_000);
  assert.equal(dearer.records[0]?.problem, 'limit_exhausted');
});

test('what the preset adds is held too: its system prompt, its tools, and how many answers it asks for', async () => {
  const preset = `{ models: [acme/a], parameters: { n: 5 }, system_prompt: "${'x'.repeat(5_000)}", limits: [{ usd: 1, per: total }] }`;
  const seen = visit(
    snapshotOf(`
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1' } }
models: { acme/a: { context: 100000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] } }
presets: { p: ${preset} }
keys: [{ name: test, key: '${virtualKeyHash}' }]`),
    ask,
    [[connected]],
  );
  await seen.clock.advance(100);
  assert.ok(seen.held() >= 5_000 * 1_000 + 5 * 1_000 * 2_000, `${seen.held()} is held`);
});
