/** The document that an import puts together, and its text. */
import { Document, isAlias, isMap, isNode, isScalar, visit } from 'yaml';
import { printText } from '../control/document-text.ts';
import type { KeyBody, WorkspaceBody } from '../core/document.ts';
import type { LimitBody } from '../core/document-limit.ts';
import type { PresetBody } from '../core/document-preset.ts';
import type { ModelBody, ProviderBody } from '../core/document-provider.ts';
import type { Path } from '../core/mistake.ts';

export type Draft = {
  readonly limits: LimitBody[];
  readonly providers: Map<string, ProviderBody>;
  readonly models: Map<string, ModelBody>;
  readonly presets: Map<string, PresetBody>;
  readonly workspaces: Map<string, WorkspaceBody & { presets?: Record<string, PresetBody> }>;
  readonly keys: KeyBody[];
  /** Said above the line of a path, for whoever reads the document. */
  readonly comments: { readonly path: Path; readonly text: string }[];
};

export function emptyDraft(): Draft {
  return {
    limits: [],
    providers: new Map(),
    models: new Map(),
    presets: new Map(),
    workspaces: new Map(),
    keys: [],
    comments: [],
  };
}

/** The text; `head` stands above everything. A preset that several workspaces have is written once, with an anchor. */
export function draftText(draft: Draft, head: readonly string[]): string {
  const document = new Document(sections(draft), { aliasDuplicateObjects: true, anchorPrefix: 'same-' });
  nameAnchors(document, draft);
  for (const { path, text } of draft.comments) comment(document, path, text);
  document.commentBefore = head.map((line) => ` ${line}`).join('\n');
  return printText(document);
}

/** Presets stand before the workspaces that share them. */
function sections(draft: Draft): object {
  const { limits, providers, models, presets, workspaces, keys } = draft;
  const all = {
    limits,
    providers: Object.fromEntries(providers),
    models: Object.fromEntries(models),
    presets: Object.fromEntries(presets),
    workspaces: Object.fromEntries(workspaces),
    keys,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => Object.keys(value).length > 0));
}

function nameAnchors(document: Document, { presets }: Draft): void {
  const names = new Map<string, string>();
  for (const name of presets.keys()) {
    const node = document.getIn(['presets', name], true);
    if (!isMap(node) || node.anchor === undefined) continue;
    names.set(node.anchor, name);
    node.anchor = name;
  }
  visit(document, {
    Alias(_key, alias) {
      alias.source = names.get(alias.source) ?? alias.source;
    },
  });
}

function comment(document: Document, path: Path, text: string): void {
  const parent = document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  const key = isMap(parent)
    ? parent.items.find((pair) => isScalar(pair.key) && pair.key.value === last)?.key
    : document.getIn(path, true);
  if (!isNode(key) || isAlias(key)) return;
  key.commentBefore = [key.commentBefore ?? '', ` ${text}`].filter((line) => line !== '').join('\n');
}
