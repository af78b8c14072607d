/** Names of ours for names of theirs: lower-case, joined by single marks, and each given once. */
import { slugProblem } from '../core/slug.ts';

/** `GPT 4o (EU)` → `gpt-4o-eu`; `fallback` where nothing is left of it. */
export function slugFor(name: string, fallback: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9._]+|[-_.]{2,}/g, '-')
    .replace(/[-_.]{2,}/g, '-')
    .replace(/^[-_.]+|[-_.]+$/g, '')
    .slice(0, 70)
    .replace(/[-_.]+$/, '');
  if (slugProblem(plain) === undefined) return plain;
  return slugProblem(`${fallback}-${plain}`) === undefined ? `${fallback}-${plain}` : fallback;
}

/** Gives names out, the second of a kind as `name-2`. */
export function nameGiver(): (wanted: string) => string {
  const given = new Set<string>();
  return (wanted) => {
    let name = wanted;
    for (let number = 2; given.has(name); number++) name = `${wanted}-${number}`;
    given.add(name);
    return name;
  };
}
