/**
 * A rate-limit storm over real sockets: a fifth of the primary's answers is 429 with `Retry-After: 30` while hundreds
 * of clients ask without pause. All must be served, with few calls in vain. The same, exact, is `test/storm.test.ts`.
 */
import { once } from 'node:events';
import { Agent, createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dice, type Dice } from '../../src/sim/dice.ts';
import { refusals, streamEvents } from '../traffic.ts';
import { askOnce, type Outcome } from './client.ts';
import { key } from './document.ts';
import { heldNow } from './operator.ts';
import type { Options } from './options.ts';
import { startSoaked } from './soaked.ts';

const limitedShare = 0.2;
const retryAfterSeconds = 30;
/** What is promised: the share that is served, and calls to providers for each request. */
const servedBar = 0.999;
const callsBar = 1.2;

type Provider = { readonly port: number; readonly calls: () => number; close(): void };

/** Plays the storm; returns the promises that were broken, in words. */
export async function storm(
  { streams, minutes, seed, nodeFlags }: Options,
  folder: string,
  say: (text: string) => void,
): Promise<readonly string[]> {
  const primary = await provide(dice(seed), limitedShare);
  const fallback = await provide(dice(seed + 1), 0);
  const gateway = await startSoaked({ folder, document: documentOf(primary, fallback), nodeFlags });
  try {
    const outcomes = await crowd(gateway.url, streams, minutes);
    const held = await heldNow(gateway.url);
    const served = outcomes.filter(({ ending }) => ending === 'whole').length / outcomes.length;
    const calls = (primary.calls() + fallback.calls()) / outcomes.length;
    say(`requests                  ${outcomes.length}`);
    say(
      `served                    ${(100 * served).toFixed(3)} %, ≥ ${100 * servedBar} % ${verdict(served >= servedBar)}`,
    );
    say(`calls for each request    ${calls.toFixed(4)}, ≤ ${callsBar} ${verdict(calls <= callsBar)}`);
    say(`calls                     ${primary.calls()} primary, ${fallback.calls()} fallback`);
    return [
      ...(served >= servedBar ? [] : [`${(100 * served).toFixed(3)} % were served`]),
      ...(calls <= callsBar ? [] : [`${calls.toFixed(3)} calls for each request`]),
      ...held,
      ...gateway.faults,
    ];
  } finally {
    gateway.kill();
    primary.close();
    fallback.close();
  }
}

function verdict(kept: boolean): string {
  return kept ? 'pass' : 'FAIL';
}

/** Everybody asks, and asks again when answered, until the time is over. */
async function crowd(url: string, streams: number, minutes: number): Promise<readonly Outcome[]> {
  const agent = new Agent({ keepAlive: true });
  const until = performance.now() + minutes * 60_000;
  const outcomes: Outcome[] = [];
  const ask = { dialect: 'chat', model: '@preset/storm', text: 'hi', stream: true, user: 'storm' } as const;
  const client = async (): Promise<void> => {
    while (performance.now() < until) outcomes.push(await askOnce({ url, key, agent, ask }));
  };
  await Promise.all(Array.from({ length: streams }, client));
  agent.destroy();
  return outcomes;
}

/** A provider that answers after half a second to one and a half, but for the share that it refuses. */
async function provide(chance: Dice, limited: number): Promise<Provider> {
  let calls = 0;
  const server: Server = createServer((request, response) => {
    calls += 1;
    request.resume();
    request.once('end', () => {
      if (chance.chance(limited)) refuse(response);
      else setTimeout(() => answer(response), chance.between(500, 1_500));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    calls: () => calls,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function refuse(response: ServerResponse): void {
  response.writeHead(429, { 'content-type': 'application/json', 'retry-after': String(retryAfterSeconds) });
  response.end(refusals[429]);
}

function answer(response: ServerResponse): void {
  const { first, token, finish, usage, done } = streamEvents;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(`${first}${token}${finish}${usage}${done}`);
}

function documentOf(primary: Provider, fallback: Provider): string {
  const model = (name: string): string =>
    `  acme/${name}: { context: 100000, endpoints: [{ provider: ${name}, model: m, price: { input: 1, output: 2 } }] }`;
  return `
providers:
  primary: { wire: openai-chat, base_url: 'http://127.0.0.1:${primary.port}/v1' }
  fallback: { wire: openai-chat, base_url: 'http://127.0.0.1:${fallback.port}/v1' }
models:
${model('primary')}
${model('fallback')}
presets:
  storm: { models: [acme/primary, acme/fallback], limits: [{ usd: 100000, per: day }, { concurrent: 10000 }] }
keys: [{ name: soak, key: '${key}' }]
`;
}
