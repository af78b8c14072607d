/**
 * One model has many names. The canonical one is OpenRouter's slug (`author/name`, dots in versions); this file
 * finds it for the id that a provider uses, or makes one in the same style.
 */
import type { Listing } from './listing.ts';

/** Provider → the author whose own models it sells. */
export const ownAuthor: Readonly<Record<string, string>> = {
  alibaba: 'qwen',
  anthropic: 'anthropic',
  cohere: 'cohere',
  deepseek: 'deepseek',
  google: 'google',
  minimax: 'minimax',
  mistral: 'mistralai',
  moonshotai: 'moonshotai',
  openai: 'openai',
  perplexity: 'perplexity',
  xai: 'x-ai',
  zai: 'z-ai',
};

/** An organisation's name elsewhere → its name in slugs. */
const organisations: Readonly<Record<string, string>> = {
  baidu: 'baidu',
  bytedance: 'bytedance-seed',
  'deepseek-ai': 'deepseek',
  liquidai: 'liquid',
  'meta-models': 'meta',
  minimaxai: 'minimax',
  paddlepaddle: 'baidu',
  'stepfun-ai': 'stepfun',
  xiaomimimo: 'xiaomi',
  'zai-org': 'z-ai',
};

/** The beginning of a bare id → the author, for hosts that do not say. */
const families: readonly (readonly [RegExp, string])[] = [
  [/^(qwen|qwq|qvq)/, 'qwen'],
  [/^(zai-)?glm/, 'z-ai'],
  [/^kimi/, 'moonshotai'],
  [/^deepseek/, 'deepseek'],
  [/^llama/, 'meta-llama'],
  [/^gpt-oss/, 'openai'],
  [/^minimax/, 'minimax'],
  [/^muse/, 'meta'],
  [/^nemotron/, 'nvidia'],
  [/^inkling/, 'thinkingmachines'],
];

/** Ids whose name says too little, or something else. */
const special: Readonly<Record<string, string>> = {
  'deepseek/deepseek-flash': 'deepseek/deepseek-v4.1-flash',
  'fireworks-ai/accounts/fireworks/models/nemotron-3-ultra-nvfp4': 'nvidia/nemotron-3-ultra-550b-a55b',
  'fireworks-ai/accounts/fireworks/models/nemotron-lightning-3p5-30b-a3b': 'nvidia/nemotron-3.5-lightning',
  'fireworks-ai/accounts/fireworks/models/ember-1': 'fireworks/ember-1',
  'mistral/mistral-large-4': 'mistralai/mistral-large-4-0',
  'mistral/mistral-medium-2505': 'mistralai/mistral-medium-3',
  'mistral/mistral-medium-2508': 'mistralai/mistral-medium-3.1',
  'mistral/mistral-medium-2604': 'mistralai/mistral-medium-3-5',
  'mistral/mistral-small-2506': 'mistralai/mistral-small-3.2-24b-instruct',
  'mistral/voxtral-small-2507': 'mistralai/voxtral-small-24b-2507',
  'mistral/open-mistral-nemo': 'mistralai/mistral-nemo',
  'openai/chat-latest': 'openai/gpt-chat-latest',
  'togetherai/meta-models/Muse-Spark-Open-816B-A42B': 'meta/muse-spark-open',
  'xai/grok-4.20-0309-reasoning': 'x-ai/grok-4.20',
  'xai/grok-4.20-multi-agent-0309': 'x-ai/grok-4.20-multi-agent',
};

/** A host's name for a build of the same weights: precision, speed or sizes spelled out. */
const builds =
  /-(turbo|fp8|tput|versatile|instant|lite|paddle|instruct-turbo|17b-128e-instruct|17b-16e-instruct)$/;
const renames: readonly (readonly [RegExp, string])[] = [
  [/^qwen3-coder-480b-a35b-instruct$/, 'qwen3-coder'],
  [/^qwen3-235b-a22b-instruct-2507$/, 'qwen3-235b-a22b-2507'],
  [/^kimi-k2-instruct(-0905)?$/, 'kimi-k2$1'],
  [/^deepseek-v3$/, 'deepseek-chat'],
  [/^deepseek-v3-0324$/, 'deepseek-chat-v3-0324'],
  [/^deepseek-v3\.1$/, 'deepseek-chat-v3.1'],
  [/^deepseek-v3-1$/, 'deepseek-chat-v3.1'],
  [/^meta-llama-3-/, 'llama-3-'],
  [/^l31-/, 'l3.1-'],
  [/^minimax-m1-80k$/, 'minimax-m1'],
  [/^nvidia-nemotron/, 'nemotron'],
  [/^zai-glm/, 'glm'],
];

/** Only letters and digits: `claude-haiku-4-5` and `Claude-Haiku-4.5` are the same. */
const letters = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

const date = /-(20\d{6}|20\d\d-\d\d-\d\d|\d\d-20\d\d)$/;

/** Author and name as a provider's id tells them. */
function split(listing: Listing): readonly [author: string, name: string] {
  const id = listing.id
    .toLowerCase()
    .replace(/^accounts\/fireworks\/models\//, '')
    .replace(listing.provider === 'fireworks-ai' ? /(\d)p(\d)/g : /$^/, '$1.$2');
  const slash = id.indexOf('/');
  const name = id.slice(slash + 1);
  if (slash > 0) return [organisations[id.slice(0, slash)] ?? id.slice(0, slash), name];
  const family = families.find(([pattern]) => pattern.test(name))?.[1];
  return [family ?? ownAuthor[listing.provider] ?? listing.provider, name];
}

/** The names under which the model may be known, the likeliest first; the last is the one to make up. */
function candidates(name: string, isHost: boolean): string[] {
  const undated = name.replace(date, '');
  const built = undated.replace(builds, '').replace(builds, '');
  const all = isHost ? [name, undated, `${built}-instruct`, built] : [name, undated];
  return all.map((one) => renames.reduce((text, [pattern, to]) => text.replace(pattern, to), one));
}

export type Namer = (listing: Listing) => string;

/**
 * Finds canonical slugs. Knows OpenRouter's at first and learns those it makes up, so that two hosts of one model
 * meet; listings must therefore come in a fixed order. `sameModel` decides whether a `-latest` id is the listed one.
 */
export function namer(
  slugs: readonly string[],
  sameModel: (listing: Listing, slug: string) => boolean,
): Namer {
  const known = new Map<string, string>();
  const learn = (slug: string): void => {
    const [author = '', name = ''] = slug.split('/');
    const key = `${author}/${letters(name)}`;
    if (!known.has(key)) known.set(key, slug);
  };
  for (const slug of slugs) learn(slug);

  return (listing) => {
    if (listing.provider === 'openrouter') return listing.id;
    const fixed = special[`${listing.provider}/${listing.id}`];
    if (fixed) return fixed;
    const [author, name] = split(listing);
    const find = (one: string): string | undefined => known.get(`${author}/${letters(one)}`);
    const names = candidates(name, ownAuthor[listing.provider] === undefined);
    const found = names.map(find).find(Boolean);
    if (found) return found;
    const latest = find(name.replace(/-latest$/, ''));
    if (latest && sameModel(listing, latest)) return latest;
    const slug = `${author}/${names.at(-1)}`;
    learn(slug);
    return slug;
  };
}
