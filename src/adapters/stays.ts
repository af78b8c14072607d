/** Where conversations were served last, and which stay there: bounded, per scope, in memory, without any text. */
import { placed, type Place } from '../core/stay.ts';
import type { Stays } from '../ports.ts';

/** Conversations of one scope, and scopes; each conversation is a few numbers. */
const keptPlaces = 20_000;
const keptScopes = 2_000;

type Scope = {
  readonly places: Map<string, Place>;
  /** Epoch ms: until when the last of those that stay has its cache. */
  keptUntil: number;
};

/** What is forgotten begins at the primary. After a restart nobody stays anywhere. */
export function memoryStays(now: () => number): Stays {
  const scopes = new Map<string, Scope>();
  return {
    any(scope) {
      const known = scopes.get(scope);
      return known !== undefined && now() < known.keptUntil;
    },
    of: (scope, conversation) => scopes.get(scope)?.places.get(conversation),
    served(name, conversation, turn) {
      const scope = scopes.get(name) ?? { places: new Map<string, Place>(), keptUntil: 0 };
      const place = placed(scope.places.get(conversation), turn);
      if (place.kept) scope.keptUntil = Math.max(scope.keptUntil, place.warmUntil);
      renew(scope.places, conversation, place, keptPlaces);
      renew(scopes, name, scope, keptScopes);
    },
  };
}

/** The youngest stand last; what is oldest is forgotten. */
function renew<T>(known: Map<string, T>, name: string, value: T, most: number): void {
  known.delete(name);
  known.set(name, value);
  for (const oldest of known.keys()) {
    if (known.size <= most) break;
    known.delete(oldest);
  }
}
