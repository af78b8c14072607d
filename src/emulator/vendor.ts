/** Where the vendors of the openai-chat wire differ: shapes as in their public API references and recorded answers. */
import { randomBytes, randomUUID } from 'node:crypto';
import { toUsd } from '../core/money.ts';
import { completionTokens, promptTokens, type Usage } from '../core/usage.ts';
import type { Dict } from './json.ts';
import type { Reading } from './wire.ts';

export type Vendor = {
  newId(): string;
  newCallId(): string;
  /** Message field of the thoughts; undefined = thoughts are counted but not shown. */
  readonly reasoningField: string | undefined;
  /** `content` of a message that only calls a tool. */
  readonly noContent: '' | null;
  /** Usage comes with the finish; otherwise in a chunk of its own without choices. */
  readonly usageWithFinish: boolean;
  /** What the stream opens with. */
  readonly prelude: string;
  usage(reading: Reading): Dict;
  readonly outOfCredit: {
    readonly status: number;
    readonly message: string;
    readonly type: string;
    readonly code: string;
  };
};

const token = (length: number): string =>
  randomBytes(length).toString('base64url').replaceAll(/[-_]/g, 'x').slice(0, length);

const openai: Vendor = {
  newId: () => `chatcmpl-${token(29)}`,
  newCallId: () => `call_${token(24)}`,
  reasoningField: undefined,
  noContent: null,
  usageWithFinish: false,
  prelude: '',
  usage: ({ usage }) => openaiUsage(usage),
  outOfCredit: {
    status: 429,
    message: 'You exceeded your current quota; check your plan and billing details.',
    type: 'insufficient_quota',
    code: 'insufficient_quota',
  },
};

const deepseek: Vendor = {
  ...openai,
  newId: randomUUID,
  newCallId: () => `call_00_${token(24)}`,
  reasoningField: 'reasoning_content',
  noContent: '',
  usageWithFinish: true,
  usage: ({ usage }) => deepseekUsage(usage),
  outOfCredit: {
    status: 402,
    message: 'Insufficient Balance',
    type: 'unknown_error',
    code: 'invalid_request_error',
  },
};

const openrouter: Vendor = {
  ...openai,
  newId: () => `gen-${Math.floor(Date.now() / 1_000)}-${token(20)}`,
  reasoningField: 'reasoning',
  prelude: ': OPENROUTER PROCESSING\n\n',
  usage: ({ usage, cost }) => ({ ...openaiUsage(usage), cost: toUsd(cost) }),
};

/** Vendors that nobody described speak as OpenAI does, and show their thoughts. */
const other: Vendor = { ...openai, reasoningField: 'reasoning_content' };

const vendors = new Map<string, Vendor>(Object.entries({ openai, deepseek, openrouter }));

export function vendorNamed(name: string): Vendor {
  return vendors.get(name) ?? other;
}

function counts(usage: Usage): Dict & { prompt_tokens: number } {
  const prompt_tokens = promptTokens(usage);
  const completion_tokens = completionTokens(usage);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

function openaiUsage(usage: Usage): Dict {
  return {
    ...counts(usage),
    prompt_tokens_details: { cached_tokens: usage.cacheRead ?? 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning ?? 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function deepseekUsage(usage: Usage): Dict {
  const hit = usage.cacheRead ?? 0;
  const all = counts(usage);
  return {
    ...all,
    prompt_tokens_details: { cached_tokens: hit },
    ...(usage.reasoning ? { completion_tokens_details: { reasoning_tokens: usage.reasoning } } : {}),
    prompt_cache_hit_tokens: hit,
    prompt_cache_miss_tokens: all.prompt_tokens - hit,
  };
}
