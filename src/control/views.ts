/** Read models of the data plane: what a key may see, in the shapes that OpenAI's and OpenRouter's clients read. */
import { toUsd } from '../core/money.ts';
import { optional } from '../core/optional.ts';
import { isPriced } from '../core/price.ts';
import type { Pace } from '../core/pace.ts';
import { multiplier, type AttemptRecord, type GenerationRecord } from '../core/record.ts';
import { mostHops, routeText, targetsOf } from '../core/route.ts';
import { asSeenFrom, isOpenTo } from '../core/shared-preset.ts';
import type { Endpoint, JsonObject, JsonValue, Key, Preset, Snapshot, Workspace } from '../core/snapshot.ts';
import { completionTokens, promptTokens } from '../core/usage.ts';
import type { Paces } from '../ports.ts';

/** `GET /models`: everything on one page. */
export function modelPage(snapshot: Snapshot, key: Key): JsonObject {
  const data = modelList(snapshot, key);
  return { object: 'list', data, total_count: data.length, links: { next: null } };
}

/** Everything the key may name in `model`: presets, aliases, then plain models that some provider serves. */
function modelList(snapshot: Snapshot, key: Key): readonly JsonObject[] {
  const workspace = snapshot.workspaces.get(key.workspace);
  const presets = workspace ? presetModels(workspace, key, snapshot) : [];
  const plain = key.presets && !key.models ? [] : [...snapshot.endpoints];
  const models = plain.flatMap(([slug, endpoints]) => {
    const usable = endpoints.filter(({ provider }) => provider.workspaces?.has(key.workspace) !== false);
    return usable.length === 0 || (key.models && !key.models.has(slug)) ? [] : [plainModel(slug, usable)];
  });
  return [...presets, ...models];
}

/** One entry of the list by id, or undefined. */
export function modelById(snapshot: Snapshot, key: Key, id: string): JsonObject | undefined {
  const slug = snapshot.catalogue.aliases.get(id) ?? id;
  return modelList(snapshot, key).find((model) => model['id'] === id || model['id'] === slug);
}

function presetModels(workspace: Workspace, key: Key, snapshot: Snapshot): readonly JsonObject[] {
  const visible = usableIn(workspace.name, snapshot).filter(
    (preset) => key.presets?.has(preset.slug) !== false,
  );
  const own = visible.map((preset) => presetModel(`@preset/${preset.slug}`, preset, snapshot));
  const aliases = [...workspace.aliases, ...key.aliases].flatMap(([alias, slug]) => {
    const preset = visible.find((one) => one.slug === slug);
    return preset ? [presetModel(alias, preset, snapshot)] : [];
  });
  return [...own, ...aliases];
}

/** A workspace's own active presets, then those that others share with it, under their whole names. */
function usableIn(workspace: string, { workspaces }: Snapshot): readonly Preset[] {
  const others = [...workspaces.values()].filter(({ name }) => name !== workspace);
  return [workspaces.get(workspace), ...others]
    .flatMap((each) => [...(each?.presets.values() ?? [])])
    .filter((entry) => entry.status === 'active' && isOpenTo(entry, workspace))
    .map(({ active }) => asSeenFrom(active, workspace));
}

function presetModel(id: string, preset: Preset, snapshot: Snapshot): JsonObject {
  const chain = servingPresets(preset, snapshot).flatMap((serving) =>
    serving.chain.map(({ model }) => ({
      model,
      endpoints: endpointsAllowed(serving, snapshot.endpoints.get(model) ?? []),
    })),
  );
  const all = chain.flatMap(({ endpoints }) => endpoints);
  const contexts = all.map(({ context }) => context).filter((context) => context !== undefined);
  const outputs = all.map(({ maxOutput }) => maxOutput).filter((tokens) => tokens !== undefined);
  const base = entry(id, preset.description ?? `Preset ${preset.slug}`, all[0]);
  return {
    ...base,
    ...optional('description', preset.description),
    owned_by: 'spillway',
    // What every model of the chain can take: a longer prompt narrows the chain.
    context_length: contexts.length > 0 ? Math.min(...contexts) : null,
    spillway: {
      preset: `${preset.slug}@${preset.version}`,
      chain: [...new Set(chain.map(({ model }) => model))],
      ...(preset.route ? { route: targetsOf(preset) } : {}),
      context: range(contexts),
      max_output: range(outputs),
      price: { prompt: range(rates(all, 'input')), completion: range(rates(all, 'output')) },
    },
  };
}

