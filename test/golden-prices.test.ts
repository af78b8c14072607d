/**
 * What answers cost, worked out by hand from the providers' price lists. Nothing expected here was computed by the
 * gateway: every row says its sum. Prices: the bundled catalogue of 2026-09, compared with genai-prices 0.1.8.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  breaks,
  connected,
  refuses,
  snapshotOf,
  streams,
  visit,
  virtualKeyHash,
} from './support/virtual-world.ts';
import type { Script, Visit } from './support/virtual-world.ts';

const snapshot = snapshotOf(`
providers:
  openai: { wire: openai-chat, base_url: 'https://openai.example/v1' }
  anthropic: { wire: anthropic, base_url: 'https://anthropic.example/v1' }
  deepseek: { wire: openai-chat, base_url: 'https://deepseek.example/v1' }
  google: { wire: gemini, base_url: 'https://google.example/v1beta', drain: never }
  xai: { wire: openai-chat, base_url: 'https://xai.example/v1' }
  openrouter: { wire: openai-chat, base_url: 'https://openrouter.ai/api/v1' }
keys: [{ name: test, key: '${virtualKeyHash}' }]
`);

type Provider = 'openai' | 'anthropic' | 'deepseek' | 'google' | 'xai' | 'openrouter';
const models: Readonly<Record<Provider, string>> = {
  openai: 'openai/gpt-5.5',
  anthropic: 'anthropic/claude-sonnet-4.6',
  deepseek: 'deepseek/deepseek-v4-pro',
  google: 'google/gemini-3.1-pro-preview',
  xai: 'x-ai/grok-4.5',
  openrouter: 'openai/gpt-5.4-mini',
};

type Row = readonly [provider: Provider, what: string, usage: object, usd: number, sum: string, at?: number];

const noon = Date.UTC(2026, 10, 24, 12);
const tuesday = (hour: number, minute = 0): number => Date.UTC(2026, 10, 24, hour, minute);
const friday = (hour: number): number => Date.UTC(2026, 10, 27, hour);
const saturday = (hour: number): number => Date.UTC(2026, 10, 28, hour);
const sunday = (hour: number): number => Date.UTC(2026, 10, 29, hour);

const chat = (prompt: number, completion: number, more: object = {}): object => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  ...more,
});
const cached = (cached_tokens: number): object => ({ prompt_tokens_details: { cached_tokens } });
const thought = (reasoning_tokens: number): object => ({ completion_tokens_details: { reasoning_tokens } });
const claude = (input_tokens: number, output_tokens: number, more: object = {}): object => ({
  input_tokens,
  output_tokens,
  ...more,
});
const gemini = (promptTokenCount: number, candidatesTokenCount: number, more: object = {}): object => ({
  promptTokenCount,
  candidatesTokenCount,
  ...more,
});

/** OpenAI GPT-5.5: $5 in, $0.50 cached, $30 out per million; above 272k tokens of prompt 10, 1 and 45. */
const openai: readonly Row[] = [
  ['openai', 'plain', chat(1_000, 100), 0.008, '1000×5 + 100×30 µ$'],
  ['openai', 'cache read', chat(10_000, 500, cached(8_000)), 0.029, '2000×5 + 8000×0.5 + 500×30'],
  ['openai', 'reasoning is within the output', chat(1_000, 900, thought(800)), 0.032, '1000×5 + 900×30'],
  ['openai', 'just at the tier', chat(272_000, 100), 1.363, '272000×5 + 100×30'],
  ['openai', 'tier crossed: all of it', chat(272_001, 100), 2.72451, '272001×10 + 100×45'],
  [
    'openai',
    'cached tokens cross it too',
    chat(300_000, 200, cached(299_000)),
    0.318,
    '1000×10 + 299000×1 + 200×45',
  ],
];

