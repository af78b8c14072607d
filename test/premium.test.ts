/**
 * A switch to a cheaper model that has nothing in its cache may cost more than the dearer one that was warm. Conversations
 * of some 100,000 tokens leave a warm Claude Sonnet 4.6; prices are the bundled catalogue's, sums were done by hand.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromUsd } from '../src/core/money.ts';
import type { Premium } from '../src/core/record.ts';
import { answers, refuses, snapshotOf, virtualKeyHash, visit } from './support/virtual-world.ts';
import type { Script, Visit } from './support/virtual-world.ts';

const snapshot = snapshotOf(`
providers:
  anthropic: { wire: anthropic, base_url: 'https://anthropic.example/v1' }
  second: { wire: anthropic, base_url: 'https://second.example/v1', catalog: anthropic }
  deepseek: { wire: openai-chat, base_url: 'https://deepseek.example/v1' }
  openai: { wire: openai-chat, base_url: 'https://openai.example/v1' }
presets:
  haiku: { models: [anthropic/claude-sonnet-4.6, anthropic/claude-haiku-4.5], ${limited('anthropic')} }
  pro: { models: [anthropic/claude-sonnet-4.6, deepseek/deepseek-v4-pro], ${limited('anthropic, deepseek')} }
  mini: { models: [anthropic/claude-sonnet-4.6, openai/gpt-5.4-mini], ${limited('anthropic, openai')} }
  same: { models: [anthropic/claude-sonnet-4.6], ${limited('anthropic, second')} }
keys: [{ name: test, key: '${virtualKeyHash}' }]`);

function limited(providers: string): string {
  return `provider: { only: [${providers}] }, limits: [{ premium_usd: 5, per: hour }]`;
}

/** Tokens of the prompt by how they are billed, and of the answer. */
type Tokens = { readonly fresh: number; readonly read: number; readonly written: number };
const output = 400;

const claude = ({ fresh, read, written }: Tokens): Script =>
  answers({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [{ type: 'text', text: 'yes' }],
    stop_reason: 'end_turn',
    usage: {
      input_tokens: fresh,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: written,
      output_tokens: output,
    },
  });

const openAi = ({ fresh, read }: Tokens): Script =>
  answers({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: fresh + read,
      completion_tokens: output,
      prompt_tokens_details: { cached_tokens: read },
    },
  });

/** Each turn says what was said before and a little more. */
const opening = { role: 'user', content: 'The repository. '.repeat(25_000) };
const turn = (preset: string, number: number, more: object): object => ({
  model: `@preset/${preset}`,
  max_tokens: 1_000,
  messages: [
    { role: 'system', content: 'You are a careful engineer.' },
    opening,
    ...Array.from({ length: number }, (_, index) => [
      { role: 'assistant', content: 'yes' },
      { role: 'user', content: `and then, ${index}?` },
    ]).flat(),
  ],
  ...more,
});

const overloaded = refuses(1, 529);
/** What Sonnet reports of the two turns that it serves: 100,800 tokens are in its cache afterwards. */
const cold = claude({ fresh: 100, read: 0, written: 99_900 });
const warm = claude({ fresh: 100, read: 99_900, written: 900 });

type Case = {
  readonly name: string;
  readonly preset: string;
  /** Of the third turn, which Sonnet cannot serve: 101,700 tokens, all new to the fallback. */
  readonly fallback: Script;
  /** Hours after a Tuesday's noon in UTC. */
  readonly hours?: number;
  /** USD. */
  readonly price: number;
};

/**
 * Sonnet would have cost 101,700 × $3 + 400 × $15 = $0.3111 cold, and 100,800 × $0.30 + 900 × $3 + 400 × $15 = $0.03894
 * warm, prices per million: what is lost with its cache is $0.27216.
 */
