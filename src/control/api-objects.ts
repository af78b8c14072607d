/** Objects over HTTP, one table for all kinds: the same operations, the same rules, the same answers. */
import type { z } from '@hono/zod-openapi';
import { alertSchema, keySchema, workspaceSchema } from '../core/document.ts';
import { gatewaySchema } from '../core/document-read.ts';
import { presetSchema } from '../core/document-preset.ts';
import { modelSchema, providerSchema } from '../core/document-provider.ts';
import { optional } from '../core/optional.ts';
import { presetName, type DocumentKind } from '../core/settings.ts';
import { ApiError, mount, type ControlApp } from './api-operation.ts';
import type { View } from './api-views.ts';
import { describeConfig, describeJson, withConfig } from './config-schemas.ts';
import type { Action, ChangeRequest, ObjectRef, Objects, VersionName } from './object-operations.ts';
import * as schemas from './object-schemas.ts';
import { viewChange, viewObject, viewOrigin, type ChangeView } from './object-views.ts';
import { OperationRefused, type Actor } from './operations.ts';

/** One kind of object: where it stands, and what its config looks like. */
export type Collection = {
  readonly kind: DocumentKind;
  /** Below the base path. */
  readonly path: string;
  readonly config: z.ZodType;
  /** What has operations of its own, older than these. */
  readonly without?: readonly ('list' | 'delete')[];
};

export const presets: Collection = { kind: 'preset', path: 'presets', config: presetSchema };

const collections: readonly Collection[] = [
  presets,
  { kind: 'provider', path: 'providers', config: providerSchema },
  { kind: 'model', path: 'models', config: modelSchema },
  { kind: 'workspace', path: 'workspaces', config: workspaceSchema.omit({ presets: true }) },
  { kind: 'key', path: 'keys', config: keySchema.partial({ name: true }), without: ['list', 'delete'] },
  { kind: 'alert', path: 'alerts', config: alertSchema },
  { kind: 'gateway', path: 'gateway', config: gatewaySchema },
];

type Place = { readonly workspace?: string | undefined };

/** Who asks for what of an object; every input of an operation has these. */
export type Asked = {
  readonly actor: Actor;
  readonly params: { readonly name: string };
  readonly query?: Place;
  readonly ifMatch?: number;
};

/** What goes with a change, in its body or in its query. */
type Said = Partial<View<typeof schemas.changeBody>>;

export function refOf({ kind }: Collection, { params: { name }, query }: Omit<Asked, 'actor'>): ObjectRef {
  if (kind !== 'preset') return { kind, name };
  if (name.includes('/'))
    throw new ApiError(
      400,
      'invalid_request',
      'a slug has no slash: the workspace is said by ?workspace=NAME',
      'name',
    );
  return { kind, name: presetName(query?.workspace ?? 'default', name) };
}

/** Carries a change out, and says what came of it. */
export function change(
  objects: Objects,
  ref: ObjectRef,
  { action, asked, said }: { readonly action: Action; readonly asked: Asked; readonly said: Said },
): ChangeView {
  const { if_version: version = asked.ifMatch, message, force, dry_run: dryRun = false } = said;
  if (asked.ifMatch !== undefined && version !== asked.ifMatch)
    throw new ApiError(400, 'invalid_request', 'If-Match and if_version differ: send one', 'if_version');
  const request: ChangeRequest = {
    ref,
    action,
    actor: asked.actor,
    dryRun,
    ...optional('message', message),
    ...optional('force', force),
    ...optional('ifVersion', version),
  };
  return viewChange(objects.change(request), dryRun, () => found(objects, ref));
}

/** Undefined = it is gone, or not there yet. */
function found(objects: Objects, ref: ObjectRef): ReturnType<Objects['get']> | undefined {
  try {
    return objects.get(ref);
  } catch (error) {
    if (error instanceof OperationRefused) return undefined;
    throw error;
  }
}

/** What all operations that change an object have in common. */
export const changes = {
  answer: schemas.changeAnswer,
  status: (answer: ChangeView) => ({ done: 200, invalid: 422, conflict: 409 } as const)[answer.outcome],
  etag: (answer: ChangeView) => (answer.outcome === 'done' ? answer.object?.version : undefined),
};

export function mountObjects(app: ControlApp, objects: Objects): void {
  describeJson(app);
  for (const collection of collections) {
    mountReading(app, objects, collection);
    mountVersions(app, objects, collection);
    mountWriting(app, objects, collection);
  }
}

/** Only presets belong to a workspace. */
function placeQuery({ kind }: Collection): z.ZodType<Place> {
  return kind === 'preset' ? schemas.workspaceQuery : schemas.noQuery;
}

function listQuery({ kind }: Collection): z.ZodType<Place> {
  return kind === 'preset' ? schemas.listQuery : schemas.noQuery;
}

function deleteQuery({ kind }: Collection): z.ZodType<Place & Said> {
  return kind === 'preset' ? schemas.deleteQuery : schemas.deleteQuery.omit({ workspace: true });
}

