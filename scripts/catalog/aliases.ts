/** The other names of models: ids, dashed versions, provider prefixes, Bedrock's and dated snapshots. */
import type { Listing } from './listing.ts';
import { ownAuthor } from './naming.ts';

/** How sure a name is: an author's own id beats a name made by rule, which beats a guess from a date. */
const sure = { own: 3, rule: 2, guess: 1 } as const;
type Strength = (typeof sure)[keyof typeof sure];

export type Named = { readonly slug: string; readonly listings: readonly Listing[] };

/**
 * Slug → its aliases, sorted. A name that two models claim with equal right belongs to neither, and a canonical
 * slug is never an alias.
 */
export function findAliases(
  models: readonly Named[],
  bedrock: readonly string[],
  dated: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const claims = new Claims(new Set(models.map(({ slug }) => slug)));
  for (const model of models) claimNames(claims, model);
  for (const id of bedrock) claims.follow(bedrockNames(id), sure.rule);
  for (const id of dated) claims.follow([id, id.slice(id.indexOf('/') + 1)], sure.guess);
  return claims.settle();
}

/** Who wants which name, and how surely. */
class Claims {
  readonly #slugs: ReadonlySet<string>;
  readonly #wanted = new Map<string, Map<string, Strength>>();

  constructor(slugs: ReadonlySet<string>) {
    this.#slugs = slugs;
  }

  add(alias: string, slug: string, strength: Strength): void {
    if (this.#slugs.has(alias)) return;
    const claims = this.#wanted.get(alias) ?? new Map<string, Strength>();
    this.#wanted.set(alias, claims.set(slug, Math.max(strength, claims.get(slug) ?? 0) as Strength));
  }

  /** Gives `names` to the model that already owns a simpler form of one of them. */
  follow(names: readonly string[], strength: Strength): void {
    const owner = names
      .flatMap(simpler)
      .map((name) => this.#owner(name))
      .find(Boolean);
    if (owner) for (const name of names) this.add(name, owner, strength);
  }

  #owner(name: string): string | undefined {
    if (this.#slugs.has(name)) return name;
    const claims = [...(this.#wanted.get(name) ?? [])];
    const best = Math.max(0, ...claims.map(([, strength]) => strength));
    const owners = claims.filter(([, strength]) => strength === best);
    return owners.length === 1 ? owners[0]?.[0] : undefined;
  }

  settle(): ReadonlyMap<string, readonly string[]> {
    const settled = new Map<string, string[]>();
    for (const alias of [...this.#wanted.keys()].sort()) {
      const owner = this.#owner(alias);
      if (owner) settled.set(owner, [...(settled.get(owner) ?? []), alias]);
    }
    return settled;
  }
}

function claimNames(claims: Claims, { slug, listings }: Named): void {
  // Variants and moving names are asked for by their full slug only.
  if (/[:~]/.test(slug)) return;
  const [author = '', name = ''] = slug.split('/');
  const dashed = name.replace(/(\d)\.(?=\d)/g, '$1-');
  for (const one of [name, dashed]) claims.add(one, slug, sure.rule);
  claims.add(`${author}/${dashed}`, slug, sure.rule);
  for (const [provider, own] of Object.entries(ownAuthor)) {
    if (own === author) for (const one of [name, dashed]) claims.add(`${provider}/${one}`, slug, sure.rule);
  }
  for (const { provider, id } of listings) {
    if (provider === 'openrouter') continue;
    const own = ownAuthor[provider] === author;
    for (const one of [id, id.toLowerCase()]) claims.add(one, slug, own ? sure.own : sure.rule);
    if (own) for (const prefix of [author, provider]) claims.add(`${prefix}/${id}`, slug, sure.own);
  }
}

/** `anthropic.claude-haiku-4-5-20251001-v1:0` and its shorter forms; with a region only the id itself. */
function bedrockNames(id: string): string[] {
  if (!id.startsWith('anthropic.')) return [id];
  const unversioned = id.replace(/-v\d+(:\d+)?$/, '');
  return [...new Set([id, unversioned, unversioned.replace(/-20\d{6}$/, '')])];
}

/** The same name without Bedrock's region, version and date. */
function simpler(name: string): string[] {
  const bare = name.replace(/^(?:[a-z-]+\.)?(anthropic)\./, '$1/').replace(/-v\d+(:\d+)?$/, '');
  return [bare, bare.replace(/-(20\d{6}|20\d\d-\d\d-\d\d)$/, '')].filter((one) => one.includes('/'));
}