/** The preset, or those that it may choose, through as many as may choose one after another. */
function servingPresets(preset: Preset, snapshot: Snapshot, depth = 0): readonly Preset[] {
  if (!preset.route) return [preset];
  if (depth === mostHops) return [];
  const presets = snapshot.workspaces.get(preset.workspace)?.presets;
  const found = targetsOf(preset).flatMap((slug) => presets?.get(slug)?.active ?? []);
  return [...new Set(found.flatMap((target) => servingPresets(target, snapshot, depth + 1)))];
}

function endpointsAllowed(preset: Preset, endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const { only, ignore } = preset.provider;
  return endpoints.filter(
    ({ provider }) => only?.includes(provider.name) !== false && ignore?.includes(provider.name) !== true,
  );
}

function range(values: readonly number[]): JsonValue {
  return values.length === 0 ? null : { min: Math.min(...values), max: Math.max(...values) };
}

/** USD per million tokens. */
function rates(endpoints: readonly Endpoint[], bucket: 'input' | 'output'): readonly number[] {
  return endpoints.flatMap(({ price }) => (isPriced(price) ? [(price.base[bucket] ?? 0) / 1e6] : []));
}

function plainModel(slug: string, endpoints: readonly Endpoint[]): JsonObject {
  return entry(slug, endpoints[0]?.model.name ?? slug, endpoints[0]);
}

function entry(id: string, name: string, endpoint: Endpoint | undefined): JsonObject {
  const released = Date.parse(endpoint?.model.released ?? '');
  const price = isPriced(endpoint?.price) ? endpoint.price.base : undefined;
  const features = endpoint?.features ?? new Set();
  const inputs = [
    'text',
    ...(features.has('vision') ? ['image'] : []),
    ...(features.has('pdf') ? ['file'] : []),
    ...(features.has('audio') ? ['audio'] : []),
  ];
  return {
    id,
    object: 'model',
    canonical_slug: id,
    name,
    created: Number.isFinite(released) ? released / 1_000 : 0,
    owned_by: id.split('/')[0] ?? id,
    context_length: endpoint?.context ?? null,
    architecture: {
      modality: `${inputs.join('+')}->text`,
      input_modalities: inputs,
      output_modalities: ['text'],
      tokenizer: 'Other',
      instruct_type: null,
    },
    pricing: price
      ? {
          prompt: perToken(price.input),
          completion: perToken(price.output),
          ...optional('input_cache_read', price.cacheRead && perToken(price.cacheRead)),
        }
      : { prompt: '-1', completion: '-1' },
    top_provider: {
      context_length: endpoint?.context ?? null,
      max_completion_tokens: endpoint?.maxOutput ?? null,
      is_moderated: false,
    },
    per_request_limits: null,
    default_parameters: null,
    supported_voices: null,
    links: { details: `/api/v1/models/${id}/endpoints` },
    supported_parameters: [
      'max_tokens',
      'temperature',
      'top_p',
      'stop',
      ...(features.has('tools') ? ['tools', 'tool_choice'] : []),
      ...(features.has('json_schema') ? ['response_format', 'structured_outputs'] : []),
      ...(features.has('reasoning') ? ['reasoning'] : []),
    ],
  };
}

/** Pico-USD per token as OpenRouter prints prices: dollars per token, in a string. */
function perToken(pico: number | undefined): string {
  return ((pico ?? 0) / 1e12).toFixed(12).replace(/\.?0+$/, '') || '0';
}

/** The endpoints of a model, as at OpenRouter. */
export function endpointList(
  snapshot: Snapshot,
  slug: string,
  paces: Pick<Paces, 'of'>,
): JsonObject | undefined {
  const canonical = snapshot.catalogue.aliases.get(slug) ?? slug;
  const endpoints = snapshot.endpoints.get(canonical);
  if (!endpoints) return undefined;
  return {
    ...plainModel(canonical, endpoints),
    description: '',
    endpoints: endpoints.map((endpoint) => endpointEntry(canonical, endpoint, paces.of(endpoint.id))),
  };
}

/** What we do not measure or know of it is null. */
function endpointEntry(slug: string, endpoint: Endpoint, pace: Pace | undefined): JsonObject {
  const { provider, providerModel, model, price } = endpoint;
  const listed = entry(slug, model.name, endpoint);
  const calls = endpoint.features.has('tools');
  return {
    name: `${provider.name} | ${providerModel}`,
    model_id: slug,
    model_name: model.name,
    provider_name: provider.name,
    tag: provider.name,
    quantization: null,
    context_length: endpoint.context ?? null,
    max_prompt_tokens: null,
    max_completion_tokens: endpoint.maxOutput ?? null,
    pricing: listed['pricing'] ?? null,
    supported_parameters: listed['supported_parameters'] ?? [],
    supports_tool_choice: { auto: calls, none: calls, required: calls, function: calls },
    supports_implicit_caching:
      endpoint.wire !== 'anthropic' && isPriced(price) && price.base.cacheRead !== undefined,
    status: 0,
    uptime_last_5m: null,
    uptime_last_30m: null,
    uptime_last_1d: null,
    latency_last_30m: pace?.latency ?? null,
    throughput_last_30m: pace?.throughput ?? null,
  };
}