const cacheLost = 0.27216;
const allWritten = claude({ fresh: 100, read: 0, written: 101_600 });
const allFresh = openAi({ fresh: 101_700, read: 0, written: 0 });
const cases: readonly Case[] = [
  // 100 × $1 + 101,600 × $1.25 + 400 × $5 = $0.1291
  { name: 'Haiku 4.5', preset: 'haiku', fallback: allWritten, price: -0.182 },
  // 101,700 × $0.66 + 400 × $1.98 = $0.067914
  { name: 'DeepSeek V4 Pro, off-peak', preset: 'pro', fallback: allFresh, price: -0.243186 },
  // 101,700 × $1.32 + 400 × $3.96 = $0.135828
  { name: 'DeepSeek V4 Pro, peak', preset: 'pro', fallback: allFresh, hours: 13.5, price: -0.175272 },
  // 101,700 × $0.75 + 400 × $4.50 = $0.078075
  { name: 'GPT-5.4 mini', preset: 'mini', fallback: allFresh, price: -0.233025 },
  // 100 × $3 + 101,600 × $3.75 + 400 × $15 = $0.3873
  { name: 'the same model at another provider', preset: 'same', fallback: allWritten, price: 0.0762 },
];

/** How a client tells which conversation it is in, or does not. */
const ways = [
  ['named by its session', { session_id: 'talk-1' }],
  ['known by its opening', {}],
] as const;

function premiumSpent(world: Visit): number | undefined {
  return world.standings().find(({ unit }) => unit === 'premium_usd')?.spent;
}

/** Two turns at Sonnet, the second one warm, then one that fails over. */
async function failOver({ preset, fallback, hours = 0 }: Case, more: object, next: readonly Script[] = []) {
  const first = visit(snapshot, { model: 'unknown/model' }, [
    cold,
    warm,
    // Being warm there it is tried twice.
    overloaded,
    overloaded,
    fallback,
    ...next,
  ]);
  await first.clock.advance(hours * 3_600_000);
  const turns: Visit[] = [];
  const ask = async (number: number): Promise<Premium | undefined> => {
    const asked = first.another(turn(preset, number, more));
    turns.push(asked);
    await first.clock.advance(60_000);
    assert.deepEqual(asked.faults, []);
    assert.equal(asked.records[0]?.ending, 'ok', JSON.stringify(asked.records[0]));
    return asked.records[0]?.premium;
  };
  return { ask, first, premiums: [await ask(0), await ask(1), await ask(2)] };
}

for (const [how, more] of ways)
  describe(`a conversation ${how} leaves a warm Sonnet 4.6`, () => {
    for (const one of cases)
      test(`for ${one.name}, cold`, async () => {
        const { first, premiums } = await failOver(one, more);
        assert.deepEqual(premiums, [
          { price: 0, cache: 0 },
          { price: 0, cache: 0 },
          { price: nanoOf(one.price), cache: nanoOf(cacheLost) },
        ]);
        assert.equal(premiumSpent(first), nanoOf(one.price + cacheLost));
      });
  });

test('once the cheaper model is warm too, the switch saves; what was lost stays counted', async () => {
  const [haiku] = cases;
  assert.ok(haiku);
  // It stays there: Sonnet is not asked.
  const { ask, first } = await failOver(haiku, {}, [claude({ fresh: 100, read: 101_600, written: 900 })]);
  // 100 × $1 + 101,600 × $0.10 + 900 × $1.25 + 400 × $5 = $0.013385, against 102,600 × $3 + $0.006 = $0.3138 cold.
  assert.deepEqual(await ask(3), { price: nanoOf(-0.300415), cache: nanoOf(cacheLost) });
  assert.equal(premiumSpent(first), nanoOf(0.09016));
});

test('five minutes after its last turn nothing is left of a cache, and a cheaper model is a gain', async () => {
  const [haiku] = cases;
  assert.ok(haiku);
  const { ask, first } = await failOver(haiku, {}, [overloaded, haiku.fallback]);
  await first.clock.advance(300_000);
  assert.deepEqual(await ask(3), { price: nanoOf(-0.182), cache: 0 });
});

test('another conversation has nothing to lose', async () => {
  const world = visit(snapshot, turn('haiku', 0, { session_id: 'one' }), [cold, overloaded, allWritten]);
  await world.clock.advance(60_000);
  const other = world.another(turn('haiku', 0, { session_id: 'two' }));
  await world.clock.advance(60_000);
  assert.deepEqual(other.records[0]?.premium, { price: nanoOf(-0.182), cache: 0 });
  assert.equal(premiumSpent(world), 0);
});

function nanoOf(usd: number): number {
  return Math.sign(usd) * fromUsd(Math.abs(usd));
}
