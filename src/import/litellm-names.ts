/**
 * What the part before the slash of a LiteLLM model means here. Its list: docs.litellm.ai/docs/providers.
 */

/** LiteLLM's prefix → the provider's name in the catalogue. */
export const knownPrefixes: Readonly<Record<string, string>> = {
  anthropic: 'anthropic',
  cerebras: 'cerebras',
  cohere: 'cohere',
  cohere_chat: 'cohere',
  dashscope: 'alibaba',
  deepinfra: 'deepinfra',
  deepseek: 'deepseek',
  fireworks_ai: 'fireworks-ai',
  gemini: 'google',
  groq: 'groq',
  minimax: 'minimax',
  mistral: 'mistral',
  moonshot: 'moonshotai',
  novita: 'novita-ai',
  openai: 'openai',
  openrouter: 'openrouter',
  perplexity: 'perplexity',
  together_ai: 'togetherai',
  xai: 'xai',
  zai: 'zai',
};

/** Servers that speak OpenAI's chat dialect at the address they are given; some need the version segment added. */
export const chatServers: Readonly<Record<string, { readonly segment: string }>> = {
  custom_openai: { segment: '' },
  hosted_vllm: { segment: '' },
  litellm_proxy: { segment: '' },
  llamafile: { segment: '' },
  lm_studio: { segment: '' },
  ollama: { segment: '/v1' },
  ollama_chat: { segment: '/v1' },
  openai_like: { segment: '' },
  vllm: { segment: '' },
  xinference: { segment: '' },
};

/** Why nothing here can call them. */
export const unspoken: Readonly<Record<string, string>> = {
  bedrock: 'Bedrock signs its requests in a way of its own, and no wire does that',
  sagemaker: 'SageMaker signs its requests in a way of its own, and no wire does that',
  vertex_ai: "Vertex AI takes Google's short-lived tokens only; the same models are at gemini/… with a key",
};

/** Models that LiteLLM knows without a prefix. */
export function guessedPrefix(model: string): string | undefined {
  if (/^(gpt-|o\d|chatgpt-|text-embedding-|ft:gpt)/.test(model)) return 'openai';
  if (model.startsWith('claude-')) return 'anthropic';
  return undefined;
}
