/** OpenRouter's `openrouter_metadata`: how the request was routed, for clients that ask for it by header. */
import { optional } from '../core/optional.ts';
import type { JsonObject } from '../core/snapshot.ts';
import { servedBy, warningsOf, type Trail } from './trail.ts';

/** The object, with warnings of ours beside OpenRouter's own fields. */
export function metadataOf(trail: Trail): JsonObject {
  const served = servedBy(trail);
  const tried = trail.attempts.map(({ provider, model }) => ({
    provider,
    model,
    selected: provider === served?.provider && model === served.model,
  }));
  const preset = trail.route?.preset;
  return {
    requested: trail.route?.requested ?? trail.ask?.model ?? '',
    strategy: (served?.position ?? 0) > 0 ? 'fallback' : 'direct',
    region: null,
    summary: summaryOf(trail),
    attempt: trail.attempts.length,
    is_byok: false,
    endpoints: { total: tried.length + trail.skipped.length, available: tried },
    attempts: trail.attempts.map(({ provider, model, outcome, status }) => ({
      provider,
      model,
      status: outcome === 'ok' ? 200 : status,
      outcome,
    })),
    ...optional('preset', preset && `${preset.slug}@${preset.version}`),
    skipped: trail.skipped.map(({ endpoint, reason }) => ({ endpoint, reason })),
    warnings: warningsOf(trail),
  };
}

function summaryOf(trail: Trail): string {
  const served = servedBy(trail);
  const failed = trail.attempts.filter(({ outcome }) => outcome !== 'ok').length;
  if (!served) return failed === 0 ? 'no endpoint was called' : `${failed} failed, none served`;
  return `served by ${served.model} at ${served.provider}, position ${served.position}${failed === 0 ? '' : `, after ${failed} failed`}`;
}
