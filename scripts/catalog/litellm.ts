/** Reads the LiteLLM price map (MIT part): which OpenAI models speak one wire only, and dated snapshot names. */
type Entry = { litellm_provider?: string; mode?: string; supported_endpoints?: string[] };
export type LitellmFile = Record<string, Entry>;

/** OpenAI ids that answer on `/v1/responses` but not on `/v1/chat/completions`. */
export function responsesOnly(file: LitellmFile): ReadonlySet<string> {
  return new Set(
    Object.entries(file)
      .filter(([, entry]) => entry.litellm_provider === 'openai' && entry.mode === 'responses')
      .filter(([, entry]) => !entry.supported_endpoints?.includes('/v1/chat/completions'))
      .map(([id]) => id),
  );
}

const authors: Record<string, string> = {
  anthropic: 'anthropic',
  gemini: 'google',
  openai: 'openai',
  xai: 'x-ai',
};

/** Dated snapshots as `author/id`, e.g. `openai/gpt-5.4-mini-2026-03-17`. */
export function datedIds(file: LitellmFile): string[] {
  return Object.entries(file).flatMap(([key, entry]) => {
    const author = authors[entry.litellm_provider ?? ''];
    const id = key.slice(key.indexOf('/') + 1);
    return author && /-(20\d{6}|20\d\d-\d\d-\d\d)$/.test(id) ? [`${author}/${id}`] : [];
  });
}
