/**
 * The load generator of the bench, a process of its own: keeps connections busy, checks every answer, and reads the
 * gateway's CPU time at both ends of its window.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './answer-reader.ts';
import { check, countTokens, open, requestBytes } from './connection.ts';
import { busyMs, cpuMs, rssMb } from './kernel.ts';
import type { Measure, Order, Outcome, Shape } from './messages.ts';
import { percentile } from './numbers.ts';
import { outage } from './outage.ts';
import { tokensPerSecond } from './traffic.ts';

/** Streams begin this far apart, so that their chunks do not all come at the same moment. */
const staggerMs = 3;
/** Streams outlast the window by this much at either end. */
const slackSeconds = 0.5;

type Window = {
  readonly count: number;
  readonly began: number;
  readonly cpu: number;
  readonly busy: number;
};

function openWindow(count: number, { pids, processor }: Order): Window {
  return {
    count,
    began: performance.now(),
    cpu: cpuMs(pids),
    busy: processor === undefined ? 0 : busyMs(processor),
  };
}

function closeWindow(window: Window, count: number, { pids, processor }: Order): Measure {
  const cpu = cpuMs(pids) - window.cpu;
  const ms = performance.now() - window.began;
  const counted = count - window.count;
  if (counted === 0) throw new Error('nothing was answered');
  const others = processor === undefined ? undefined : busyMs(processor) - window.busy - cpu;
  return {
    count: counted,
    perSecond: (counted * 1_000) / ms,
    ...(pids.length > 0 ? { cpuUs: (cpu * 1_000) / counted, rssMb: rssMb(pids) } : {}),
    ...(others === undefined ? {} : { disturbed: Math.max(0, others / ms) }),
  };
}

/** Every connection asks again as soon as it is answered, until the time is over. */
async function closedLoop(order: Order): Promise<Measure> {
  const bytes = requestBytes(order);
  const times: number[] = [];
  let over = false;
  const connections = await Promise.all(
    Array.from({ length: order.connections }, async () => {
      let asked = 0;
      let done: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => (done = resolve));
      const connection = await open(order.port, {
        whole: (answer) => {
          check(answer, order);
          times.push(performance.now() - asked);
          if (over) done();
          else ask();
        },
      });
      const ask = (): void => {
        asked = performance.now();
        connection.socket.write(bytes);
      };
      return { ...connection, ask, ended };
    }),
  );
  const window = openWindow(0, order);
  for (const { ask } of connections) ask();
  const failed = connections.map((connection) => connection.failed);
  await Promise.race([sleep(order.seconds * 1_000), ...failed]);
  over = true;
  await Promise.race([Promise.all(connections.map(({ ended }) => ended)), ...failed]);
  const measure = closeWindow(window, times.length, order);
  for (const { socket } of connections) socket.destroy();
  times.sort((a, b) => a - b);
  return { ...measure, p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
}

/** One stream on each connection; the window lies where all of them flow. */
async function streams(order: Order): Promise<Measure> {
  const opening = (order.connections * staggerMs) / 1_000;
  const tokens = Math.ceil((opening + order.seconds + 2 * slackSeconds) * tokensPerSecond);
  const bytes = requestBytes(order, tokens);
  let chunks = 0;
  let ended = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const sink = {
    part: (text: string) => {
      chunks += countTokens(text);
    },
    whole: (answer: Answer) => {
      check(answer, order, tokens);
      if (++ended === order.connections) finish();
    },
  };
  const connections = await Promise.all(
    Array.from({ length: order.connections }, () => open(order.port, sink)),
  );
  const failed = connections.map((connection) => connection.failed);
  for (const { socket } of connections) {
    socket.write(bytes);
    await sleep(staggerMs);
  }
  await Promise.race([sleep(slackSeconds * 1_000), ...failed]);
  const window = openWindow(chunks, order);
  await Promise.race([sleep(order.seconds * 1_000), ...failed]);
  const measure = closeWindow(window, chunks, order);
  if (ended > 0) throw new Error('a stream ended before its time');
  await Promise.race([finished, ...failed]);
  for (const { socket } of connections) socket.destroy();
  return measure;
}

const shapes: Readonly<Record<Shape, (order: Order) => Promise<Measure>>> = {
  whole: closedLoop,
  streams,
  outage,
};

async function carryOut(order: Order): Promise<Outcome> {
  try {
    return { measure: await shapes[order.shape](order) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

process.on('message', (order: Order) => {
  void carryOut(order).then((outcome) => process.send?.(outcome));
});
process.on('disconnect', () => process.exit());
