/** What a document would make, without a server and without side effects: for `check`, `explain` and tests. */
import { buildSnapshot } from '../core/build.ts';
import { noSecrets } from '../core/build-endpoints.ts';
import type { Catalogue } from '../core/catalog.ts';
import { check } from '../core/check.ts';
import { readDocument } from '../core/document-read.ts';
import { warning, type Mistake } from '../core/mistake.ts';
import { checkSecrets, secretFields } from '../core/secret-fields.ts';
import { secretForm } from '../core/secret-text.ts';
import { settingsOf, type Setting, type Written } from '../core/settings.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { checkAllowed, checkSameKeys, resolveSecrets } from './document-secrets.ts';
import { readText, toFindings } from './document-text.ts';
import type { Finding } from './operations.ts';

export type DocumentOptions = {
  readonly catalogue: Catalogue;
  /** Epoch ms. */
  readonly now: number;
  /** Whoever applies it does so on the server's own machine. */
  readonly local: boolean;
  /** Looks `env:` and `file:` references up. Absent = they are not looked up, and none is missed. */
  readonly resolve?: ((reference: string) => string | undefined) | undefined;
};

/** Everything wrong with the document or worth saying about it, in the order of the text. */
export function checkDocument(text: string, options: DocumentOptions): readonly Finding[] {
  return snapshotFromDocument(text, options).findings;
}

/** The snapshot that a server started with this document alone would use. Absent when there is an error. */
export function snapshotFromDocument(
  text: string,
  { catalogue, now, local, resolve }: DocumentOptions,
): { readonly snapshot?: Snapshot; readonly findings: readonly Finding[] } {
  const source = readText(text);
  if (source.value === undefined) return { findings: source.findings };
  const { objects, mistakes, broken } = readDocument(source.value);
  const settings = settingsOf(0, objects.map(asSetting));
  const { secrets, missing } = resolveSecrets(objects, { resolve }, noSecrets);
  const snapshot = buildSnapshot(settings, catalogue, secrets);
  const all: readonly Mistake[] = [
    ...mistakes,
    ...objects.flatMap((object) => [
      ...checkSecrets(object),
      ...checkAllowed(object, { local, role: local ? 'owner' : 'editor' }),
      ...hidden(object),
    ]),
    ...missing.map(({ path, message }) => warning(path, message)),
    ...checkSameKeys(settings.keys, secrets),
    ...check({ settings, snapshot, now, broken }),
  ];
  const findings = toFindings(all, source.locate);
  return findings.some(({ level }) => level === 'error') ? { findings } : { snapshot, findings };
}

function asSetting(object: Written): Setting {
  return { ...object, version: 1, archived: false };
}

function hidden(object: Written): readonly Mistake[] {
  return secretFields(object)
    .filter(({ text, use }) => secretForm(text) === 'hidden' && use !== 'key')
    .map(({ path }) =>
      warning(path, 'stands for the secret that the server has: it cannot be applied to another one'),
    );
}
