/**
 * What a dead primary costs in time to the fallback's first token: as long as its breaker is closed, every request of
 * the first few; then past the open breaker, in turn with the fallback asked for by itself.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './answer-reader.ts';
import { check, countTokens, open, requestBytes } from './connection.ts';
import type { Measure, Order, Outage, Spread } from './messages.ts';
import { percentile } from './numbers.ts';

/** Failures in a row that open a breaker. */
const untilOpen = 3;
/** The first back-off is a second; what is measured past an open breaker must fit into it. */
const openForMs = 900;
/** The models' turns begin so far apart that their requests do not wait for each other. */
const staggerMs = 15;

type Client = {
  /** Ms to the first token; resolves when the answer is whole. Throws where it is not what was ordered. */
  ask(model: string, how: RegExp): Promise<number>;
  close(): void;
};

/** The primary failed and the fallback answered; the primary was left alone; there was no other. */
const failedOver = /\r\nx-spillway-attempts: [^,\r]+:(?!ok)\w+,[^,\r]+:ok\r\n/;
const passedBy = /\r\nx-spillway-attempts: [^,\r]+:ok\r\n(?:.*\r\n)*?x-spillway-skipped: [^\r]*:breaker\r\n/;
const straightOn = /\r\nx-spillway-attempts: [^,\r]+:ok\r\n/;

export async function outage(order: Order): Promise<Measure> {
  if (!order.outage) throw new Error('an outage needs models whose primary is dead');
  const { models, fallback, limitMs } = order.outage;
  const began = performance.now();
  const warm = await enter(order);
  // The connection to the fallback is open before anything counts.
  await warm.ask(fallback, straightOn);
  const { before, firstOpen } = await failures(order, order.outage);
  const past: number[] = [];
  const straight: number[] = [];
  for (let turn = 0; performance.now() < firstOpen + openForMs; turn++) {
    past.push(await warm.ask(models[turn % models.length] ?? '', passedBy));
    straight.push(await warm.ask(fallback, straightOn));
  }
  warm.close();
  const count = before.length + past.length + straight.length;
  return {
    count,
    perSecond: (count * 1_000) / (performance.now() - began),
    firstToken: {
      before: spread(before.map((ms) => ms - limitMs)),
      open: spread(past),
      straight: spread(straight),
    },
  };
}

type Failures = { readonly before: readonly number[]; readonly firstOpen: number };

/** Lets every model fail until its breaker opens. */
async function failures(order: Order, { models }: Outage): Promise<Failures> {
  const before: number[] = [];
  let firstOpen = Infinity;
  await Promise.all(
    models.map(async (model, place) => {
      await sleep(place * staggerMs);
      const client = await enter(order);
      for (let turn = 0; turn < untilOpen; turn++) before.push(await client.ask(model, failedOver));
      firstOpen = Math.min(firstOpen, performance.now());
      client.close();
    }),
  );
  return { before, firstOpen };
}

/** A client with a connection of its own, that asks for streams of a single token. */
async function enter(order: Order): Promise<Client> {
  let first: number | undefined;
  let told: (answer: Answer) => void = () => undefined;
  const { socket, failed } = await open(order.port, {
    part: (text) => {
      if (first === undefined && countTokens(text) > 0) first = performance.now();
    },
    whole: (answer) => told(answer),
  });
  return {
    async ask(model, how) {
      first = undefined;
      const whole = new Promise<Answer>((resolve) => (told = resolve));
      const bytes = requestBytes({ ...order, model }, 1);
      const asked = performance.now();
      socket.write(bytes);
      const answer = await Promise.race([whole, failed]);
      check(answer, order, 1);
      if (!how.test(answer.head)) throw new Error(`${model} was not served as expected: ${answer.head}`);
      return (first ?? Number.NaN) - asked;
    },
    close: () => void socket.destroy(),
  };
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}
