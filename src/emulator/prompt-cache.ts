/**
 * The prompt caches of the emulated vendors. A prompt is a row of segments; what is remembered are digests of
 * its beginnings. Vendors of the openai-chat wire cache by themselves, Anthropic only where the request marks it.
 */
import { hash } from 'node:crypto';
import type { Usage } from '../core/usage.ts';
import type { Segment } from './ask.ts';

/** The prompt's tokens, by how they are billed. */
export type PromptUsage = Required<Omit<Usage, 'output' | 'reasoning'>>;

/** The two lifetimes that are sold, in ms. */
export const fiveMinutes = 300_000;
export const oneHour = 3_600_000;

/** Shorter beginnings are neither written nor read; OpenAI's figure, and that of most Claude models. */
const shortest = 1_024;
/** Implicit caches match in blocks of so many tokens (OpenAI's figure). */
const blockTokens = 128;
const blockBytes = blockTokens * 4;
/** Anthropic looks for an earlier write at most so many content blocks before a mark. */
const lookBack = 20;
const mostEntries = 200_000;

/** The beginning of a prompt up to some point: its digest, and the tokens up to there. */
type Beginning = { readonly digest: string; readonly tokens: number; readonly cacheFor?: number };

export type PromptCache = {
  /** `place` is the vendor and model: caches are not shared between them. `at` is epoch ms. */
  implicit(place: string, prompt: readonly Segment[], at: number): PromptUsage;
  marked(place: string, prompt: readonly Segment[], at: number): PromptUsage;
};

export function promptCache(): PromptCache {
  const memory = createMemory();
  return {
    implicit: (place, prompt, at) => readImplicit(memory, beginnings(place, prompt.flatMap(blocks)), at),
    marked: (place, prompt, at) => readMarked(memory, beginnings(place, prompt), at),
  };
}

function readImplicit(memory: Memory, ends: readonly Beginning[], at: number): PromptUsage {
  const total = ends.at(-1)?.tokens ?? 0;
  const firstNew = ends.findIndex(({ digest }) => !memory.knows(digest, at));
  const known = (firstNew === -1 ? ends.at(-1) : ends[firstNew - 1])?.tokens ?? 0;
  // At least the last token is always read afresh.
  const whole = Math.floor(Math.min(known, total - 1) / blockTokens) * blockTokens;
  const cacheRead = whole >= shortest ? whole : 0;
  for (const { digest } of ends) memory.learn(digest, at, fiveMinutes);
  return { input: total - cacheRead, cacheRead, cacheWrite: 0, cacheWrite1h: 0 };
}

function readMarked(memory: Memory, ends: readonly Beginning[], at: number): PromptUsage {
  const total = ends.at(-1)?.tokens ?? 0;
  const marks = ends.flatMap((end, index) => (end.cacheFor && end.tokens >= shortest ? [index] : []));
  const within = (index: number): boolean => marks.some((mark) => index <= mark && index >= mark - lookBack);
  const hit = ends.findLast(({ digest }, index) => within(index) && memory.knows(digest, at));
  if (hit) memory.refresh(hit.digest, at);
  let reached = hit?.tokens ?? 0;
  const usage = { input: 0, cacheRead: reached, cacheWrite: 0, cacheWrite1h: 0 };
  for (const { digest, tokens, cacheFor = fiveMinutes } of marks.map((mark) => ends[mark] as Beginning)) {
    if (tokens <= reached) continue;
    usage[cacheFor === oneHour ? 'cacheWrite1h' : 'cacheWrite'] += tokens - reached;
    memory.learn(digest, at, cacheFor);
    reached = tokens;
  }
  return { ...usage, input: total - reached };
}

/** Every beginning of the prompt, each digest built on the one before. */
function beginnings(place: string, prompt: readonly Segment[]): readonly Beginning[] {
  let digest = place;
  let tokens = 0;
  return prompt.map((segment) => {
    digest = hash('sha256', `${digest}\n${segment.text}`, 'base64');
    tokens += segment.tokens;
    return { digest, tokens, ...(segment.cacheFor ? { cacheFor: segment.cacheFor } : {}) };
  });
}

/** A segment in blocks; the last one is what is left. */
function blocks({ text, tokens }: Segment): readonly Segment[] {
  const bytes = Buffer.from(text);
  const full = Math.max(0, Math.ceil(bytes.length / blockBytes) - 1);
  return Array.from({ length: full + 1 }, (_, index) => ({
    text: bytes.toString('latin1', index * blockBytes, (index + 1) * blockBytes),
    tokens: index < full ? blockTokens : tokens - full * blockTokens,
  }));
}

type Memory = {
  knows(digest: string, at: number): boolean;
  learn(digest: string, at: number, lifetime: number): void;
  /** Reading a beginning keeps it for its lifetime once more. */
  refresh(digest: string, at: number): void;
};

function createMemory(): Memory {
  const entries = new Map<string, { readonly until: number; readonly lifetime: number }>();
  const learn = (digest: string, at: number, lifetime: number): void => {
    entries.delete(digest);
    entries.set(digest, { until: at + lifetime, lifetime });
    for (const [oldest, { until }] of entries) {
      if (until > at && entries.size <= mostEntries) break;
      entries.delete(oldest);
    }
  };
  return {
    learn,
    knows: (digest, at) => (entries.get(digest)?.until ?? 0) > at,
    refresh: (digest, at) => learn(digest, at, entries.get(digest)?.lifetime ?? fiveMinutes),
  };
}