/** Anthropic Sonnet 4.6: $3 in, $15 out, cache read 0.30, written for 5 minutes 3.75, for an hour 6. */
const anthropic: readonly Row[] = [
  ['anthropic', 'plain', claude(1_000, 100), 0.0045, '1000×3 + 100×15'],
  [
    'anthropic',
    'cache read, beside the input',
    claude(1_000, 100, { cache_read_input_tokens: 9_000 }),
    0.0072,
    '1000×3 + 9000×0.3 + 100×15',
  ],
  [
    'anthropic',
    'cache write, 5 minutes',
    claude(1_000, 100, { cache_creation_input_tokens: 4_000 }),
    0.0195,
    '1000×3 + 4000×3.75 + 100×15',
  ],
  [
    'anthropic',
    'cache write, 1 hour',
    claude(1_000, 100, {
      cache_creation_input_tokens: 4_000,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 4_000 },
    }),
    0.0285,
    '1000×3 + 4000×6 + 100×15',
  ],
  [
    'anthropic',
    'both kinds of cache write',
    claude(1_000, 100, {
      cache_creation_input_tokens: 5_000,
      cache_creation: { ephemeral_5m_input_tokens: 2_000, ephemeral_1h_input_tokens: 3_000 },
    }),
    0.03,
    '1000×3 + 2000×3.75 + 3000×6 + 100×15',
  ],
  [
    'anthropic',
    'thinking is within the output',
    claude(1_000, 1_000, { output_tokens_details: { thinking_tokens: 900 } }),
    0.018,
    '1000×3 + 1000×15',
  ],
  ['anthropic', 'no tier: 1M tokens of context at one price', claude(500_000, 0), 1.5, '500000×3'],
];

/** DeepSeek V4 Pro: $0.66 in, 0.022 cached, 1.98 out; twice that on weekdays from 01:00 to 04:00 and 06:00 to 10:00. */
const deepseek: readonly Row[] = [
  ['deepseek', 'off peak', chat(1_000, 1_000), 0.00264, '1000×0.66 + 1000×1.98', tuesday(12)],
  ['deepseek', 'peak', chat(1_000, 1_000), 0.00528, '1000×1.32 + 1000×3.96', tuesday(2)],
  ['deepseek', 'the second peak', chat(1_000, 1_000), 0.00528, '1000×1.32 + 1000×3.96', tuesday(6)],
  ['deepseek', 'its last minute', chat(1_000, 1_000), 0.00528, '1000×1.32 + 1000×3.96', tuesday(9, 59)],
  ['deepseek', 'a minute later', chat(1_000, 1_000), 0.00264, '1000×0.66 + 1000×1.98', tuesday(10)],
  ['deepseek', 'between the peaks', chat(1_000, 1_000), 0.00264, '1000×0.66 + 1000×1.98', tuesday(5)],
  ['deepseek', 'on Friday', chat(1_000, 1_000), 0.00528, '1000×1.32 + 1000×3.96', friday(3)],
  ['deepseek', 'on Saturday', chat(1_000, 1_000), 0.00264, '1000×0.66 + 1000×1.98', saturday(3)],
  ['deepseek', 'on Sunday', chat(1_000, 1_000), 0.00264, '1000×0.66 + 1000×1.98', sunday(7)],
  [
    'deepseek',
    'cache read, in its own words',
    chat(1_000, 100, { prompt_cache_hit_tokens: 800, prompt_cache_miss_tokens: 200 }),
    0.0003476,
    '200×0.66 + 800×0.022 + 100×1.98',
    tuesday(12),
  ],
  [
    'deepseek',
    'cache read at the peak',
    chat(1_000, 100, { prompt_cache_hit_tokens: 800, prompt_cache_miss_tokens: 200 }),
    0.0006952,
    '200×1.32 + 800×0.044 + 100×3.96',
    tuesday(8),
  ],
  ['deepseek', 'reasoning', chat(1_000, 1_000, thought(900)), 0.00264, '1000×0.66 + 1000×1.98', tuesday(12)],
];

/** Google Gemini 3.1 Pro: $2 in, 0.20 cached, 12 out; above 200k tokens of prompt 4, 0.40 and 18. */
const google: readonly Row[] = [
  ['google', 'plain', gemini(1_000, 100), 0.0032, '1000×2 + 100×12'],
  [
    'google',
    'cache read',
    gemini(1_000, 100, { cachedContentTokenCount: 800 }),
    0.00176,
    '200×2 + 800×0.2 + 100×12',
  ],
  [
    'google',
    'thoughts stand beside the candidates',
    gemini(1_000, 100, { thoughtsTokenCount: 400 }),
    0.008,
    '1000×2 + 500×12',
  ],
  ['google', 'just at the tier', gemini(200_000, 100), 0.4012, '200000×2 + 100×12'],
  ['google', 'tier crossed', gemini(200_001, 100), 0.801804, '200001×4 + 100×18'],
];

