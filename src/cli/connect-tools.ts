/** What each tool must be told to use this gateway: variables, lines for its own config file, code. Pure. */
import type { JsonObject } from '../core/snapshot.ts';
import { optional } from '../core/optional.ts';

/** What a connection is made of, whatever the tool. */
export type Target = {
  /** Origin of the gateway, without a path. */
  readonly url: string;
  readonly preset: string;
  /** What the tool sends as `model`: `@preset/coder`, or an alias of the preset. */
  readonly model: string;
  /** An inference key, or `keyReference`. */
  readonly key: string;
  /** Tokens that every model of the chain can take; absent = unknown. */
  readonly context?: number;
  /** Tokens that every model of the chain can write; absent = unknown. */
  readonly maxOutput?: number;
};

/** Stands for the key wherever the key itself is not to be shown. */
export const keyReference = '$SPILLWAY_KEY';

/** A text to paste, and where to. */
export type Part = { readonly title: string; readonly text: string };

/** What belongs into a tool's own config file: members of a JSON object, or keys of a TOML file's root. */
export type FileContent =
  | { readonly format: 'json'; readonly members: JsonObject }
  | { readonly format: 'toml'; readonly lines: readonly string[] };

export type Connection = {
  /** To paste, when nothing is written. */
  readonly paste: readonly Part[];
  readonly file?: FileContent;
  /** Still to be done by hand when the file is written. */
  readonly beside: readonly Part[];
};

export type Tool = {
  readonly title: string;
  readonly connect: (target: Target) => Connection;
  /** How to see that it works. */
  readonly next: string;
  /** What to do instead of `--write`, for tools without a config file of ours to write. */
  readonly byHand?: string;
  readonly held?: Held;
};

/** What an earlier connection left in the tool's JSON config file, and where. */
export type Held = {
  readonly url: readonly string[];
  readonly key: readonly string[];
  /** The file keeps the presets of earlier connections beside the new one, so its key must open them too. */
  readonly several: boolean;
};

/** Environment variables of Claude Code: code.claude.com/docs/en/env-vars. Codex: developers.openai.com/codex. opencode: opencode.ai/docs. */
export const tools = {
  'claude-code': {
    title: 'Claude Code',
    connect: claudeCode,
    next: 'claude -p "hello"',
    held: { url: ['env', 'ANTHROPIC_BASE_URL'], key: ['env', 'ANTHROPIC_AUTH_TOKEN'], several: false },
  },
  codex: { title: 'Codex', connect: codex, next: 'codex exec --skip-git-repo-check "hello"' },
  opencode: {
    title: 'opencode',
    connect: opencode,
    next: 'opencode run "hello"',
    held: {
      url: ['provider', 'spillway', 'options', 'baseURL'],
      key: ['provider', 'spillway', 'options', 'apiKey'],
      several: true,
    },
  },
  cline: {
    title: 'Cline',
    connect: cline,
    next: 'cline "say hello"',
    byHand: 'Cline keeps its settings itself: run the command that is printed without --write',
  },
  openai: {
    title: 'the OpenAI SDK',
    connect: openai,
    next: 'node hello.ts',
    byHand: 'the OpenAI SDK reads its environment: paste what is printed without --write',
  },
  anthropic: {
    title: 'the Anthropic SDK',
    connect: anthropic,
    next: 'node hello.ts',
    byHand: 'the Anthropic SDK reads its environment: paste what is printed without --write',
  },
  'ai-sdk': {
    title: 'the AI SDK',
    connect: aiSdk,
    next: 'node hello.ts',
    byHand: 'the AI SDK is told in code: paste what is printed without --write',
  },
} satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

const shellTitle = 'for your shell';

