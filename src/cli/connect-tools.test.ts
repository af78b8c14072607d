import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { page } from '../../test/support/pages.ts';
import { exportLines, keyReference, tools, type Target, type ToolName } from './connect-tools.ts';

const target: Target = {
  url: 'http://gw:7400',
  preset: 'coder',
  model: '@preset/coder',
  key: keyReference,
};
const known: Partial<Target> = { context: 200_000, maxOutput: 64_000 };
const own: Partial<Target> = { key: 'sk-own' };

/** What is pasted, and under which title. */
function pasted(tool: ToolName, given: Partial<Target> = {}): string[] {
  return tools[tool].connect({ ...target, ...given }).paste.map(({ title, text }) => `# ${title}\n${text}`);
}

const claudeVariables = (model: string): string =>
  [
    'export ANTHROPIC_BASE_URL=http://gw:7400',
    'export ANTHROPIC_AUTH_TOKEN="$SPILLWAY_KEY"',
    `export ANTHROPIC_MODEL=${model}`,
    `export ANTHROPIC_DEFAULT_OPUS_MODEL=${model}`,
    `export ANTHROPIC_DEFAULT_SONNET_MODEL=${model}`,
    `export ANTHROPIC_DEFAULT_HAIKU_MODEL=${model}`,
    `export CLAUDE_CODE_SUBAGENT_MODEL=${model}`,
  ].join('\n');

const codexLines = (context = ''): string => `# at the top of ~/.codex/config.toml
model = "@preset/coder"
model_provider = "spillway"
${context}model_providers.spillway.name = "Spillway"
model_providers.spillway.base_url = "http://gw:7400/v1"
model_providers.spillway.env_key = "SPILLWAY_KEY"
model_providers.spillway.wire_api = "responses"`;

describe('what each tool is told', () => {
  const table: readonly (readonly [tool: ToolName, given: Partial<Target>, parts: readonly string[]])[] = [
    ['claude-code', {}, [`# for your shell\n${claudeVariables('@preset/coder')}`]],
    [
      'claude-code',
      { ...known, model: 'claude-coder' },
      [
        `# for your shell\n${claudeVariables('claude-coder')}\nexport CLAUDE_CODE_AUTO_COMPACT_WINDOW=200000\nexport CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY=1`,
      ],
    ],
    ['codex', {}, [codexLines()]],
    [
      'codex',
      { ...known, ...own },
      [codexLines('model_context_window = 200000\n'), '# for your shell\nexport SPILLWAY_KEY=sk-own'],
    ],
    [
      'cline',
      {},
      [
        '# for your shell\ncline auth -p openai-compatible -b http://gw:7400/v1 -m @preset/coder -k "$SPILLWAY_KEY"',
      ],
    ],
    [
      'openai',
      own,
      [
        '# for your shell\nexport OPENAI_BASE_URL=http://gw:7400/v1\nexport OPENAI_API_KEY=sk-own',
        `# hello.ts
import OpenAI from 'openai';

const client = new OpenAI();
const answer = await client.chat.completions.create({
  model: '@preset/coder',
  messages: [{ role: 'user', content: 'hello' }],
});
console.log(answer.choices[0]?.message.content);`,
      ],
    ],
    [
      'anthropic',
      {},
      [
        '# for your shell\nexport ANTHROPIC_BASE_URL=http://gw:7400\nexport ANTHROPIC_API_KEY="$SPILLWAY_KEY"',
        `# hello.ts
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic();
const answer = await client.messages.create({
  model: '@preset/coder',
  max_tokens: 1024,
  messages: [{ role: 'user', content: 'hello' }],
});
console.log(answer.content);`,
      ],
    ],
    [
      'ai-sdk',
      { model: "it's" },
      [
        `# hello.ts
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText } from 'ai';

const spillway = createOpenAICompatible({
  name: 'spillway',
  baseURL: 'http://gw:7400/v1',
  apiKey: process.env.SPILLWAY_KEY,
});
const { text } = await generateText({ model: spillway('it\\'s'), prompt: 'hello' });
console.log(text);`,
      ],
    ],
  ];
  for (const [tool, given, parts] of table) {
    test(`${tool} ${JSON.stringify(given)}`, () => assert.deepEqual(pasted(tool, given), parts));
  }
});

describe('opencode gets a provider for each wire', () => {
  const config = (given: Partial<Target>): unknown =>
    JSON.parse(tools.opencode.connect({ ...target, ...given }).paste[0]?.text ?? '');
  const provider = (npm: string, name: string, options: object, model: object): object => ({
    npm,
    name,
    options: { baseURL: 'http://gw:7400/v1', ...options },
    models: { '@preset/coder': model },
  });
  const all = (options: object, model: object): object => ({
    provider: {
      spillway: provider('@ai-sdk/openai-compatible', 'Spillway', options, model),
      'spillway-responses': provider('@ai-sdk/openai', 'Spillway (responses)', options, model),
      'spillway-messages': provider('@ai-sdk/anthropic', 'Spillway (messages)', options, model),
    },
    model: 'spillway/@preset/coder',
  });

  test('the key is read from the environment', () =>
    assert.deepEqual(config({}), all({ apiKey: '{env:SPILLWAY_KEY}' }, { name: 'coder' })));
  test('or stands there, and limits where they are known', () => {
    const limit = { context: 200_000, output: 64_000 };
    assert.deepEqual(config({ ...known, ...own }), all({ apiKey: 'sk-own' }, { name: 'coder', limit }));
  });
});

test('every tool either has a file of its own, or says what to do instead', () => {
  for (const tool of Object.values(tools)) {
    const { file } = tool.connect(target);
    assert.equal(file === undefined, 'byHand' in tool, tool.title);
  }
});

test('a shell reads exported values as they are', () => {
  assert.equal(
    exportLines({ A: 'plain@1', B: "it's $HOME; `x`", C: '' }),
    "export A=plain@1\nexport B='it'\\''s $HOME; `x`'\nexport C=''",
  );
});

test('the page shows what is really printed', () => {
  const text = page('agents');
  const shown: Target = { ...target, ...known, url: 'http://127.0.0.1:7400' };
  for (const [name, tool] of Object.entries(tools)) {
    const model = name === 'claude-code' ? 'claude-coder' : shown.model;
    const [first] = tool.connect({ ...shown, model }).paste;
    if (name !== 'opencode') assert.ok(text.includes(`\n${first?.text}\n\`\`\`\n`), name);
    assert.ok(text.includes(`\`${name}\``), name);
  }
});
