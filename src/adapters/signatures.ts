/** Who issued which signature of thinking: bounded, per workspace, and without the signatures themselves. */
import { createHmac, randomBytes } from 'node:crypto';
import type { Signatures } from '../ports.ts';

/** Per workspace; a long agent session has hundreds. */
const kept = 50_000;

/** In memory. What is forgotten, or was issued before the start, counts as foreign: thinking is dropped, never sent wrongly. */
export function memorySignatures(): Signatures {
  const secret = randomBytes(32);
  const workspaces = new Map<string, Map<string, string>>();
  const digest = (signature: string): string =>
    createHmac('sha256', secret).update(signature).digest('base64url');
  return {
    remember(workspace, signatures, issuer) {
      const known = workspaces.get(workspace) ?? new Map<string, string>();
      workspaces.set(workspace, known);
      for (const signature of signatures) known.set(digest(signature), issuer);
      for (const oldest of known.keys()) {
        if (known.size <= kept) break;
        known.delete(oldest);
      }
    },
    issuerOf: (workspace, signature) => workspaces.get(workspace)?.get(digest(signature)),
  };
}
