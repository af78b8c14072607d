/** A gateway that reaches every wire twice: at the emulator, and at an upstream that answers as the test says. */
import type { TestContext } from 'node:test';
import { key, startTestGateway, type TestGateway } from './gateway.ts';
import type { Wire } from './openapi-judge.ts';
import { json, startUpstream, type TestUpstream } from './upstream.ts';

export const wires: readonly Wire[] = ['openai-chat', 'openai-responses', 'anthropic', 'gemini'];

export type Scene = {
  readonly gateway: TestGateway;
  /** What serves the presets `own-WIRE`. */
  readonly upstream: TestUpstream;
  /** GET, or POST of a body; what was answered, up to where it broke off. */
  ask(path: string, body?: unknown): Promise<Answered>;
};

export type Answered = {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
};

/** The model that serves the presets `WIRE`, and `WIRE-fallback` after `failing`. */
export const emulated: Readonly<Record<Wire, string>> = {
  'openai-chat': 'deepseek/deepseek-v4-flash',
  'openai-responses': 'openai/gpt-5.4-mini',
  anthropic: 'anthropic/claude-haiku-4.5',
  gemini: 'google/gemini-3-flash-preview',
};

export const failing = 'deepseek/deepseek-v4-pro';

/** Models that take settings each in their own way. */
const raw: Readonly<Record<Wire, readonly string[]>> = {
  'openai-chat': ['gpt-5.4', 'gpt-4.1', 'deepseek-v4-pro'],
  'openai-responses': ['gpt-5.4', 'gpt-4.1'],
  anthropic: ['claude-haiku-4-5', 'claude-opus-4-6', 'claude-opus-5'],
  gemini: ['gemini-3-flash-preview'],
};

const features = 'tools, vision, pdf, audio, json_schema, reasoning';

function configuration(upstream: string): string {
  const models = wires.flatMap((wire) =>
    raw[wire].map(
      (model) =>
        `  acme/${wire}-${model}: { context: 1000000, max_output: 64000, features: [${features}], endpoints: [{ provider: own-${wire}, model: ${model}, price: { input: 1, output: 2 } }] }`,
    ),
  );
  const providers = wires.map(
    (wire) => `  own-${wire}: { wire: ${wire}, base_url: '${upstream}/${wire}', api_key: provider-secret }`,
  );
  const presets = wires.map(
    (wire) => `
  ${wire}: { models: [${emulated[wire]}] }
  ${wire}-fallback: { models: [${failing}, ${emulated[wire]}] }
  own-${wire}: { models: [${raw[wire].map((model) => `acme/${wire}-${model}`).join(', ')}] }`,
  );
  return `
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
  openai: { wire: openai-responses, base_url: 'emulator://openai/v1' }
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
  google: { wire: gemini, base_url: 'emulator://google/v1beta' }
  face: { wire: openai-chat, base_url: 'emulator://openai/v1', catalog: openai }
${providers.join('\n')}
models:
${models.join('\n')}
presets: ${presets.join('')}
workspaces: { default: { aliases: { claude-coder: anthropic } } }
keys: [{ name: test, key: '${key}' }]
`;
}

export async function startScene(t: TestContext): Promise<Scene> {
  const upstream = await startUpstream(t, json(503, {}));
  const gateway = await startTestGateway(t, configuration(upstream.url));
  return {
    gateway,
    upstream,
    async ask(path, body) {
      const response = await fetch(`${gateway.base}${path}`, {
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'x-openrouter-metadata': 'enabled',
        },
      });
      return { status: response.status, headers: response.headers, text: await readAll(response) };
    },
  };
}

/** A stream that breaks off ends without a proper end: what came before it counts. */
async function readAll({ body }: Response): Promise<string> {
  const seen: Buffer[] = [];
  try {
    for await (const piece of body ?? []) seen.push(Buffer.from(piece as Uint8Array));
  } catch {
    return Buffer.concat(seen).toString();
  }
  return Buffer.concat(seen).toString();
}
