/**
 * What a dead primary costs in time to the fallback's first token: as long as its breaker is closed, every request of
 * the first few; then past the open breaker, in turn with the fallback asked for by itself.
 */
import { performance } from 'node:perf_hooks';
import type { Answer } from './answer-reader.ts';
import { check, countTokens, open, requestBytes } from './connection.ts';
import type { Measure, Order, Spread } from './messages.ts';
import { percentile } from './numbers.ts';

/** Failures in a row that open a breaker. */
const untilOpen = 3;
/** Pairs that are measured past each open breaker; they take a fraction of its first back-off, which is a second. */
const pairs = 20;

type Client = {
  /**
   * Ms to the first token; resolves when the answer is whole. Undefined where it was not served as expected, which a
   * busy machine brings about: a breaker's time was over. Throws where it is not what was ordered.
   */
  ask(model: string, how: RegExp): Promise<number | undefined>;
  close(): void;
};

/** The primary failed and the fallback answered; the primary was left alone; there was no other. */
const failedOver = /\r\nx-spillway-attempts: [^,\r]+:(?!ok)\w+,[^,\r]+:ok\r\n/;
const passedBy = /\r\nx-spillway-attempts: [^,\r]+:ok\r\n(?:.*\r\n)*?x-spillway-skipped: [^\r]*:breaker\r\n/;
const straightOn = /\r\nx-spillway-attempts: [^,\r]+:ok\r\n/;

/** Model after model, one request at a time. */
export async function outage(order: Order): Promise<Measure> {
  if (!order.outage) throw new Error('an outage needs models whose primary is dead');
  const { models, fallback, limitMs } = order.outage;
  const began = performance.now();
  const before: number[] = [];
  const past: number[] = [];
  const straight: number[] = [];
  const client = await enter(order);
  // The connection to the fallback is open before anything counts.
  await client.ask(fallback, straightOn);
  for (const model of models) {
    for (let turn = 0; turn < untilOpen; turn++) before.push(...defined(await client.ask(model, failedOver)));
    for (let pair = 0; pair < pairs; pair++) {
      past.push(...defined(await client.ask(model, passedBy)));
      straight.push(...defined(await client.ask(fallback, straightOn)));
    }
  }
  client.close();
  if (before.length === 0 || past.length === 0)
    throw new Error('no request was served as expected: is this machine too busy?');
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
      return first !== undefined && how.test(answer.head) ? first - asked : undefined;
    },
    close: () => void socket.destroy(),
  };
}

function defined(ms: number | undefined): readonly number[] {
  return ms === undefined ? [] : [ms];
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}
