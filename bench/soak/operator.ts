/** What an operator of the soak does over the admin API: breaks models at random, mends them, looks at the limits. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { faultKinds, type FaultKind } from '../../src/emulator/faults.ts';
import type { Dice } from '../../src/sim/dice.ts';
import { adminKey, models } from './document.ts';

/** One call on a connection of its own, which is closed with the answer. Rejects where it is refused. */
export async function admin(url: string, method: string, path: string, body?: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
  const call = request(`${url}/api/admin/${path}`, { method, agent: false, headers });
  call.end(body === undefined ? undefined : JSON.stringify(body));
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  const said = await text(answer);
  if (answer.statusCode !== 200)
    throw new Error(`${method} ${path}: ${answer.statusCode} ${said.slice(0, 300)}`);
  return JSON.parse(said);
}

export type Breaking = {
  /** How often each fault was set. */
  readonly played: ReadonlyMap<FaultKind, number>;
  /** Mends everything. */
  stop(): Promise<void>;
};

/** Changes the faults every few seconds: mostly one or two models are broken, at times all, at times none. */
export function breakThings(url: string, chance: Dice): Breaking {
  const played = new Map<FaultKind, number>();
  let over = false;
  const change = async (): Promise<void> => {
    if (chance.chance(0.3)) {
      await admin(url, 'DELETE', 'emulator/faults');
      return;
    }
    const kind = chance.pick(faultKinds);
    played.set(kind, (played.get(kind) ?? 0) + 1);
    const model = chance.chance(0.1) ? '*' : chance.pick(models);
    await admin(url, 'PUT', 'emulator/faults', { model, kind, ...detailsOf(kind, chance) });
  };
  const run = async (): Promise<void> => {
    while (!over) {
      await change();
      await new Promise((resolve) => void setTimeout(resolve, chance.between(1_000, 5_000)));
    }
  };
  const running = run();
  return {
    played,
    async stop() {
      over = true;
      await running;
      await admin(url, 'DELETE', 'emulator/faults');
    },
  };
}

function detailsOf(kind: FaultKind, chance: Dice): object {
  if (kind === 'rate_limit') return { retry_after: chance.whole(1, 10) };
  if (kind === 'slow') return { delay_ms: chance.whole(500, 3_000), tokens_per_second: chance.whole(2, 8) };
  return {};
}

/** What all limits hold now, in their units: nothing where nothing runs. */
export async function heldNow(url: string): Promise<readonly string[]> {
  type Held = { readonly address: string; readonly unit: string; readonly held: number };
  const { limits } = (await admin(url, 'GET', 'limits?limit=1000')) as { limits: readonly Held[] };
  return limits
    .filter(({ held }) => held !== 0)
    .map(({ address, unit, held }) => `${address} holds ${held} ${unit}`);
}

/** Requests being served now, this one not counted. */
export async function inFlight(url: string): Promise<number> {
  const status = (await admin(url, 'GET', 'status')) as { in_flight: number };
  return status.in_flight;
}
