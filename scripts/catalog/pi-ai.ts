/** Reads the pi-ai catalogue (MIT): newer than the main source, so it adds models and cross-checks prices. */
import type { Feature } from '../../src/core/catalog.ts';
import { compact, isWanted, known, priceRow, type Listing } from './listing.ts';

type Rate = { input: number; output: number; cacheRead: number; cacheWrite: number };
type Entry = {
  id: string;
  name: string;
  type: string;
  reasoning?: boolean;
  input: string[];
  contextWindow?: number;
  maxTokens?: number;
  cost: Rate & { tiers?: (Rate & { inputTokensAbove: number })[] };
  compat?: { supportsStrictMode?: boolean; supportsStrictTools?: boolean };
};
export type PiFile = {
  _generatedAt: string;
  providers: Record<string, Record<string, Record<string, Entry>>>;
};

const renamed: Record<string, string> = { together: 'togetherai', fireworks: 'fireworks-ai' };

/** Chat models; pi-ai lists only those that call tools. */
export function readPi(file: PiFile): Listing[] {
  return Object.entries(file.providers)
    .flatMap(([provider, wires]) =>
      Object.values(wires)
        .flatMap((models) => Object.values(models))
        .filter((entry) => entry.type === 'chat')
        .map((entry) => listing(renamed[provider] ?? provider, entry)),
    )
    .filter(isWanted);
}

function listing(provider: string, entry: Entry): Listing {
  const tiers = (entry.cost.tiers ?? []).map((tier) => ({ above: tier.inputTokensAbove, ...tier }));
  return compact({
    provider,
    id: entry.id,
    name: entry.name.replace(/^[^:]+: /, ''),
    context: context(entry),
    maxOutput: known(entry.maxTokens),
    features: features(entry),
    price: isPlausible(entry.cost) ? priceRow({ id: entry.id }, entry.cost, tiers) : undefined,
  });
}

/** pi-ai stops some prompts where they get dearer; that is its choice, not the model's limit. */
function context({ contextWindow, cost }: Entry): number | undefined {
  const isPriceStep = cost.tiers?.some((tier) => tier.inputTokensAbove === contextWindow);
  return isPriceStep ? undefined : known(contextWindow);
}

/** Output costs at most ten times input on any list seen; a ratio beyond twenty is a mix-up of two endpoints. */
function isPlausible({ input, output }: Rate): boolean {
  return output <= 20 * input;
}

function features({ input, reasoning, compat }: Entry): Feature[] {
  const all: Partial<Record<Feature, boolean | undefined>> = {
    tools: true,
    json_schema: compat?.supportsStrictMode ?? compat?.supportsStrictTools,
    vision: input.includes('image'),
    reasoning,
  };
  return (Object.keys(all) as Feature[]).filter((feature) => all[feature]);
}
