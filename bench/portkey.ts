/** A peer in the same language: Portkey's gateway, from the package @portkey-ai/gateway, where somebody installed it. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NotInstalled, type Candidate, type Question, type Site } from './candidates.ts';
import { isOutage, type LaneName } from './lanes.ts';
import type { MockPorts } from './messages.ts';
import { answers, freePort } from './processes.ts';

const packageName = '@portkey-ai/gateway';

/** Starts it on the Node that runs the bench. Rejects with NotInstalled where there is none. */
export async function portkey({ processes, mock, folder, root }: Site): Promise<Candidate> {
  const places = [root, join(dirname(process.execPath), '../lib'), '/usr/local/lib', '/usr/lib'];
  const home = places
    .map((place) => join(place, 'node_modules', packageName))
    .find((place) => existsSync(join(place, 'build/start-server.js')));
  if (home === undefined) throw new NotInstalled(`${packageName} is not installed: it is not compared`);
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const log = join(folder, 'log');
  const child = processes.start({
    role: 'gateway',
    command: process.execPath,
    args: [join(home, 'build/start-server.js'), `--port=${port}`, '--headless'],
    log,
  });
  await answers(`http://127.0.0.1:${port}/`, child, 'portkey');
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  return {
    name: 'portkey',
    title: `${packageName} ${version}`,
    port,
    pids: [child.pid ?? 0],
    question: (lane) => (lane === 'crossing' || isOutage(lane) ? undefined : question(lane, mock)),
    run: { child, log },
  };
}

/** It has no configuration of its own: every request says where to go. */
function question(lane: LaneName, mock: MockPorts): Question {
  const target = (url: string): unknown => ({ provider: 'openai', api_key: 'none', custom_host: url });
  const good = target(`http://127.0.0.1:${mock.good}/v1`);
  const prefix = lane === 'failover' ? '500' : lane === 'limited' ? '429' : undefined;
  const config =
    prefix === undefined
      ? { strategy: { mode: 'single' }, targets: [good] }
      : {
          strategy: { mode: 'fallback' },
          targets: [target(`http://127.0.0.1:${mock.failing}/${prefix}/v1`), good],
        };
  return {
    path: '/v1/chat/completions',
    model: 'mock-1',
    headers: { 'x-portkey-config': JSON.stringify(config) },
  };
}
