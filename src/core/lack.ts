/** What an endpoint lacks to serve a request: a feature, or room for its prompt. Pure. */
import type { Ask } from './ask.ts';
import { isOpenRouter } from './endpoints.ts';
import type { Endpoint } from './snapshot.ts';

/** The least room for an answer that makes sending a prompt worthwhile, unless the caller wants less. */
const minOutput = 4_096;

/** The reason to leave it out, or undefined. */
export function lackOf(endpoint: Endpoint, { api, needs, outputCap }: Ask): string | undefined {
  // Many texts may be embedded at once; how long each may be, their model knows.
  if (api === 'embeddings') return undefined;
  const { features } = endpoint;
  if (needs.openRouterOnly.length > 0 && !isOpenRouter(endpoint.provider)) return needs.openRouterOnly[0];
  if (needs.tools && !features.has('tools')) return 'tools';
  if (needs.vision && !features.has('vision')) return 'vision';
  if (needs.pdf && !features.has('pdf')) return 'pdf';
  if (needs.audio && !features.has('audio')) return 'audio';
  if (needs.jsonSchema && !features.has('json_schema')) return 'json_schema';
  const room = Math.min(outputCap ?? minOutput, minOutput);
  if (endpoint.maxInput !== undefined && needs.promptTokens > endpoint.maxInput) return 'context';
  if (endpoint.context !== undefined && needs.promptTokens + room > endpoint.context) return 'context';
  return undefined;
}
