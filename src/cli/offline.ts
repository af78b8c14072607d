/** What can be said about a document without a server: puts together the very parts that the server is made of. */
import type { Api } from '../core/ask.ts';
import { createResolver } from '../adapters/secrets.ts';
import { loadCatalogue } from '../catalog/load.ts';
import { viewExplanation, type ExplanationView } from '../control/api-views.ts';
import { checkDocument, snapshotFromDocument, type DocumentOptions } from '../control/check-document.ts';
import type { Finding } from '../control/operations.ts';
import { optional } from '../core/optional.ts';
import { explain } from '../request/explain.ts';
import { admittedAtOnce, type Admitted } from './admitted.ts';
import { findingLine } from './print-findings.ts';
import type { Shell } from './shell.ts';
import { exit, Stop } from './stop.ts';

/** Everything wrong with a document, or worth saying. References are looked up as this user, in this folder. */
export function checkOffline(shell: Shell, text: string): readonly Finding[] {
  return checkDocument(text, documentOptions(shell));
}

/**
 * How many requests at once the limits of a document admit; empty where it is not valid. Credentials do not matter to
 * that, so those that are not set here are taken as given.
 */
export function admittedOffline(shell: Shell, text: string): readonly Admitted[] {
  const { snapshot } = snapshotFromDocument(text, {
    ...documentOptions(shell),
    resolve: (reference) => `set-${reference}`,
  });
  return snapshot ? admittedAtOnce(snapshot, shell.now()) : [];
}

function documentOptions(shell: Shell): DocumentOptions {
  return {
    catalogue: loadCatalogue(),
    now: shell.now(),
    local: true,
    resolve: createResolver(shell.env, shell.cwd),
  };
}

export type DocumentQuestion = {
  readonly shell: Shell;
  /** Its name, for messages. */
  readonly file: string;
  readonly text: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly workspace: string;
  readonly dialect?: Api;
  /** Of the request, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
};

/** The plan for a request under a document that is not applied. An invalid document ends the command. */
export function planFromDocument({
  shell,
  file,
  text,
  request,
  workspace,
  dialect,
  headers,
}: DocumentQuestion): ExplanationView {
  const { snapshot, findings } = snapshotFromDocument(text, documentOptions(shell));
  if (!snapshot) {
    for (const finding of findings) shell.err.line(findingLine(file, finding, shell.err.paint));
    throw new Stop(`${file} is not valid, so there is no plan`, exit.usage);
  }
  return viewExplanation(
    explain(snapshot, Buffer.from(JSON.stringify(request)), {
      workspace,
      now: shell.now(),
      ...optional('dialect', dialect),
      ...optional('headers', headers),
    }),
  );
}
