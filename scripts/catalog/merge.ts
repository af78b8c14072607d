/** From listings of every source to the rows of `models.json`. */
import type { Feature } from '../../src/core/catalog.ts';
import type { ModelRow, OfferRow, RateRow } from '../../src/catalog/format.ts';
import { compact, providers, type Listing } from './listing.ts';
import { namer, ownAuthor } from './naming.ts';
import { agree, samePrice } from './prices.ts';

export type Sources = {
  readonly main: readonly Listing[];
  readonly fresh: readonly Listing[];
  /** The cross-check for an offer's base rate. */
  readonly check: (offer: Listing) => RateRow | undefined;
  readonly responsesOnly: ReadonlySet<string>;
};

/** A model with every listing that turned out to be it. */
export type Group = { readonly slug: string; readonly listings: readonly Listing[] };

const key = ({ provider, id }: Listing): string => `${provider}/${id}`;

/** All listings under their canonical slugs, sorted. */
export function group({ main, fresh }: Sources): Group[] {
  const listings = unite(main, fresh).sort(byProviderThenId);
  const atOpenRouter = new Map(
    listings.filter((one) => one.provider === 'openrouter').map((one) => [one.id, one]),
  );
  const openRouter = [...main, ...fresh].filter((one) => one.provider === 'openrouter').map(({ id }) => id);
  const plain = openRouter.filter((slug) => !/[:~]/.test(slug));
  const name = namer(plain, (listing, slug) => samePrice(listing.price, atOpenRouter.get(slug)?.price));
  const groups = Map.groupBy(listings, name);
  return [...groups]
    .flatMap(([slug, members]) => divide(slug, members))
    .filter(({ listings }) => listings.some(({ context }) => context))
    .sort((a, b) => (a.slug < b.slug ? -1 : 1));
}

/** The main listings, and of the newer source those that the main one lacks, if it knows their price. */
function unite(main: readonly Listing[], fresh: readonly Listing[]): Listing[] {
  const newer = new Map(fresh.map((listing) => [key(listing), listing]));
  const present = new Set(main.map(key));
  const added = fresh
    .filter((listing) => !present.has(key(listing)) && listing.price)
    .map((listing): Listing => ({ ...listing, added: true }));
  return [...main.map((listing) => withoutGoneTier(listing, newer.get(key(listing)))), ...added];
}

/** OpenRouter's long-context tiers come and go; one that the newer listing no longer has is dropped. */
function withoutGoneTier(listing: Listing, newer: Listing | undefined): Listing {
  if (listing.provider !== 'openrouter' || !listing.price?.overrides || !newer?.price) return listing;
  if (newer.price.overrides) return listing;
  const { overrides: _gone, ...price } = listing.price;
  return { ...listing, price };
}

/** One offer for each provider: an id with another price than the preferred one is a model of its own. */
function divide(slug: string, members: readonly Listing[]): Group[] {
  const author = slug.slice(0, slug.indexOf('/'));
  const preferred = Map.groupBy(members, ({ provider }) => provider);
  const isOther = (one: Listing): boolean =>
    !samePrice(one.price, preferred.get(one.provider)?.toSorted(byPreference)[0]?.price);
  const others = members
    .filter(isOther)
    .map((one) => ({ slug: `${author}/${one.id.toLowerCase()}`, listings: [one] }));
  return [{ slug, listings: members.filter((one) => !isOther(one)) }, ...others];
}

/** Ids in use before deprecated ones, those of the main source before others, undated before dated. */
function byPreference(a: Listing, b: Listing): number {
  const deprecated = Number(a.status === 'deprecated') - Number(b.status === 'deprecated');
  const added = Number(a.added ?? false) - Number(b.added ?? false);
  return deprecated || added || a.id.length - b.id.length || (a.id < b.id ? -1 : 1);
}

function byProviderThenId(a: Listing, b: Listing): number {
  return providers.indexOf(a.provider) - providers.indexOf(b.provider) || (a.id < b.id ? -1 : 1);
}

/** The row of a model: its facts are those of the author's own listing, else of OpenRouter's, else of the first. */
export function modelRow({ slug, listings }: Group, aliases: readonly string[], sources: Sources): ModelRow {
  const author = slug.slice(0, slug.indexOf('/'));
  const rank = ({ provider }: Listing): number =>
    ownAuthor[provider] === author ? 0 : provider === 'openrouter' ? 1 : 2;
  const ranked = listings.toSorted((a, b) => rank(a) - rank(b) || byPreference(a, b));
  const [best] = ranked;
  if (!best) throw new Error(`${slug} has no listing`);
  const model = {
    context: ranked.find((one) => one.context)?.context,
    maxInput: ranked.find((one) => one.context)?.maxInput,
    maxOutput: ranked.find((one) => one.maxOutput)?.maxOutput,
    features: features(ranked),
  };
  const offers = [...Map.groupBy(listings, ({ provider }) => provider).values()]
    .map((same) => same.toSorted(byPreference)[0] as Listing)
    .map((listing) => offerRow(listing, model, sources));
  return compact({
    slug,
    name: best.name,
    kind: best.kind,
    ...model,
    released: ranked.find((one) => one.released)?.released,
    aliases: aliases.length ? aliases : undefined,
    offers,
  });
}

type Limits = Pick<Listing, 'features'> & {
  readonly [K in 'context' | 'maxInput' | 'maxOutput']: number | undefined;
};

/** The newer source says what a model can do only here and there, so its listings of a new model are added up. */
function features([best, ...rest]: readonly Listing[]): readonly Feature[] {
  if (!best?.added) return best?.features ?? [];
  const all = new Set([best, ...rest].flatMap((listing) => listing.features));
  return (['tools', 'json_schema', 'vision', 'pdf', 'audio', 'reasoning'] as const).filter((one) =>
    all.has(one),
  );
}

function offerRow(listing: Listing, model: Limits, sources: Sources): OfferRow {
  const { provider, id, status } = listing;
  const newer = sources.fresh.find((one) => key(one) === key(listing));
  const checks = listing.added ? {} : { 'genai-prices': sources.check(listing), 'pi-ai': newer?.price };
  const agreed = listing.price && agree(listing.price, checks);
  const unlessSame = (limit: 'context' | 'maxInput' | 'maxOutput'): number | undefined =>
    listing[limit] === model[limit] ? undefined : listing[limit];
  return compact({
    provider,
    id,
    price: agreed?.price,
    conflict: agreed?.conflict,
    context: unlessSame('context'),
    maxInput: unlessSame('maxInput'),
    maxOutput: unlessSame('maxOutput'),
    features:
      listing.added || listing.features.join() === model.features.join() ? undefined : listing.features,
    status,
    wire: provider === 'openai' && sources.responsesOnly.has(id) ? ('openai-responses' as const) : undefined,
  });
}
