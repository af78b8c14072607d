/**
 * What a provider bills when its caller hangs up in the middle of an answer, by its name in the catalogue. Facts:
 * OpenRouter's documentation of streaming, "Stream cancellation", which lists whose streams stop when the connection is
 * closed and whose are finished and billed whole. Pure.
 */

/** Their billing stops with the connection. The emulator is ours. */
const stopping: ReadonlySet<string> = new Set([
  'openai',
  'azure',
  'anthropic',
  'deepseek',
  'fireworks-ai',
  'togetherai',
  'xai',
  'deepinfra',
  'cohere',
  'emulator',
]);

/** They go on without a listener, and bill the whole answer. */
const goingOn: ReadonlySet<string> = new Set([
  'alibaba',
  'amazon-bedrock',
  'google',
  'google-vertex',
  'groq',
  'minimax',
  'mistral',
  'perplexity',
]);

export function stopsBilling(catalog: string): boolean {
  return stopping.has(catalog);
}

/** Long enough for nearly every answer, in ms: what is billed anyway costs nothing to read. */
const standardMs = 120_000;

/** How long an answer is read on after its client left, in ms, where the document does not say; undefined = not at all. */
export function defaultDrainMs(catalog: string): number | undefined {
  return goingOn.has(catalog) ? standardMs : undefined;
}
