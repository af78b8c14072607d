/**
 * What applying a document does to one object. Three texts decide: what the document says now, what it said when
 * it was last applied, and what is active. Whatever was edited since stays, unless the document changed as well.
 */

export type Active = { readonly text: string; readonly archived: boolean };

export type Verdict =
  /** New, or back from the archive. */
  | 'created'
  | 'changed'
  | 'unchanged'
  /** Edited since, and the document says what it said before: left alone. */
  | 'kept'
  /** Edited since, and the document says something new. */
  | 'conflict';

export type Texts = {
  readonly document: string;
  /** Undefined = no document has written this object, or the last one pruned it. */
  readonly applied: string | undefined;
  /** Undefined = there never was such an object. */
  readonly active: Active | undefined;
};

/** `force` lets the document win over every edit. */
export function judge({ document, applied, active }: Texts, force: boolean): Verdict {
  if (active === undefined) return 'created';
  if (!active.archived && active.text === document) return 'unchanged';
  const win = active.archived ? 'created' : 'changed';
  if (force) return win;
  if (applied === document) return 'kept';
  if (active.archived) return applied === undefined ? 'created' : 'conflict';
  return applied === active.text ? 'changed' : 'conflict';
}