function mountReading(app: ControlApp, objects: Objects, collection: Collection): void {
  const { kind, path, without = [] } = collection;
  const all = `All ${path === 'gateway' ? 'objects of the gateway itself' : path}`;
  if (!without.includes('list'))
    mount(app, {
      method: 'get',
      path: `/${path}`,
      tag: path,
      summary: kind === 'preset' ? `${all}, archived ones included` : all,
      query: listQuery(collection),
      answer: schemas.objectsAnswer,
      run: ({ query }) => ({
        objects: objects.list(kind, query.workspace).map(viewObject),
      }),
    });
  mount(app, {
    method: 'get',
    path: `/${path}/{name}`,
    tag: path,
    summary: `One ${kind} as it is active, with its version as ETag`,
    params: schemas.nameParams,
    query: placeQuery(collection),
    answer: schemas.objectAnswer,
    etag: ({ object }) => object.version,
    run: (asked) => ({ object: viewObject(objects.get(refOf(collection, asked))) }),
  });
}

function mountVersions(app: ControlApp, objects: Objects, collection: Collection): void {
  const { path } = collection;
  mount(app, {
    method: 'get',
    path: `/${path}/{name}/versions`,
    tag: path,
    summary: 'Its versions, newest first: who made each, when and why',
    params: schemas.nameParams,
    query: placeQuery(collection),
    answer: schemas.versionsAnswer,
    run: (asked) => ({ versions: objects.versions(refOf(collection, asked)).map(viewOrigin) }),
  });
  mount(app, {
    method: 'get',
    path: `/${path}/{name}/versions/{version}`,
    tag: path,
    summary: 'The config of one version',
    params: schemas.versionParams,
    query: placeQuery(collection),
    answer: schemas.versionAnswer,
    run(asked) {
      const { version } = asked.params;
      return { version, config: { ...objects.body(refOf(collection, asked), version) } };
    },
  });
  mount(app, {
    method: 'post',
    path: `/${path}/{name}/activate`,
    tag: path,
    summary: 'Make any version the active one, for the next request: this is how to go back',
    params: schemas.nameParams,
    query: placeQuery(collection),
    body: schemas.activateBody,
    ...changes,
    run(asked) {
      const { version, ...said } = asked.body;
      const ref = refOf(collection, asked);
      return change(objects, ref, { action: { do: 'activate', version }, asked, said });
    },
  });
  if (collection.kind !== 'preset')
    mount(app, {
      method: 'get',
      path: `/${path}/{name}/diff`,
      tag: path,
      summary: 'What changed from one version to another',
      params: schemas.nameParams,
      query: schemas.diffQuery.omit({ workspace: true }),
      answer: schemas.diffAnswer,
      run: (asked) => diffOf(objects, refOf(collection, { params: asked.params }), asked.query),
    });
}

type Between = Pick<View<typeof schemas.diffQuery>, 'from' | 'to'>;

/** The lines between two versions; what is `active` is told by its number. */
export function diffOf(
  objects: Objects,
  ref: ObjectRef,
  { from, to }: Between,
): View<typeof schemas.diffAnswer> {
  const { version } = objects.get(ref);
  const named = (name: Between['from']): VersionName => (name === 'active' ? version : name);
  return { from: named(from), to: named(to), fields: objects.diff(ref, named(from), named(to)) };
}

/** `PresetConfig` */
function configName({ kind }: Collection): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}Config`;
}

function mountWriting(app: ControlApp, objects: Objects, collection: Collection): void {
  const { kind, path, config, without = [] } = collection;
  const described = describeConfig(app, configName(collection), config);
  for (const method of ['put', 'patch'] as const)
    mount(app, {
      method,
      path: `/${path}/{name}`,
      tag: path,
      summary:
        method === 'put'
          ? `Write a ${kind} whole: a new version, active for the next request`
          : `Change parts of a ${kind} by a JSON merge patch: a new version, active for the next request`,
      params: schemas.nameParams,
      query: placeQuery(collection),
      body: schemas.configBody,
      shownBody: withConfig(schemas.changeBody, method === 'put' ? described : schemas.patchShown),
      ...changes,
      run(asked) {
        const { config: value, ...said } = asked.body;
        const action: Action =
          method === 'put' ? { do: 'put', body: value } : { do: 'patch', patch: value ?? {} };
        return change(objects, refOf(collection, asked), { action, asked, said });
      },
    });
  if (!without.includes('delete'))
    mount(app, {
      method: 'delete',
      path: `/${path}/{name}`,
      tag: path,
      summary: `Delete a ${kind}; refused while something uses it. Its numbers go on if it is made again`,
      params: schemas.nameParams,
      query: deleteQuery(collection),
      ...changes,
      run(asked) {
        const { workspace: _place, ...said } = asked.query;
        return change(objects, refOf(collection, asked), { action: { do: 'delete' }, asked, said });
      },
    });
}
