/** How a secret can be told in the files of others: by the name that it has, or by how it is written. */

/** Words of a name whose value is a credential, or holds one. */
const secretWords =
  /^(auth|authorization|authentication|bearer|cookies?|credentials?|env|headers?|jwt|oauth|pass|passphrase|passwd|password|passwords|pat|private|pwd|secrets?|signature)$/;

/** They are also counted, or name a place: then they hold no text. */
const tokenWords = /^(keys?|\w*apikeys?|\w*token|\w*tokens|\w*secret|\w*password)$/;

/** Names that sound like it and are parameters of a request. */
const harmless: ReadonlySet<string> = new Set(['prompt_cache_key']);

/** How well-known credentials begin; `Bearer …` and `Basic …` where they are the whole text. */
const secretTexts =
  /\b(sk-[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_\w{20,}|xox[abeprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)|^\s*(bearer|basic)\s+\S+\s*$|-----BEGIN [A-Z ]*PRIVATE KEY/i;

/** The name of a field, parameter or header whose value is a credential. */
export function isSecretName(name: string): boolean {
  return !harmless.has(name) && wordsOf(name).some((word) => secretWords.test(word) || tokenWords.test(word));
}

/** `X-Api-Key`, `apiKey` → x, api, key. */
function wordsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

/** Such a name whose value is never a count or an identifier. */
export function opensSomething(name: string): boolean {
  return wordsOf(name).some((word) => secretWords.test(word));
}

/** A text in which a credential can be recognised by how it is written. */
export function isCredential(text: string): boolean {
  return secretTexts.test(text);
}

/** The text with `[left out]` for each credential that can be recognised, and its addresses without theirs. */
export function masked(text: string): string {
  return withoutCredentials(text.replaceAll(new RegExp(secretTexts, 'gi'), '[left out]'));
}

/** Addresses in a text without user, password, and what their query says under the name of a secret. */
export function withoutCredentials(text: string): string {
  if (!text.includes('://')) return text;
  return text
    .replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi, '$1')
    .replaceAll(/([?&;#])([\w.~%-]+)=[^\s&#"'<>]*/g, (whole, mark: string, name: string) =>
      isSecretName(name) ? mark : whole,
    );
}
