/**
 * Real coding agents, installed from npm into a folder of their own, through a gateway whose providers are emulated:
 * each finishes a small task with two tool calls through a preset whose primary speaks another wire than the agent,
 * and once more with that primary dying between the two calls. `npm run e2e:agents [FOLDER] [AGENT…]`; the installs
 * are over a gigabyte, so this stands outside `npm test`.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import type { GenerationRecord } from '../src/core/record.ts';
import { startGateway, type Running } from '../src/main.ts';

const key = 'sk-agents-0123456789abcdef';

/** Each wire is the primary once for agents that speak another: their chains cross in both directions. */
const document = `
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
presets:
  from-chat: { models: [deepseek/deepseek-v4-pro, anthropic/claude-sonnet-4.6] }
  from-messages: { models: [anthropic/claude-sonnet-4.6, deepseek/deepseek-v4-pro] }
workspaces: { default: { aliases: { claude-from-chat: from-chat, claude-from-messages: from-messages } } }
keys: [{ name: agents, key: '${key}' }]
`;

type Agent = {
  readonly package: string;
  readonly preset: 'from-chat' | 'from-messages';
  /** The shell tool as this agent names it, and how its command is given. */
  readonly call: (command: string) => string;
  readonly run: (
    setting: Setting,
    task: string,
  ) => { readonly file: string; readonly args: readonly string[]; readonly env: Record<string, string> };
};

type Setting = {
  readonly bin: string;
  readonly home: string;
  readonly work: string;
  readonly url: string;
  readonly preset: string;
};

const agents: Readonly<Record<string, Agent>> = {
  'claude-code': {
    package: '@anthropic-ai/claude-code@2.1.330',
    preset: 'from-chat',
    call: (command) => `call Bash with ${JSON.stringify({ command, description: 'a step' })}`,
    run: ({ bin, url, preset }, task) => ({
      file: join(bin, 'claude'),
      args: ['-p', task, '--model', `@preset/${preset}`, '--output-format', 'json', '--allowedTools', 'Bash'],
      env: {
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_AUTH_TOKEN: key,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
      },
    }),
  },
  codex: {
    package: '@openai/codex@0.169.0',
    preset: 'from-messages',
    call: (command) => `call exec_command with ${JSON.stringify({ cmd: command })}`,
    run: ({ bin, home, url, preset }, task) => {
      writeFileSync(
        join(home, 'config.toml'),
        `model = "@preset/${preset}"\nmodel_provider = "spillway"\n[model_providers.spillway]\nname = "Spillway"\nbase_url = "${url}/v1"\nenv_key = "SPILLWAY_KEY"\nwire_api = "responses"\n`,
      );
      return {
        file: join(bin, 'codex'),
        args: ['exec', '--skip-git-repo-check', '--json', '--dangerously-bypass-approvals-and-sandbox', task],
        env: { CODEX_HOME: home, SPILLWAY_KEY: key },
      };
    },
  },
  opencode: {
    package: 'opencode-ai@1.18.33',
    preset: 'from-messages',
    call: (command) => `call bash with ${JSON.stringify({ command, description: 'a step' })}`,
    run: ({ bin, home, url, preset }, task) => {
      const config = join(home, 'opencode.json');
      const provider = {
        npm: '@ai-sdk/openai-compatible',
        name: 'Spillway',
        options: { baseURL: `${url}/v1`, apiKey: key },
        models: { [`@preset/${preset}`]: { name: preset } },
      };
      writeFileSync(
        config,
        JSON.stringify({ provider: { spillway: provider }, permission: { bash: 'allow' } }),
      );
      return {
        file: join(bin, 'opencode'),
        args: ['run', '-m', `spillway/@preset/${preset}`, '--title', 'task', task],
        env: { OPENCODE_CONFIG: config },
      };
    },
  },
};

type Outcome = {
  readonly agent: string;
  readonly dying: boolean;
  readonly ok: boolean;
  readonly calls: number;
  readonly positions: string;
  readonly seconds: number;
  readonly why?: string;
};

