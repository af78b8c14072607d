/** How a secret is written: by reference, as a hash, encrypted, hidden in an export, or as itself. */

export type SecretForm =
  /** `env:NAME` or `file:PATH`: resolved where it is used, never stored. */
  | 'reference'
  /** `sha256:HEX`: enough to recognise a key, useless to present one. */
  | 'hash'
  /** Encrypted at rest. */
  | 'sealed'
  /** `<secret>`: what an export shows; in a document it means "the one you have". */
  | 'hidden'
  | 'literal';

export const hiddenSecret = '<secret>';
export const sealedPrefix = 'sealed:';
export const hashPrefix = 'sha256:';

export function secretForm(text: string): SecretForm {
  if (text.startsWith('env:') || text.startsWith('file:')) return 'reference';
  if (text.startsWith(hashPrefix)) return 'hash';
  if (text.startsWith(sealedPrefix)) return 'sealed';
  return text === hiddenSecret ? 'hidden' : 'literal';
}

/** Headers whose value is a credential by their name; other values are shown as they are. */
export function isSecretHeader(name: string): boolean {
  return /auth|key|token|secret|cookie|password|credential/i.test(name);
}