/** `export` lines; values that a shell would read otherwise are quoted. */
export function exportLines(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${shellWord(value)}`)
    .join('\n');
}

function shellWord(text: string): string {
  if (text === keyReference) return `"${text}"`;
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Every model that Claude Code would ask for by itself is the preset: its tiers and its subagents too. */
function claudeCode({ url, model, key, context }: Target): Connection {
  const variables = {
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_AUTH_TOKEN: key,
    ANTHROPIC_MODEL: model,
    ANTHROPIC_DEFAULT_OPUS_MODEL: model,
    ANTHROPIC_DEFAULT_SONNET_MODEL: model,
    ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
    CLAUDE_CODE_SUBAGENT_MODEL: model,
    // It takes a model that it does not know for one of a million tokens, and would compact too late.
    ...optional('CLAUDE_CODE_AUTO_COMPACT_WINDOW', context === undefined ? undefined : String(context)),
    ...(pickable(model) ? { CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1' } : {}),
  };
  return {
    paste: [{ title: shellTitle, text: exportLines(variables) }],
    file: { format: 'json', members: { env: variables } },
    beside: [],
  };
}

/** Claude Code's picker keeps a gateway's model only if its id says so. */
export function pickable(model: string): boolean {
  return /claude|anthropic/i.test(model);
}

/** Codex takes the key from the environment. Dotted keys, so that the lines may stand before any table. */
function codex({ url, model, key, context }: Target): Connection {
  const keys: Readonly<Record<string, string | number>> = {
    model,
    model_provider: 'spillway',
    ...optional('model_context_window', context),
    'model_providers.spillway.name': 'Spillway',
    'model_providers.spillway.base_url': `${url}/v1`,
    'model_providers.spillway.env_key': 'SPILLWAY_KEY',
    'model_providers.spillway.wire_api': 'responses',
  };
  const lines = Object.entries(keys).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  const shell = key === keyReference ? [] : [{ title: shellTitle, text: exportLines({ SPILLWAY_KEY: key }) }];
  return {
    paste: [{ title: 'at the top of ~/.codex/config.toml', text: lines.join('\n') }, ...shell],
    file: { format: 'toml', lines },
    beside: shell,
  };
}

/** Provider → package that speaks the wire. The first is the default. */
const opencodeWires = {
  spillway: { npm: '@ai-sdk/openai-compatible', name: 'Spillway' },
  'spillway-responses': { npm: '@ai-sdk/openai', name: 'Spillway (responses)' },
  'spillway-messages': { npm: '@ai-sdk/anthropic', name: 'Spillway (messages)' },
};

function opencode({ url, preset, model, key, context, maxOutput }: Target): Connection {
  const limit = context === undefined || maxOutput === undefined ? undefined : { context, output: maxOutput };
  const options = {
    baseURL: `${url}/v1`,
    apiKey: key === keyReference ? '{env:SPILLWAY_KEY}' : key,
  };
  const models = { [model]: { name: preset, ...optional('limit', limit) } };
  const provider = Object.fromEntries(
    Object.entries(opencodeWires).map(([name, wire]) => [name, { ...wire, options, models }]),
  );
  const members = { provider, model: `spillway/${model}` };
  return {
    paste: [{ title: 'for opencode.json', text: JSON.stringify(members, undefined, 2) }],
    file: { format: 'json', members },
    beside: [],
  };
}

function cline({ url, model, key }: Target): Connection {
  const command = `cline auth -p openai-compatible -b ${url}/v1 -m ${shellWord(model)} -k ${shellWord(key)}`;
  return { paste: [{ title: shellTitle, text: command }], beside: [] };
}

function openai({ url, model, key }: Target): Connection {
  const code = `import OpenAI from 'openai';

const client = new OpenAI();
const answer = await client.chat.completions.create({
  model: ${literal(model)},
  messages: [{ role: 'user', content: 'hello' }],
});
console.log(answer.choices[0]?.message.content);`;
  return inCode({ OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: key }, code);
}

function anthropic({ url, model, key }: Target): Connection {
  const code = `import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic();
const answer = await client.messages.create({
  model: ${literal(model)},
  max_tokens: 1024,
  messages: [{ role: 'user', content: 'hello' }],
});
console.log(answer.content);`;
  return inCode({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: key }, code);
}

function aiSdk({ url, model, key }: Target): Connection {
  const code = [
    "import { createOpenAICompatible } from '@ai-sdk/openai-compatible';",
    "import { generateText } from 'ai';",
    '',
    'const spillway = createOpenAICompatible({',
    "  name: 'spillway',",
    `  baseURL: ${literal(`${url}/v1`)},`,
    '  apiKey: process.env.SPILLWAY_KEY,',
    '});',
    `const { text } = await generateText({ model: spillway(${literal(model)}), prompt: 'hello' });`,
    'console.log(text);',
  ].join('\n');
  return inCode(key === keyReference ? {} : { SPILLWAY_KEY: key }, code);
}

function inCode(variables: Readonly<Record<string, string>>, code: string): Connection {
  const shell =
    Object.keys(variables).length === 0 ? [] : [{ title: shellTitle, text: exportLines(variables) }];
  return { paste: [...shell, { title: 'hello.ts', text: code }], beside: [] };
}

/** A string of JavaScript in single quotes. */
function literal(text: string): string {
  return `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;
}
