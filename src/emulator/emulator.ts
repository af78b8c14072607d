/**
 * The built-in simulated provider: a real HTTP server on loopback that speaks `openai-chat`, `openai-responses`,
 * `anthropic`, `gemini` and embeddings, answers with believable text, bills tokens at catalogue prices, and plays faults on command. It serves the
 * demo, drills and tests. A provider with the base URL `emulator://VENDOR/v1` is reached at
 * `${originFor(VENDOR, model)}/VENDOR/v1`.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Catalogue } from '../core/catalog.ts';
import { openBooks, type Bill } from './bill.ts';
import { keepClosedPort, type ClosedPort } from './closed-port.ts';
import { followCatalogue } from './directory.ts';
import { faultBoard, type Fault } from './faults.ts';
import { promptCache } from './prompt-cache.ts';
import type { Pace } from './pump.ts';
import { listener } from './serve.ts';

export { faultHelp, parseFault, suggestFault, type Fault, type FaultKind } from './faults.ts';
export type { Account, Bill, Charge } from './bill.ts';

export type Emulator = {
  readonly port: number;
  /**
   * Origin to call for this model of this vendor now. Under `refused` it is a port on which nobody listens, so
   * that the kernel itself refuses; each such call counts against the fault's `times`.
   */
  originFor(vendor: string, providerModel: string): string;
  /** Replaces the fault of that model. Throws a RangeError that names the field for numbers that make no sense. */
  setFault(fault: Fault): void;
  /** Disarms the fault of one model, or all; returns how many there were. */
  clearFaults(model?: string): number;
  faults(): readonly Fault[];
  /** What the vendors would bill so far, per model and in all. */
  bill(): Bill;
  /** Breaks off what is running and frees the ports. */
  close(): Promise<void>;
};

export type EmulatorOptions = {
  /** Models and prices; as a function, whatever is in force when a request comes. */
  readonly catalogue: Catalogue | (() => Catalogue);
  /** Default: any free port. */
  readonly port?: number;
  /** Default 80; Infinity = answers come at once. */
  readonly tokensPerSecond?: number;
  /** Ms; default 250. */
  readonly firstTokenMs?: number;
  /** Told when the faults of a model, or `*`, are changed by hand. */
  readonly changed?: (model: string) => void;
};

export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const faults = faultBoard();
  const books = openBooks();
  const { catalogue, changed } = options;
  const directory = followCatalogue(typeof catalogue === 'function' ? catalogue : () => catalogue);
  const server = createServer({ keepAliveTimeout: 75_000 });
  server.on('request', listener({ directory, faults, books, cache: promptCache(), pace: paceOf(options) }));
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const closed = await keepClosedPort();
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    port,
    originFor(vendor, providerModel) {
      const { slug } = directory.find(vendor, providerModel);
      const refused = faults.find(slug)?.kind === 'refused' && faults.take(slug);
      return `http://127.0.0.1:${refused ? closed.port : port}`;
    },
    setFault(fault) {
      faults.set(fault);
      changed?.(fault.model);
    },
    clearFaults(model) {
      const cleared = faults.clear(model);
      changed?.(model ?? '*');
      return cleared;
    },
    faults: () => faults.list(),
    bill: () => books.bill(),
    close: () => (closing ??= closeAll(server, closed)),
  };
}

async function closeAll(server: Server, closed: ClosedPort): Promise<void> {
  closed.release();
  const ended = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await ended;
}

function paceOf({ tokensPerSecond = 80, firstTokenMs = 250 }: EmulatorOptions): Pace {
  if (!(tokensPerSecond > 0)) throw new RangeError(`tokensPerSecond must be above 0, not ${tokensPerSecond}`);
  if (!(firstTokenMs >= 0)) throw new RangeError(`firstTokenMs must be 0 or more, not ${firstTokenMs}`);
  return { firstTokenMs, tokensPerSecond };
}
