/** What limits stand on, as people write it: `gateway`, `key/ci`, `preset/coder`, `model/author/name`. Pure. */
import { group, type Budget, type ScopeKind } from './budget.ts';
import { findModel } from './catalog.ts';
import { defaultWorkspace } from './defaults.ts';
import type { Limit } from './limit.ts';
import { once } from './once.ts';
import { optional } from './optional.ts';
import type { Snapshot } from './snapshot.ts';
import { suggest } from './suggest.ts';

export const scopeKinds = ['gateway', 'workspace', 'key', 'preset', 'provider', 'model'] as const;

export type Scope = {
  readonly kind: ScopeKind;
  /** Empty for the gateway. */
  readonly name: string;
  /** Of keys and presets. */
  readonly workspace?: string;
};

/** A scope with everything that limits it. */
export type LimitedScope = {
  readonly scope: Scope;
  /** Whom refusals name, where the scope is a workspace or stands in one. */
  readonly contact?: string;
  readonly budgets: readonly Budget[];
};

/** `key/ci`, `gateway`. */
export function printScope({ kind, name }: Pick<Scope, 'kind' | 'name'>): string {
  return name === '' ? kind : `${kind}/${name}`;
}

/** Every scope that has limits, in the order gateway, providers, models, workspaces with their presets, keys. */
export const limitedScopes = once((snapshot: Snapshot): readonly LimitedScope[] =>
  allScopes(snapshot).filter(({ budgets }) => budgets.length > 0),
);

function allScopes(snapshot: Snapshot): readonly LimitedScope[] {
  const { providers, modelLimits, workspaces, keys } = snapshot;
  const plain = (kind: ScopeKind, name: string, limits: Parameters<typeof group>[3]): LimitedScope => ({
    scope: { kind, name },
    budgets: group(kind, '', name, limits),
  });
  return [
    plain('gateway', '', snapshot.limits),
    ...[...providers.values()].map(({ name, limits }) => plain('provider', name, limits)),
    ...[...(modelLimits ?? [])].map(([slug, limits]) => plain('model', slug, limits)),
    ...[...workspaces.values()].flatMap(({ name: workspace, contact, limits, presets }) => [
      { ...plain('workspace', workspace, limits), ...optional('contact', contact) },
      ...[...presets.values()]
        .filter(({ status }) => status !== 'archived')
        .map(({ active: { slug, limits: own } }) => ({
          scope: { kind: 'preset' as const, name: slug, workspace },
          ...optional('contact', contact),
          budgets: group('preset', `${workspace}/`, slug, own),
        })),
    ]),
    ...[...keys.values()].map(({ name, workspace, limits }) => ({
      scope: { kind: 'key' as const, name, workspace },
      ...optional('contact', workspaces.get(workspace)?.contact),
      budgets: group('key', `${workspace}/`, name, limits),
    })),
  ];
}

/** How many limits there are that refuse, and that only observe. */
export function limitModes(snapshot: Snapshot): { readonly enforce: number; readonly observe: number } {
  const modes = { enforce: 0, observe: 0 };
  for (const { mode } of limitsIn(snapshot)) modes[mode]++;
  return modes;
}

/** Without a scope for each: a start must not wait until a hundred thousand are made. */
function* limitsIn({ limits, providers, modelLimits, workspaces, keys }: Snapshot): Iterable<Limit> {
  yield* limits ?? [];
  for (const provider of providers.values()) yield* provider.limits ?? [];
  for (const own of modelLimits?.values() ?? []) yield* own;
  for (const workspace of workspaces.values()) {
    yield* workspace.limits ?? [];
    for (const { status, active } of workspace.presets.values())
      if (status !== 'archived') yield* active.limits ?? [];
  }
  for (const key of keys.values()) yield* key.limits ?? [];
}

/** Why a scope is not one, in a sentence that names the fix. */
export type NoScope = { readonly missing: string };

