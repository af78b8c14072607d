/** Names that operators give: presets, workspaces, providers, keys, alerts. */

const slugPattern = /^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/;
const longest = 80;

/** Words that addresses and lists already use. */
const reserved: ReadonlySet<string> = new Set(['all', 'new', 'none', 'versions']);

/** Model slugs are `author/name`, with OpenRouter's variants and `~author/family-latest`. */
const modelPattern = /^~?[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._:-]*$/;

/** What is wrong with a name, as the end of a sentence; undefined = nothing. */
export function slugProblem(name: string): string | undefined {
  if (name.length > longest) return `is longer than ${longest} characters`;
  if (reserved.has(name)) return 'is a reserved word: choose another name';
  if (slugPattern.test(name)) return undefined;
  const better = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const hint = better === '' || reserved.has(better) ? '' : `, e.g. ${better.slice(0, longest)}`;
  return `must be lower-case letters and digits, joined by single - _ or .${hint}`;
}

/** What is wrong with a model's slug in the overlay; undefined = nothing. */
export function modelSlugProblem(slug: string): string | undefined {
  if (slug.length <= 200 && modelPattern.test(slug)) return undefined;
  return 'must be author/name in lower case, e.g. acme/local-coder';
}

/** What is wrong with a name that is to stand for a preset; undefined = nothing. */
export function aliasProblem(name: string): string | undefined {
  if (name === '' || name.length > 200) return 'must have 1 to 200 characters';
  if (!/^[\x21-\x7e]+$/.test(name)) return 'must be visible ASCII characters without spaces';
  if (name.includes('@')) return 'must not contain @: presets named with @preset/… need no alias';
  return undefined;
}
