/**
 * The configuration as objects, each with a kind, a name and a body shaped as in the document. This is what
 * the store keeps versions of, what documents are compared with, and what the snapshot is built from.
 */
import type { AdminBody, AlertBody, KeyBody, WorkspaceBody } from './document.ts';
import type { LimitBody } from './document-limit.ts';
import type { PresetBody } from './document-preset.ts';
import type { ModelBody, ProviderBody } from './document-provider.ts';
import { defaultWorkspace } from './defaults.ts';
import type { Path } from './mistake.ts';

/** The gateway has two objects: its `limits`, and the `provider-order` in which providers stand in the document. */
export type GatewayBody = { readonly limits?: readonly LimitBody[]; readonly order?: readonly string[] };

/**
 * A version of a preset that serves a share of its requests before it is made active. It lasts as long as `base` is the
 * active version.
 */
export type RolloutBody = {
  readonly version: number;
  /** The active version that it is compared with. */
  readonly base: number;
  /** Of conversations, 1 to 100. */
  readonly percent: number;
  /** Epoch ms. */
  readonly since: number;
};

export type Bodies = {
  readonly gateway: GatewayBody;
  readonly provider: ProviderBody;
  readonly model: ModelBody;
  readonly workspace: WorkspaceBody;
  readonly preset: PresetBody;
  readonly key: KeyBody;
  readonly alert: AlertBody;
  readonly admin: AdminBody;
  /** Has the name of its preset; no document writes it. */
  readonly rollout: RolloutBody;
};
export type Kind = keyof Bodies;
/** What documents write. */
export type DocumentKind = Exclude<Kind, 'admin' | 'rollout'>;

/** One object as a document has it. */
export type Written<K extends Kind = Kind> = {
  [Each in K]: {
    readonly kind: Each;
    /** `coder`, or `workspace/coder` for a preset outside the workspace `default`. */
    readonly name: string;
    /** Where it stands in the document. */
    readonly path: Path;
    readonly body: Bodies[Each];
  };
}[K];

/** One object in force. */
export type Setting<K extends Kind = Kind> = {
  [Each in K]: Written<Each> & {
    readonly version: number;
    /** Earlier bodies by version number; kept only where versions can be asked for. */
    readonly older?: ReadonlyMap<number, Bodies[Each]>;
    readonly archived: boolean;
    /** Archived, and out of every list. */
    readonly deleted?: true;
    /** Of a preset: what may be called as `@draft`, and the version that is being rolled out. */
    readonly draft?: Bodies[Each];
    readonly rollout?: RolloutBody;
  };
}[K];

export type Settings = {
  /** The revision this is the state of. */
  readonly revision: number;
  readonly gateway: readonly Setting<'gateway'>[];
  /** In the order of the document. */
  readonly providers: readonly Setting<'provider'>[];
  readonly models: readonly Setting<'model'>[];
  readonly workspaces: readonly Setting<'workspace'>[];
  /** Archived ones included: they are answered differently from unknown ones. */
  readonly presets: readonly Setting<'preset'>[];
  readonly keys: readonly Setting<'key'>[];
  readonly alerts: readonly Setting<'alert'>[];
  readonly admins: readonly Setting<'admin'>[];
};

/** The name of a preset's object. */
export function presetName(workspace: string, slug: string): string {
  return workspace === defaultWorkspace ? slug : `${workspace}/${slug}`;
}

/** The workspace and slug in the name of a preset's object. */
export function presetAddress(name: string): { readonly workspace: string; readonly slug: string } {
  const slash = name.indexOf('/');
  if (slash < 0) return { workspace: defaultWorkspace, slug: name };
  return { workspace: name.slice(0, slash), slug: name.slice(slash + 1) };
}

/** Where an object would stand if a document held it. */
export function canonicalPath(kind: Kind, name: string): Path {
  switch (kind) {
    case 'gateway':
      return [];
    case 'provider':
      return ['providers', name];
    case 'model':
      return ['models', name];
    case 'workspace':
      return ['workspaces', name];
    case 'preset': {
      const { workspace, slug } = presetAddress(name);
      return workspace === defaultWorkspace ? ['presets', slug] : ['workspaces', workspace, 'presets', slug];
    }
    case 'key':
      return ['keys', name];
    case 'alert':
      return ['alerts', name];
    case 'admin':
      return ['admins', name];
    case 'rollout':
      return ['rollouts', name];
  }
}

/** All objects, sorted into their kinds. Archived ones are left out, except presets; deleted ones always. */
export function settingsOf(revision: number, objects: Iterable<Setting>): Settings {
  const piles: { readonly [K in Kind]: Setting<K>[] } = {
    gateway: [],
    provider: [],
    model: [],
    workspace: [],
    preset: [],
    key: [],
    alert: [],
    admin: [],
    rollout: [],
  };
  for (const object of objects) {
    if (!object.archived || (object.kind === 'preset' && object.deleted !== true))
      (piles[object.kind] as Setting[]).push(object);
  }
  return {
    revision,
    gateway: piles.gateway,
    providers: inOrder(piles.provider, piles.gateway),
    models: piles.model,
    workspaces: piles.workspace,
    presets: piles.preset,
    keys: piles.key,
    alerts: piles.alert,
    admins: piles.admin,
  };
}

/**
 * The same after an edit of presets that were there before and are there after it: all other lists are shared. Undefined =
 * something else is edited; then `before` is not asked.
 */
export function settingsAfter(
  before: () => Settings,
  edits: readonly { readonly before: Setting | undefined; readonly after: Setting }[],
  revision: number,
): Settings | undefined {
  const edited = new Map<string, Setting<'preset'>>();
  for (const { before: old, after } of edits) {
    if (after.kind !== 'preset' || after.deleted === true || !old || old.deleted === true) return undefined;
    edited.set(after.name, after);
  }
  const old = before();
  return { ...old, revision, presets: old.presets.map((preset) => edited.get(preset.name) ?? preset) };
}

/** Providers as the document orders them; those that it does not name come after. */
function inOrder(
  providers: readonly Setting<'provider'>[],
  gateway: readonly Setting<'gateway'>[],
): readonly Setting<'provider'>[] {
  const order = gateway.find((object) => object.name === 'provider-order')?.body.order ?? [];
  const place = new Map(order.map((name, index) => [name, index]));
  const rank = (provider: Setting<'provider'>): number => place.get(provider.name) ?? order.length;
  return [...providers].sort((a, b) => rank(a) - rank(b));
}