const grammar = 'write gateway, workspace/NAME, key/NAME, preset/NAME, provider/NAME or model/AUTHOR/NAME';

/** Finds what `key/ci` names. Keys and presets are looked up in `workspace`, a key in every one where none is said. */
export function findScope(snapshot: Snapshot, text: string, workspace?: string): LimitedScope | NoScope {
  const slash = text.indexOf('/');
  const kind = slash < 0 ? text : text.slice(0, slash);
  const said = slash < 0 ? '' : text.slice(slash + 1);
  if (!isKind(kind)) return { missing: notAKind(kind, text) };
  if (kind === 'gateway')
    return said === '' ? scopeIn(snapshot, { kind, name: '' }) : { missing: `"${text}": ${grammar}` };
  if (said === '')
    return { missing: `which ${kind}? write ${kind}/${kind === 'model' ? 'AUTHOR/' : ''}NAME` };
  const name = kind === 'model' ? (findModel(snapshot.catalogue, said)?.slug ?? said) : said;
  const named = namesOf(snapshot, kind, workspace);
  const found = named.find((scope) => scope.name === name);
  if (found) return scopeIn(snapshot, found);
  return { missing: notFound(snapshot, { kind, name, workspace }, named) };
}

type Sought = { readonly kind: ScopeKind; readonly name: string; readonly workspace: string | undefined };

function notFound(snapshot: Snapshot, { kind, name, workspace }: Sought, named: readonly Scope[]): string {
  const inWorkspace = kind === 'preset' || (kind === 'key' && workspace !== undefined);
  const where = inWorkspace ? ` in the workspace ${workspace ?? defaultWorkspace}` : '';
  const elsewhere = inWorkspace
    ? [...snapshot.workspaces.keys()].find((place) =>
        namesOf(snapshot, kind, place).some((scope) => scope.name === name),
      )
    : undefined;
  const near = suggest(
    name,
    named.map((scope) => scope.name),
  );
  const fix =
    elsewhere === undefined
      ? near && `; did you mean ${kind}/${near}?`
      : `; there is one in the workspace ${elsewhere}`;
  return `there is no ${kind} "${name}"${where}${fix ?? ''}`;
}

export function isKind(text: string): text is ScopeKind {
  return (scopeKinds as readonly string[]).includes(text);
}

function notAKind(kind: string, text: string): string {
  const near = suggest(kind, scopeKinds);
  const rest = text.slice(kind.length);
  return `"${text}" is no scope; ${near === undefined ? grammar : `did you mean ${near}${rest}?`}`;
}

function scopeIn(snapshot: Snapshot, scope: Scope): LimitedScope {
  const known = limitedScopes(snapshot).find(
    (each) =>
      each.scope.kind === scope.kind &&
      each.scope.name === scope.name &&
      each.scope.workspace === scope.workspace,
  );
  return known ?? { scope, budgets: [] };
}

function namesOf(snapshot: Snapshot, kind: ScopeKind, workspace: string | undefined): readonly Scope[] {
  const plain = (names: Iterable<string>): readonly Scope[] => [...names].map((name) => ({ kind, name }));
  switch (kind) {
    case 'gateway':
      return [{ kind, name: '' }];
    case 'workspace':
      return plain(snapshot.workspaces.keys());
    case 'provider':
      return plain(snapshot.providers.keys());
    case 'model':
      return plain(new Set([...snapshot.endpoints.keys(), ...(snapshot.modelLimits?.keys() ?? [])]));
    case 'preset': {
      const place = workspace ?? defaultWorkspace;
      const presets = snapshot.workspaces.get(place)?.presets ?? [];
      return [...presets]
        .filter(([, { status }]) => status !== 'archived')
        .map(([name]) => ({ kind, name, workspace: place }));
    }
    case 'key':
      return [...snapshot.keys.values()]
        .filter((key) => workspace === undefined || key.workspace === workspace)
        .map((key) => ({ kind, name: key.name, workspace: key.workspace }));
  }
}