/** xAI Grok 4.5: $2 in, 0.30 cached, 6 out; above 200k tokens of prompt 4, 0.60 and 12. */
const xai: readonly Row[] = [
  ['xai', 'plain', chat(1_000, 100), 0.0026, '1000×2 + 100×6'],
  ['xai', 'cache read', chat(1_000, 100, cached(800)), 0.00124, '200×2 + 800×0.3 + 100×6'],
  [
    'xai',
    'reasoning beside the output, by the total',
    chat(1_000, 100, { ...thought(300), total_tokens: 1_400 }),
    0.0044,
    '1000×2 + 400×6',
  ],
  ['xai', 'tier crossed', chat(200_001, 100), 0.801204, '200001×4 + 100×12'],
];

/** OpenRouter says what it charged; without that GPT-5.4 mini is $0.75 in, 0.075 cached, 4.50 out. */
const openrouter: readonly Row[] = [
  ['openrouter', 'its own word', chat(1_000, 100, { cost: 0.012345678 }), 0.012345678, 'usage.cost'],
  ['openrouter', 'its own word, though it is nothing', chat(1_000, 100, { cost: 0 }), 0, 'usage.cost'],
  ['openrouter', 'without it, the price', chat(1_000, 100), 0.0012, '1000×0.75 + 100×4.5'],
  ['openrouter', 'and its cache', chat(1_000, 100, cached(800)), 0.00066, '200×0.75 + 800×0.075 + 100×4.5'],
];

