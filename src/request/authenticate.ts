/** Who is calling? The key is looked up by its SHA-256, so neither time nor memory tells anything about others. */
import { refuse } from '../core/problem.ts';
import type { Key, Snapshot } from '../core/snapshot.ts';

/** Request headers, names in lower case. */
export type Headers = Readonly<Record<string, string | undefined>>;

export type Digest = (text: string) => string;

/** The key of a request, from `Authorization: Bearer` or `x-api-key`. Throws Refused. `now` is epoch ms. */
export function authenticate(
  headers: Headers,
  snapshot: Snapshot,
  world: { readonly digest: Digest; readonly now: number },
): Key {
  const secret = presented(headers);
  if (secret === undefined) {
    throw refuse('missing_key', 'No key was sent: add "Authorization: Bearer KEY" or "x-api-key: KEY".');
  }
  const key = snapshot.keys.get(world.digest(secret));
  if (!key) throw refuse('invalid_key', 'This key is not known to the gateway.');
  if (key.disabled) throw refuse('key_disabled', `The key ${key.name} is disabled.`);
  if (key.expiresAt !== undefined && key.expiresAt <= world.now) {
    throw refuse(
      'key_expired',
      `The key ${key.name} expired on ${new Date(key.expiresAt).toISOString().slice(0, 10)}.`,
    );
  }
  return key;
}

function presented(headers: Headers): string | undefined {
  const authorization = headers['authorization'];
  const bearer =
    authorization?.slice(0, 7).toLowerCase() === 'bearer ' ? authorization.slice(7).trim() : undefined;
  return bearer || headers['x-api-key']?.trim() || undefined;
}
