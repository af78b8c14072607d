/** Ourselves, as an operator would run it: a document, a key, presets; SQLite in a folder of its own. */
import { readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Candidate, Question, Site } from './candidates.ts';
import { isOutage, outageNames, type LaneName, type OutageName } from './lanes.ts';
import type { MockPorts } from './messages.ts';
import { answers, freePort } from './processes.ts';
import { startFlags } from './start-flags.ts';

const key = 'sk-bench-0123456789abcdef';
const adminKey = 'spw-bench-0123456789abcdef';
/** Dead primaries of each kind: as many breakers that open once. */
const deadModels = 8;
/** Ms until a silent primary is given up. */
const firstTokenMs = 300;

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
    args: [...startFlags(root), ...profiling, join(root, 'bin/spillway.js'), 'serve', '--config', file],
    env: {
      PORT: String(port),
      HOST: '127.0.0.1',
      SPILLWAY_DATA_DIR: join(folder, 'data'),
      SPILLWAY_DRAIN: '1s',
      SPILLWAY_ADMIN_KEY: adminKey,
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
    forget: async (lane) => {
      if (isOutage(lane)) await resume(port, lane);
    },
    run: { child, log },
  };
}

function question(lane: LaneName): Question {
  if (isOutage(lane)) return outageQuestion(lane);
  const preset = lane === 'failover' || lane === 'limited' || lane === 'crossing' ? lane : 'bench';
  return {
    path: '/v1/chat/completions',
    model: `@preset/${preset}`,
    headers: { authorization: `Bearer ${key}` },
    // The fallback must really have answered: after the primary was asked, or past its open breaker.
    expect: { 'x-spillway-position': preset === 'failover' || preset === 'limited' ? '1' : '0' },
  };
}

function outageQuestion(lane: OutageName): Question {
  const limitMs = lane === 'stalling' ? firstTokenMs : 0;
  return {
    path: '/v1/chat/completions',
    model: '@preset/bench',
    headers: { authorization: `Bearer ${key}` },
    outage: { models: dead(lane).map((name) => `@preset/${name}`), fallback: '@preset/bench', limitMs },
  };
}

/** Names of the models, and of the presets, whose primary is dead in this way. */
function dead(lane: OutageName): readonly string[] {
  return Array.from({ length: deadModels }, (_, place) => `${lane}-${place}`);
}

/** Closes the breakers of the provider that is dead in this way. */
async function resume(port: number, lane: OutageName): Promise<void> {
  const address = `http://127.0.0.1:${port}/api/admin/pauses?subject=provider/${lane}`;
  const answer = await fetch(address, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${adminKey}` },
  });
  if (!answer.ok) throw new Error(`the breakers were not reset: ${await answer.text()}`);
}

function configuration(mock: MockPorts): string {
  const model = (name: string, provider: string): string => `  acme/${name}:
    endpoints: [{ provider: ${provider}, model: mock-1, price: { input: 1, output: 2, cache_read: 0.1 } }]
    context: 1000000
    max_output: 16000
    features: [tools]
`;
  const every = (write: (name: string, lane: OutageName) => string): string =>
    outageNames.flatMap((lane) => dead(lane).map((name) => write(name, lane))).join('');
  // The same conversation asks again and again: it would stay at the fallback, and nothing would fail over.
  const timeouts = `failover: { stay: 0s, timeouts: { first_token: ${firstTokenMs}ms } }`;
  return `providers:
  mock: { wire: openai-chat, base_url: 'http://127.0.0.1:${mock.good}/v1' }
  failover: { wire: openai-chat, base_url: 'http://127.0.0.1:${mock.failing}/500/v1' }
  limited: { wire: openai-chat, base_url: 'http://127.0.0.1:${mock.failing}/429/v1' }
  crossing: { wire: anthropic, base_url: 'http://127.0.0.1:${mock.good}/v1' }
  stalling: { wire: openai-chat, base_url: 'http://127.0.0.1:${mock.stalling}/v1' }
  refusing: { wire: openai-chat, base_url: 'http://127.0.0.1:${mock.closed}/v1' }
  erring: { wire: openai-chat, base_url: 'http://127.0.0.1:${mock.failing}/500/v1' }
models:
${model('crossing', 'crossing')}${model('mock', 'mock')}${model('failover', 'failover')}${model('limited', 'limited')}${every(model)}
presets:
  bench: { models: [acme/mock] }
  failover: { models: [acme/failover, acme/mock], failover: { stay: 0s } }
  limited: { models: [acme/limited, acme/mock], failover: { stay: 0s } }
  crossing: { models: [acme/crossing] }
${every((name) => `  ${name}: { models: [acme/${name}, acme/mock], ${timeouts} }\n`)}
keys:
  - { name: bench, key: '${key}' }
`;
}