/** Runs the agent once; with `dying` its primary fails from the second step on. */
async function once(name: string, agent: Agent, bin: string, dying: boolean): Promise<Outcome> {
  const home = mkdtempSync(join(tmpdir(), 'spillway-agent-'));
  const work = join(home, 'work');
  mkdirSync(work);
  const records: GenerationRecord[] = [];
  const gateway = await start(join(home, 'data'));
  const primary = agent.preset === 'from-chat' ? 'deepseek/deepseek-v4-pro' : 'anthropic/claude-sonnet-4.6';
  gateway.journal.follow((record) => {
    records.push(record);
    if (dying && existsSync(join(work, 'one.txt')))
      gateway.emulator?.setFault({ model: primary, kind: 'overloaded' });
  });
  const began = Date.now();
  const task = `${agent.call('echo one > one.txt')}, then ${agent.call('cat one.txt > two.txt && echo done')}`;
  try {
    const { code, output } = await run(
      agent.run({ bin, home, work, url: gateway.url, preset: agent.preset }, task),
      { home, work },
    );
    const made = existsSync(join(work, 'two.txt')) ? readFileSync(join(work, 'two.txt'), 'utf8').trim() : '';
    const served = records.filter(({ ending }) => ending === 'ok');
    const positions = served.map(({ served: by }) => by?.position ?? '-').join('');
    const expected = dying ? /^0+1+$/ : /^0+$/;
    const ok = code === 0 && made === 'one' && expected.test(positions);
    return {
      agent: name,
      dying,
      ok,
      calls: records.length,
      positions,
      seconds: (Date.now() - began) / 1_000,
      ...(ok
        ? {}
        : {
            why: `exit ${code}, two.txt "${made}", ${records.map(({ ending, problem }) => problem ?? ending).join(' ')}\n${output.slice(-1_500)}`,
          }),
    };
  } finally {
    await gateway.stop(0);
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function start(dataDir: string): Promise<Running> {
  return await startGateway({
    config: readConfig({
      PORT: '0',
      SPILLWAY_DATA_DIR: dataDir,
      SPILLWAY_ADMIN_KEY: 'spw-agents-0123456789abcdef',
    }),
    document,
    fault: (error) => console.error('fault of the gateway:', error),
    notice: () => undefined,
    event: () => undefined,
    announce: () => undefined,
    emulatorPace: { tokensPerSecond: 1_000, firstTokenMs: 10 },
  });
}

const limitMs = 120_000;

function run(
  { file, args, env }: ReturnType<Agent['run']>,
  { home, work }: { readonly home: string; readonly work: string },
): Promise<{ code: number | null; output: string }> {
  const child = spawn(file, args, {
    cwd: work,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, TERM: 'dumb', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const late = setTimeout(() => child.kill('SIGKILL'), limitMs);
  return new Promise((resolve) =>
    child.on('close', (code) => {
      clearTimeout(late);
      resolve({ code, output });
    }),
  );
}

function install(folder: string, names: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  const missing = names
    .map((name) => agents[name]?.package ?? '')
    .filter((spec) => !existsSync(join(folder, 'node_modules', spec.slice(0, spec.lastIndexOf('@')))));
  if (missing.length > 0) {
    console.log(`installing ${missing.join(', ')} into ${folder}`);
    execFileSync('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', ...missing], {
      stdio: 'inherit',
    });
  }
  return join(folder, 'node_modules/.bin');
}

async function main([
  folder = join(tmpdir(), 'spillway-agents'),
  ...wanted
]: readonly string[]): Promise<void> {
  const names = wanted.length > 0 ? wanted : Object.keys(agents);
  const bin = install(folder, names);
  let failed = 0;
  let passed = 0;
  for (const name of names) {
    const agent = agents[name];
    assert.ok(agent, `no such agent: ${name}; there are ${Object.keys(agents).join(', ')}`);
    for (const dying of [false, true]) {
      const outcome = await once(name, agent, bin, dying);
      if (outcome.ok) passed += 1;
      else failed += 1;
      console.log(
        `${outcome.ok ? 'ok  ' : 'FAIL'} ${name.padEnd(12)} ${dying ? 'primary dies between two tool calls' : 'primary of another wire            '}  ${outcome.calls} requests, positions ${outcome.positions}, ${outcome.seconds.toFixed(1)} s`,
      );
      if (outcome.why !== undefined) console.log(outcome.why);
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main(process.argv.slice(2));
