/**
 * What is known about models: limits, features, and what each provider charges. Facts come from the bundled
 * snapshot (src/catalog) and the operator's document; this file only looks things up.
 */
import type { Price } from './price.ts';

export type Feature = 'tools' | 'json_schema' | 'vision' | 'pdf' | 'audio' | 'reasoning';
export type Tier = 'frontier' | 'strong' | 'standard' | 'small';
/** The dialect an endpoint speaks. */
export type Wire = 'openai-chat' | 'openai-responses' | 'anthropic' | 'gemini';

/** One model at one provider. */
export type Offer = {
  /** The catalogue's provider name, e.g. `deepseek`. */
  readonly provider: string;
  /** The provider's own id for the model, e.g. `claude-haiku-4-5`. */
  readonly id: string;
  /** Absent = nobody knows; never read it as free. */
  readonly price?: Price;
  /** Which other source names another price, where sources differ: the higher of each bucket is held. */
  readonly conflict?: string;
  /** The only wire on which this provider serves it, where that is not the provider's usual one. */
  readonly wire?: Wire;
  /** Limits in tokens where this provider's differ from the model's own. */
  readonly context?: number;
  readonly maxInput?: number;
  readonly maxOutput?: number;
  readonly features?: readonly Feature[];
  readonly status?: 'beta' | 'deprecated';
  /** ISO date after which the provider stops serving it. */
  readonly retiresOn?: string;
};

export type Model = {
  /** Canonical slug, `author/name`. */
  readonly slug: string;
  readonly name: string;
  /** Absent = chat. */
  readonly kind?: 'embedding';
  /** Tokens of prompt and answer together; absent = unknown. */
  readonly context?: number;
  /** Tokens of prompt, where less than the context is allowed. */
  readonly maxInput?: number;
  /** Tokens of answer; absent = unknown. */
  readonly maxOutput?: number;
  readonly features: readonly Feature[];
  readonly tier?: Tier;
  /** Where the tier comes from, for people. */
  readonly tierBasis?: string;
  /** ISO date of release. */
  readonly released?: string;
  readonly offers: readonly Offer[];
};

export type Catalogue = {
  /** Canonical slug → model. */
  readonly models: ReadonlyMap<string, Model>;
  /** Other names (a provider's own id, another naming style) → canonical slug. Never shadows a slug. */
  readonly aliases: ReadonlyMap<string, string>;
  /** ISO date of the facts. */
  readonly date: string;
};

const tierRank: Record<Tier, number> = { small: 1, standard: 2, strong: 3, frontier: 4 };

/** Below zero when `a` is the lower tier. */
export function compareTiers(a: Tier, b: Tier): number {
  return tierRank[a] - tierRank[b];
}

/** A model by slug or alias, or undefined. */
export function findModel(catalogue: Catalogue, name: string): Model | undefined {
  return catalogue.models.get(name) ?? catalogue.models.get(catalogue.aliases.get(name) ?? '');
}
