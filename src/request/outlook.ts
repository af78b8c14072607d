/** What the order of endpoints may look at for one request. Nothing is worked out before it is asked for. */
import type { Outlook } from '../core/order.ts';
import type { Caches, Paces } from '../ports.ts';

export type OutlookInput = {
  /** Of the generation: lots are drawn from it. */
  readonly seed: string;
  readonly workspace: string;
  readonly conversation: () => string | undefined;
  readonly world: { readonly caches: Caches; readonly pace: Paces };
};

export function outlookOf({ seed, workspace, conversation, world }: OutlookInput): Outlook {
  let known: { readonly name: string | undefined } | undefined;
  return {
    seed,
    pace: (endpoint) => world.pace.of(endpoint),
    cached(endpoint) {
      const { name } = (known ??= { name: conversation() });
      return name === undefined ? 0 : world.caches.cached(workspace, name, endpoint);
    },
  };
}
