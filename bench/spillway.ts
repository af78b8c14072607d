/** Ourselves, as an operator would run it: a document, a key, presets; SQLite in a folder of its own. */
import { readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Candidate, Question, Site } from './candidates.ts';
import type { LaneName } from './lanes.ts';
import type { MockPorts } from './messages.ts';
import { answers, freePort } from './processes.ts';

const key = 'sk-bench-0123456789abcdef';

/** Those of `npm start`. */
const startFlags = ['--single-threaded-gc', '--max-semi-space-size=8'];

/** Starts the gateway on the Node that runs the bench. */
export async function spillway({ processes, mock, folder, root, profile }: Site): Promise<Candidate> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'spillway.yaml');
  writeFileSync(file, configuration(mock));
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const log = join(folder, 'log');
  const child = processes.start({
    role: 'gateway',
    command: process.execPath,
    args: [...startFlags, ...profiling, join(root, 'bin/spillway.js'), 'serve', '--config', file],
    env: {
      PORT: String(port),
      HOST: '127.0.0.1',
      SPILLWAY_DATA_DIR: join(folder, 'data'),
      SPILLWAY_DRAIN: '1s',
    },
    log,
  });
  await answers(`http://127.0.0.1:${port}/healthz`, child, 'spillway');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return {
    name: 'ours',
    title: `Spillway ${version} on Node ${process.versions.node}`,
    port,
    pids: [child.pid ?? 0],
    question,
    run: { child, log },
  };
}

function question(lane: LaneName): Question {
  const preset = lane === 'failover' || lane === 'limited' || lane === 'crossing' ? lane : 'bench';
  return {
    path: '/v1/chat/completions',
    model: `@preset/${preset}`,
    headers: { authorization: `Bearer ${key}` },
    // The fallback must really have answered: after the primary was asked, or past its open breaker.
    expect: { 'x-spillway-position': preset === 'failover' || preset === 'limited' ? '1' : '0' },
  };
}

function configuration(mock: MockPorts): string {
  const model = (name: string, provider: string): string => `  acme/${name}:
    endpoints: [{ provider: ${provider}, model: mock-1, price: { input: 1, output: 2, cache_read: 0.1 } }]
    context: 1000000
    max_output: 16000
    features: [tools]
`;
  return `providers:
  mock: { wire: openai-chat, base_url: 'http://127.0.0.1:${mock.good}/v1' }
  failover: { wire: openai-chat, base_url: 'http://127.0.0.1:${mock.failing}/500/v1' }
  limited: { wire: openai-chat, base_url: 'http://127.0.0.1:${mock.failing}/429/v1' }
  crossing: { wire: anthropic, base_url: 'http://127.0.0.1:${mock.good}/v1' }
models:
${model('crossing', 'crossing')}${model('mock', 'mock')}${model('failover', 'failover')}${model('limited', 'limited')}
presets:
  bench: { models: [acme/mock] }
  failover: { models: [acme/failover, acme/mock] }
  limited: { models: [acme/limited, acme/mock] }
  crossing: { models: [acme/crossing] }
keys:
  - { name: bench, key: '${key}' }
`;
}
