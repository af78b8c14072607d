/** A small catalogue for tests: the models of the brief, priced so that multiples are easy to check. */
import type { Catalogue, Model, Offer } from '../../src/core/catalog.ts';
import { priceFrom } from '../../src/core/build-endpoints.ts';

type Facts = Omit<Model, 'slug' | 'name' | 'features' | 'offers'>;

function model(slug: string, facts: Facts, offers: readonly Offer[]): readonly [string, Model] {
  return [slug, { slug, name: slug, features: ['tools', 'json_schema'], ...facts, offers }];
}

function offer(
  provider: string,
  id: string,
  price?: { readonly input: number; readonly output: number },
): Offer {
  return { provider, id, ...(price ? { price: priceFrom(price) } : {}) };
}

export const catalogue: Catalogue = {
  date: '2026-11-15',
  models: new Map([
    model('deepseek/deepseek-v4-pro', { context: 1_000_000, maxOutput: 384_000, tier: 'strong' }, [
      offer('deepseek', 'deepseek-v4-pro', { input: 0.5, output: 2 }),
      offer('openrouter', 'deepseek/deepseek-v4-pro', { input: 0.6, output: 2.4 }),
    ]),
    model('anthropic/claude-haiku-4.5', { context: 200_000, maxOutput: 64_000, tier: 'standard' }, [
      offer('anthropic', 'claude-haiku-4-5', { input: 1, output: 5 }),
    ]),
    model('anthropic/claude-sonnet-4.6', { context: 1_000_000, maxOutput: 128_000, tier: 'strong' }, [
      offer('anthropic', 'claude-sonnet-4-6', { input: 3, output: 15 }),
    ]),
    model('openai/gpt-5.4-mini', { context: 400_000, tier: 'strong' }, [
      { ...offer('openai', 'gpt-5.4-mini', { input: 0.25, output: 2 }), retiresOn: '2026-12-01' },
    ]),
    model('acme/mystery', { context: 32_000 }, [offer('deepseek', 'mystery')]),
  ]),
  aliases: new Map([
    ['claude-haiku-4-5', 'anthropic/claude-haiku-4.5'],
    ['deepseek-v4-pro', 'deepseek/deepseek-v4-pro'],
  ]),
};
