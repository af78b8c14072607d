/** Reads the models.dev provider file (MIT): the main source. */
import type { Feature } from '../../src/core/catalog.ts';
import { compact, isWanted, known, priceRow, type Listing } from './listing.ts';

type Cost = {
  input?: number;
  output?: number;
  cache_read?: number;
  cache_write?: number;
  reasoning?: number;
};
type Entry = {
  id: string;
  name: string;
  reasoning?: boolean;
  tool_call?: boolean;
  structured_output?: boolean;
  release_date?: string;
  status?: string;
  modalities: { input: string[]; output: string[] };
  limit: { context: number; input?: number; output: number };
  cost?: Cost & { tiers?: (Cost & { tier: { size: number } })[] };
};
export type ModelsDevFile = Record<string, { models: Record<string, Entry> }>;

/** Chat and embedding models. Whatever also puts out images or sound is left out: those tokens have no price here. */
export function readModelsDev(file: ModelsDevFile): Listing[] {
  return Object.entries(file)
    .flatMap(([provider, { models }]) =>
      Object.values(models)
        .filter((entry) => entry.modalities.output.join() === 'text')
        .map((entry) => listing(provider, entry)),
    )
    .filter(isWanted);
}

function listing(provider: string, entry: Entry): Listing {
  const kind = /embed/i.test(entry.id) ? 'embedding' : undefined;
  const { cost, limit, status } = entry;
  return compact({
    provider,
    id: entry.id,
    name: entry.id.endsWith('-latest') ? entry.name : entry.name.replace(/ \(latest\)$/, ''),
    kind,
    context: known(limit.context),
    maxInput: known(limit.input),
    maxOutput: kind ? undefined : known(limit.output),
    features: features(entry),
    released: entry.release_date,
    status: status === 'beta' || status === 'deprecated' ? status : undefined,
    price: priceRow({ id: entry.id, kind }, cost && rate(cost), tiers(cost)),
  });
}

function features({ tool_call, structured_output, modalities: { input }, reasoning }: Entry): Feature[] {
  const all: Record<Feature, boolean | undefined> = {
    tools: tool_call,
    json_schema: structured_output,
    vision: input.includes('image'),
    pdf: input.includes('pdf'),
    audio: input.includes('audio'),
    reasoning,
  };
  return (Object.keys(all) as Feature[]).filter((feature) => all[feature]);
}

function tiers(cost: Entry['cost']) {
  return (cost?.tiers ?? []).map((tier) => ({ above: tier.tier.size, ...rate(tier) }));
}

function rate(cost: Cost) {
  return compact({
    input: cost.input,
    output: cost.output,
    cacheRead: cost.cache_read,
    cacheWrite: cost.cache_write,
    reasoning: cost.reasoning,
  });
}

/** Bedrock's own names of models, e.g. `us.anthropic.claude-haiku-4-5-20251001-v1:0`. */
export function bedrockIds(file: ModelsDevFile): string[] {
  return Object.keys(file['amazon-bedrock']?.models ?? {});
}