/** Fields that OpenRouter's clients demand of a generation, for things that we do not do or do not know. */
const notOurs: JsonObject = {
  app_id: null,
  origin: '',
  http_referer: null,
  router: null,
  data_region: 'global',
  service_tier: null,
  cache_discount: null,
  moderation_latency: null,
  provider_responses: null,
  native_tokens_completion_images: null,
  num_media_prompt: null,
  num_input_audio_prompt: null,
  num_media_completion: null,
  num_search_results: null,
  num_fetches: null,
  web_search_engine: null,
};

/** A record in the shape of OpenRouter's `GET /generation`, and beside it every attempt with its cost. */
export function generationView(record: GenerationRecord): JsonObject {
  const served = record.served ? record.attempts.at(-1) : undefined;
  const usage = served?.usage;
  return {
    id: record.id,
    created_at: new Date(record.at).toISOString(),
    ...notOurs,
    model: served?.model ?? record.requested,
    provider_name: served?.provider ?? null,
    upstream_id: served?.upstreamId ?? null,
    api: record.api,
    api_type: record.api === 'embeddings' ? 'embeddings' : 'completions',
    streamed: record.stream,
    cancelled: record.ending === 'client_gone',
    finish_reason: record.finish ?? null,
    native_finish_reason: record.nativeFinish ?? null,
    latency: record.firstTokenMs === undefined ? null : Math.round(record.firstTokenMs),
    generation_time: Math.round(record.latencyMs),
    tokens_prompt: usage ? promptTokens(usage) : null,
    tokens_completion: usage ? completionTokens(usage) : null,
    native_tokens_prompt: usage ? promptTokens(usage) : null,
    native_tokens_completion: usage ? completionTokens(usage) : null,
    native_tokens_reasoning: usage?.reasoning ?? null,
    native_tokens_cached: usage?.cacheRead ?? null,
    total_cost: toUsd(record.cost),
    usage: toUsd(record.cost),
    upstream_inference_cost: served ? toUsd(served.cost) : null,
    is_byok: false,
    external_user: record.user ?? null,
    session_id: record.session ?? null,
    user_agent: record.userAgent ?? null,
    workspace_id: record.workspace,
    preset_id: record.preset ?? null,
    preset: record.preset === undefined ? null : `${record.preset}@${record.presetVersion ?? 0}`,
    requested: record.requested,
    route: routeText(record.routed) ?? null,
    task: record.task ?? null,
    revision: record.revision,
    ending: record.ending,
    problem: record.problem ?? null,
    position: record.served?.position ?? null,
    fallback: record.served ? record.served.position > 0 : null,
    cost_multiplier: multiplier(record.cost, record.primaryCost) ?? null,
    cache_lost_usd: record.cacheLost === undefined ? null : toUsd(record.cacheLost),
    primary_cost: record.primaryCost === undefined ? null : toUsd(record.primaryCost),
    attempts: record.attempts.map(attemptView),
    skipped: record.skipped.map(({ endpoint, reason }) => ({ endpoint, reason })),
    warnings: record.warnings,
    tags: record.tags,
    client_retry: record.clientRetry ? { ...record.clientRetry } : null,
  };
}

function attemptView(attempt: AttemptRecord): JsonObject {
  return {
    id: attempt.id,
    model: attempt.model,
    provider: attempt.provider,
    position: attempt.position,
    started_at: new Date(attempt.at).toISOString(),
    outcome: attempt.outcome,
    status: attempt.status,
    message: attempt.message ?? null,
    upstream_id: attempt.upstreamId ?? null,
    first_token_ms: attempt.firstTokenMs === undefined ? null : Math.round(attempt.firstTokenMs),
    latency_ms: Math.round(attempt.latencyMs),
    usage: attempt.usage ? { ...attempt.usage } : null,
    basis: attempt.basis,
    cost: toUsd(attempt.cost),
    unmeasured: attempt.unmeasured === undefined ? null : toUsd(attempt.unmeasured),
    worst_case: attempt.worst === undefined ? null : toUsd(attempt.worst),
  };
}
