/** What became of everything that was imported. */
import { printPath, type Path } from '../core/mistake.ts';
import { masked } from './secret-signs.ts';

export type Outcome = 'carried' | 'changed' | 'not carried';

export type Entry = {
  readonly outcome: Outcome;
  /** The file, as it was named. */
  readonly file: string;
  /** Where in that file; empty = the file as a whole. */
  readonly path: string;
  /** 1-based; absent where the path stands nowhere in the text. */
  readonly line?: number;
  /** What it became; or how it differs now; or why it was left behind, and what to do. Never a secret. */
  readonly message: string;
};

/** The result of an import: a document that is valid by itself, never applied unseen. */
export type Imported = { readonly document: string; readonly report: readonly Entry[] };

/** A file of which nothing can be used: the sentence says why. */
export class BadSource extends Error {}

/** A place in one of the files. */
export type At = { readonly source: Pick<Source, 'name' | 'locate'>; readonly path: Path };

/** A file that was parsed. */
export type Source = {
  readonly name: string;
  readonly value: unknown;
  readonly locate: (path: Path) => { readonly line: number } | undefined;
};

export type Report = {
  readonly carried: (at: At, message: string) => void;
  readonly changed: (at: At, message: string) => void;
  readonly lost: (at: At, message: string) => void;
  readonly entries: readonly Entry[];
};

export function createReport(): Report {
  const entries: Entry[] = [];
  const note =
    (outcome: Outcome) =>
    ({ source, path }: At, message: string): void => {
      const place = path.length === 0 ? undefined : source.locate(path);
      entries.push({
        outcome,
        file: source.name,
        path: masked(printPath(path)),
        ...(place && { line: place.line }),
        message: masked(message),
      });
    };
  return { carried: note('carried'), changed: note('changed'), lost: note('not carried'), entries };
}

/** A place further in. */
export function below({ source, path }: At, ...steps: Path): At {
  return { source, path: [...path, ...steps] };
}