/** 400 characters, some 100 tokens. */
const text = 'Hello, world. '.repeat(29).slice(0, 400);
const event = (value: object, name?: string): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(value)}\n\n`;

/** A whole answer as each wire writes it. */
function whole(provider: Provider, usage: object | undefined): object {
  if (provider === 'anthropic')
    return {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      usage,
    };
  if (provider === 'google')
    return {
      candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP', index: 0 }],
      usageMetadata: usage,
    };
  return {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage,
  };
}

/** The beginning of a stream, up to its text. */
function begins(provider: Provider, usage: object | undefined): string {
  if (provider === 'anthropic') {
    const { output_tokens: _later, ...input } = (usage ?? {}) as Record<string, unknown>;
    const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [] };
    return (
      event(
        {
          type: 'message_start',
          message: { ...message, ...(usage && { usage: { ...input, output_tokens: 1 } }) },
        },
        'message_start',
      ) +
      event(
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        'content_block_start',
      ) +
      event(
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
        'content_block_delta',
      )
    );
  }
  if (provider === 'google')
    return event({ candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0 }] });
  const choices = [{ index: 0, delta: { role: 'assistant', content: text }, finish_reason: null }];
  return event({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices });
}

function ends(provider: Provider, usage: object | undefined): string {
  if (provider === 'anthropic')
    return (
      event({ type: 'content_block_stop', index: 0 }, 'content_block_stop') +
      event(
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, ...(usage && { usage }) },
        'message_delta',
      ) +
      event({ type: 'message_stop' }, 'message_stop')
    );
  if (provider === 'google')
    return event({
      candidates: [{ content: { role: 'model', parts: [] }, finishReason: 'STOP', index: 0 }],
      usageMetadata: usage,
    });
  const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
  return (
    event({ ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }) +
    (usage ? event({ ...chunk, choices: [], usage }) : '') +
    'data: [DONE]\n\n'
  );
}

const says = (bytes: string): Script[number] => [1, (sink) => sink.data(Buffer.from(bytes))];
const over: Script[number] = [1, (sink) => sink.end()];
const ok: Script[number] = [1, (sink) => sink.head(200, { 'content-type': 'application/json' })];

const answered = (provider: Provider, usage: object | undefined): Script => [
  connected,
  ok,
  says(JSON.stringify(whole(provider, usage))),
  over,
];
const streamed = (provider: Provider, usage: object | undefined): Script => [
  connected,
  streams(1),
  says(begins(provider, usage)),
  says(ends(provider, usage)),
  over,
];

type Call = {
  readonly provider: Provider;
  readonly stream: boolean;
  readonly at?: number | undefined;
  readonly leaves?: boolean;
};

async function served({ provider, stream, at = noon, leaves = false }: Call, script: Script): Promise<Visit> {
  const body = {
    model: models[provider],
    stream,
    messages: [{ role: 'user', content: 'hi' }],
    provider: { only: [provider] },
  };
  const seen = visit(snapshot, body, [script], at);
  await seen.clock.advance(5_000);
  if (leaves) seen.depart('client');
  await seen.done;
  assert.deepEqual(seen.faults, []);
  return seen;
}

const near = (nano: number | undefined, usd: number): boolean => Math.abs((nano ?? NaN) / 1e9 - usd) <= 1e-9;

for (const [provider, what, usage, usd, sum, at] of [
  ...openai,
  ...anthropic,
  ...deepseek,
  ...google,
  ...xai,
  ...openrouter,
])
  for (const stream of [false, true])
    test(`${provider}, ${what}${stream ? ', streamed' : ''}: $${usd} = ${sum}`, async () => {
      const script = stream ? streamed(provider, usage) : answered(provider, usage);
      const { records, settled } = await served({ provider, stream, at }, script);
      assert.equal(settled[0]?.basis, 'measured');
      assert.ok(
        near(settled[0]?.cost, usd),
        `${settled[0]?.cost} nano-USD, ${JSON.stringify(settled[0]?.usage)}`,
      );
      assert.ok(near(records[0]?.cost, usd));
    });

/**
 * Nothing is reported: the 32 bytes of messages are 8 tokens, 16 frame the request, and 400 characters of answer are
 * 100. What is counted may take some of the JSON around the answer for it, or leave some of the answer out.
 */
const unreported: readonly (readonly [Provider, number, string])[] = [
  ['openai', 0.00312, '24×5 + 100×30'],
  ['anthropic', 0.001572, '24×3 + 100×15'],
  ['deepseek', 0.00021384, '24×0.66 + 100×1.98'],
  ['google', 0.001248, '24×2 + 100×12'],
  ['xai', 0.000648, '24×2 + 100×6'],
  ['openrouter', 0.000468, '24×0.75 + 100×4.5'],
];

const about = (nano: number | undefined, usd: number): boolean =>
  (nano ?? NaN) / 1e9 >= 0.7 * usd && (nano ?? NaN) / 1e9 <= 1.3 * usd;

for (const [provider, usd, sum] of unreported) {
  for (const stream of [false, true])
    test(`${provider}, no usage${stream ? ', streamed' : ''}: estimated at about $${usd} = ${sum}, and flagged`, async () => {
      const script = stream ? streamed(provider, undefined) : answered(provider, undefined);
      const { settled, records } = await served({ provider, stream }, script);
      assert.equal(settled[0]?.basis, 'estimated');
      assert.ok(about(settled[0]?.cost, usd), `${settled[0]?.cost}, ${JSON.stringify(settled[0]?.usage)}`);
      assert.equal(records[0]?.cost, settled[0]?.cost);
    });

  const broken: readonly (readonly [string, Script[number], string])[] = [
    ['cut after its text', breaks(1), 'cut'],
    ['left by the client after its text', [60_000, () => undefined], 'client_gone'],
  ];
  for (const [how, then, ending] of broken)
    test(`${provider}, ${how}: nothing is measured, about $${usd} stands beside it`, async () => {
      const script = [connected, streams(1), says(begins(provider, undefined)), then];
      const { settled, records } = await served(
        { provider, stream: true, leaves: ending === 'client_gone' },
        script,
      );
      assert.deepEqual([settled[0]?.basis, settled[0]?.cost, records[0]?.ending], ['unmeasured', 0, ending]);
      assert.ok(about(settled[0]?.unmeasured, usd), `${settled[0]?.unmeasured}`);
    });

  test(`${provider}, refused: costs nothing`, async () => {
    const { settled } = await served({ provider, stream: true }, refuses(1, 500));
    assert.deepEqual([settled[0]?.basis, settled[0]?.cost, settled[0]?.unmeasured], ['none', 0, undefined]);
  });
}
