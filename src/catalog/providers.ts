/**
 * Providers that need no explaining: where they are, which dialect they speak and where their key usually lies.
 * Addresses and variables as models.dev (MIT) and the providers' own documentation name them, September 2026.
 */
import type { Wire } from '../core/catalog.ts';
import { defaultAuth } from '../core/defaults.ts';
import type { Auth } from '../core/snapshot.ts';

export type KnownProvider = {
  /** As in the catalogue's offers. */
  readonly name: string;
  /** For people. */
  readonly label: string;
  readonly wire: Wire;
  /** With the version segment. */
  readonly baseUrl: string;
  /** Environment variables that usually hold the key, the likeliest first. */
  readonly env: readonly string[];
  readonly auth: Auth;
  /** Other dialects that it speaks, at their own addresses. */
  readonly also?: readonly { readonly wire: Wire; readonly baseUrl: string }[];
};

type Row = readonly [name: string, label: string, baseUrl: string, ...env: string[]];

/** All of these speak OpenAI's chat dialect. */
const chat: readonly Row[] = [
  [
    'alibaba',
    'Alibaba Model Studio',
    'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    'DASHSCOPE_API_KEY',
  ],
  ['cerebras', 'Cerebras', 'https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY'],
  ['cohere', 'Cohere', 'https://api.cohere.ai/compatibility/v1', 'COHERE_API_KEY', 'CO_API_KEY'],
  ['deepinfra', 'DeepInfra', 'https://api.deepinfra.com/v1/openai', 'DEEPINFRA_API_KEY'],
  ['deepseek', 'DeepSeek', 'https://api.deepseek.com/v1', 'DEEPSEEK_API_KEY'],
  ['fireworks-ai', 'Fireworks AI', 'https://api.fireworks.ai/inference/v1', 'FIREWORKS_API_KEY'],
  ['groq', 'Groq', 'https://api.groq.com/openai/v1', 'GROQ_API_KEY'],
  ['minimax', 'MiniMax', 'https://api.minimax.io/v1', 'MINIMAX_API_KEY'],
  ['mistral', 'Mistral', 'https://api.mistral.ai/v1', 'MISTRAL_API_KEY'],
  ['moonshotai', 'Moonshot AI', 'https://api.moonshot.ai/v1', 'MOONSHOT_API_KEY'],
  ['novita-ai', 'Novita AI', 'https://api.novita.ai/openai', 'NOVITA_API_KEY'],
  ['openai', 'OpenAI', 'https://api.openai.com/v1', 'OPENAI_API_KEY'],
  ['openrouter', 'OpenRouter', 'https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY'],
  ['perplexity', 'Perplexity', 'https://api.perplexity.ai', 'PERPLEXITY_API_KEY'],
  ['togetherai', 'Together AI', 'https://api.together.ai/v1', 'TOGETHER_API_KEY'],
  ['xai', 'xAI', 'https://api.x.ai/v1', 'XAI_API_KEY'],
  ['zai', 'Z.ai', 'https://api.z.ai/api/paas/v4', 'ZAI_API_KEY', 'ZHIPU_API_KEY'],
];

const anthropic: KnownProvider = {
  name: 'anthropic',
  label: 'Anthropic',
  wire: 'anthropic',
  baseUrl: 'https://api.anthropic.com/v1',
  env: ['ANTHROPIC_API_KEY'],
  auth: defaultAuth.anthropic,
};

/** In its own dialect; its OpenAI-compatible face is under `also`. */
const google: KnownProvider = {
  name: 'google',
  label: 'Google Gemini',
  wire: 'gemini',
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  env: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'],
  auth: defaultAuth.gemini,
  also: [{ wire: 'openai-chat', baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai' }],
};

const otherDialects: Readonly<Record<string, NonNullable<KnownProvider['also']>>> = {
  minimax: [{ wire: 'anthropic', baseUrl: 'https://api.minimax.io/anthropic/v1' }],
  openai: [{ wire: 'openai-responses', baseUrl: 'https://api.openai.com/v1' }],
};

function chatProvider([name, label, baseUrl, ...env]: Row): KnownProvider {
  const also = otherDialects[name];
  const wire = 'openai-chat';
  return { name, label, wire, baseUrl, env, auth: defaultAuth[wire], ...(also && { also }) };
}

/** Catalogue name → provider, sorted by name. */
export const knownProviders: ReadonlyMap<string, KnownProvider> = new Map(
  [anthropic, google, ...chat.map(chatProvider)]
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((provider) => [provider.name, provider]),
);
