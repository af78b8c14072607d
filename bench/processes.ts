/** Starts the processes of the bench, pins them, and ends every one of them whatever happens. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What is under test has a processor of its own; the mock and the load generator share the other. */
export type Role = 'gateway' | 'surroundings';

export const processorOf: Readonly<Record<Role, number>> = { gateway: 0, surroundings: 1 };

export type Launch = {
  readonly role: Role;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Takes what it prints; its end is shown when the process dies too early. */
  readonly log: string;
};

/** True when processes can be pinned here: `taskset`, and both processors. */
export function canPin(): boolean {
  return Object.values(processorOf).every(
    (processor) => spawnSync('taskset', ['-c', String(processor), 'true']).status === 0,
  );
}

export class Processes {
  readonly #pinned: boolean;
  readonly #running = new Set<ChildProcess>();

  constructor(pinned: boolean) {
    this.#pinned = pinned;
    process.once('exit', () => {
      for (const child of this.#running) child.kill('SIGTERM');
    });
  }

  /** Starts a program. It gets an IPC channel, which programs that are not ours ignore. */
  start({ role, command, args, env, log }: Launch): ChildProcess {
    const [first, ...rest] = this.#pinned
      ? ['taskset', '-c', String(processorOf[role]), command, ...args]
      : [command, ...args];
    const file = openSync(log, 'a');
    const child = spawn(first ?? command, rest, {
      stdio: ['ignore', file, file, 'ipc'],
      env: { ...process.env, ...env },
    });
    closeSync(file);
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  /** Asks the process to end, and waits; one that does not is killed. */
  async stop(child: ChildProcess): Promise<void> {
    if (!this.#running.has(child)) return;
    const gone = once(child, 'exit');
    if (child.connected) child.disconnect();
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(late);
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running].map((child) => this.stop(child)));
  }
}

/** Rejects when this process is told to stop, so that it leaves nothing running. */
export function interruption(): Promise<never> {
  return new Promise((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`stopped by ${signal}`)));
  });
}

/** The next message of a process. Rejects when it dies first. */
export async function nextMessage<Message>(child: ChildProcess, name: string): Promise<Message> {
  return await new Promise<Message>((resolve, reject) => {
    const died = (): void => reject(new Error(`${name} died`));
    child.once('exit', died);
    child.once('message', (message) => {
      child.off('exit', died);
      resolve(message as Message);
    });
  });
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until the address answers with a 2xx. Rejects when the process dies, or after 20 s. */
export async function answers(url: string, child: ChildProcess, name: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (Date.now() < end) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} died`);
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok === true) return;
    await sleep(50);
  }
  throw new Error(`${name} does not answer`);
}
