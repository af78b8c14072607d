/** What conversations have in the prompt caches of endpoints: bounded, per workspace, in memory, without any text. */
import type { Caches, Warmth } from '../ports.ts';

/** Conversations of one workspace; each is a few numbers. */
const kept = 20_000;

/** What is forgotten counts as cold. */
export function memoryCaches(now: () => number): Caches {
  const workspaces = new Map<string, Map<string, Warmth>>();
  return {
    cached(workspace, conversation, endpoint, at = now()) {
      const warmth = workspaces.get(workspace)?.get(`${conversation}\n${endpoint}`);
      return warmth && at < warmth.until ? warmth.tokens : 0;
    },
    remember(workspace, conversation, warmth) {
      const known = workspaces.get(workspace) ?? new Map<string, Warmth>();
      workspaces.set(workspace, known);
      const name = `${conversation}\n${warmth.endpoint}`;
      known.delete(name);
      known.set(name, warmth);
      for (const oldest of known.keys()) {
        if (known.size <= kept) break;
        known.delete(oldest);
      }
    },
  };
}
