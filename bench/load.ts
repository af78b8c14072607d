/**
 * The load generator of the bench, a process of its own: keeps connections busy, checks every answer, and reads the
 * gateway's CPU time at both ends of its window.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './answer-reader.ts';
import { check, countTokens, open, requestBytes, type Connection } from './connection.ts';
import { busyMs, cpuMs, rssMb } from './kernel.ts';
import type { Measure, Order, Outcome, Shape } from './messages.ts';
import { percentile } from './numbers.ts';
import { outage } from './outage.ts';
import { pacedPerSecond, tokensPerSecond } from './traffic.ts';

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

/** Connections that ask, count how long an answer took, and tell when they were answered. */
async function askers(
  order: Order,
  times: number[],
  answered: (asker: Asker) => void,
): Promise<readonly Asker[]> {
  const bytes = requestBytes(order);
  return await Promise.all(
    Array.from({ length: order.connections }, async () => {
      let asked = 0;
      const connection = await open(order.port, {
        whole: (answer) => {
          check(answer, order);
          times.push(performance.now() - asked);
          answered(asker);
        },
      });
      const asker: Asker = {
        ...connection,
        ask: () => {
          asked = performance.now();
          connection.socket.write(bytes);
        },
      };
      return asker;
    }),
  );
}

type Asker = Connection & { readonly ask: () => void };

/** Runs for the time that was ordered; `stop` resolves once nothing is asked any more and all is answered. */
async function timed(
  order: Order,
  times: number[],
  { all, start, stop }: { all: readonly Asker[]; start: () => void; stop: () => Promise<unknown> },
): Promise<Measure> {
  const failed = all.map((asker) => asker.failed);
  const window = openWindow(0, order);
  start();
  await Promise.race([sleep(order.seconds * 1_000), ...failed]);
  await Promise.race([stop(), ...failed]);
  const measure = closeWindow(window, times.length, order);
  for (const { socket } of all) socket.destroy();
  times.sort((a, b) => a - b);
  return { ...measure, p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
}

/** Every connection asks again as soon as it is answered, until the time is over. */
async function closedLoop(order: Order): Promise<Measure> {
  const times: number[] = [];
  let over = false;
  let running = 0;
  let ended: () => void = () => undefined;
  const all = await askers(order, times, (asker) => {
    if (!over) asker.ask();
    else if (--running === 0) ended();
  });
  return await timed(order, times, {
    all,
    start: () => {
      running = all.length;
      for (const { ask } of all) ask();
    },
    stop: () => {
      over = true;
      return new Promise<void>((resolve) => (ended = resolve));
    },
  });
}

/**
 * So many requests a second, whoever answers: what is busy all the time is spared being woken. Where no connection is
 * free when one is due, it is asked as soon as there is.
 */
async function paced(order: Order): Promise<Measure> {
  const times: number[] = [];
  const free: Asker[] = [];
  let ended: () => void = () => undefined;
  const all = await askers(order, times, (asker) => {
    if (free.push(asker) === all.length) ended();
  });
  free.push(...all);
  let timer: NodeJS.Timeout | undefined;
  const measure = timed(order, times, {
    all,
    start: () => {
      const began = performance.now();
      let asked = 0;
      timer = setInterval(() => {
        const due = ((performance.now() - began) * pacedPerSecond) / 1_000;
        for (let next = free[0]; next && asked < due; next = free[0]) {
          free.shift();
          asked++;
          next.ask();
        }
      }, 1);
    },
    stop: () => {
      clearInterval(timer);
      return free.length === all.length
        ? Promise.resolve()
        : new Promise<void>((resolve) => (ended = resolve));
    },
  });
  return await measure.finally(() => clearInterval(timer));
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
  paced,
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
