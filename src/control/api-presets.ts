/** What only presets have, over HTTP: the archive, drafts, roll-outs, what a change costs, and plans of a version. */
import { forecastChain, forecastDays, mostSamples, trafficOf } from '../core/forecast.ts';
import { presetAddress } from '../core/settings.ts';
import type { Preset, PresetVersion, Snapshot } from '../core/snapshot.ts';
import { change, changes, diffOf, presets, refOf } from './api-objects.ts';
import { ApiError, mount, type ControlApp } from './api-operation.ts';
import { withConfig } from './config-schemas.ts';
import * as shared from './api-schemas.ts';
import type { Explain } from './api-system.ts';
import { viewExplanation, type View } from './api-views.ts';
import type { Action, ObjectRef, Objects } from './object-operations.ts';
import * as schemas from './object-schemas.ts';
import { viewForecast, viewOrigin, viewResult, viewRollout, viewTraffic } from './object-views.ts';
import type { Generations } from './operations.ts';

const tag = 'presets';
const dayMs = 86_400_000;
/** Records of each version that a comparison looks at, the newest. */
const mostCompared = 2_000;

export type PresetDesk = {
  readonly objects: Objects;
  readonly generations: Generations;
  readonly snapshot: () => Snapshot;
  readonly explain: Explain;
  /** Epoch ms. */
  readonly now: () => number;
};

export function mountPresets(app: ControlApp, desk: PresetDesk): void {
  const simple: readonly (readonly [path: string, action: Action, summary: string])[] = [
    ['archive', { do: 'archive' }, 'Refuse it, as archived, from the next request on; refused while in use'],
    ['restore', { do: 'restore' }, 'Bring it back from the archive'],
    ['draft/publish', { do: 'publish' }, 'Make the draft the next version, active for the next request'],
    ['rollout/promote', { do: 'promote' }, 'Make the version that is rolled out the active one'],
    ['rollout/rollback', { do: 'rollback' }, 'End the roll-out: the active version serves everybody'],
  ];
  for (const [path, action, summary] of simple)
    mount(app, {
      method: 'post',
      path: `/presets/{name}/${path}`,
      tag,
      summary,
      ...named,
      body: schemas.changeBody,
      ...changes,
      run: (asked) => change(desk.objects, refOf(presets, asked), { action, asked, said: asked.body }),
    });
  mountDraft(app, desk);
  mountRollout(app, desk);
  mountDiff(app, desk);
  mountExplain(app, desk);
}

const named = { params: schemas.nameParams, query: schemas.workspaceQuery };

function mountDraft(app: ControlApp, { objects }: PresetDesk): void {
  const path = '/presets/{name}/draft';
  mount(app, {
    method: 'get',
    path,
    tag,
    summary: 'The draft, and the version it was begun on',
    ...named,
    answer: schemas.draftAnswer,
    run(asked) {
      const ref = refOf(presets, asked);
      const config = { ...objects.body(ref, 'draft') };
      const { draft } = objects.get(ref);
      if (!draft) throw new ApiError(404, 'not_found', `the preset ${ref.name} has no draft`);
      return { draft: { ...viewOrigin(draft), config } };
    },
  });
  mount(app, {
    method: 'put',
    path,
    tag,
    act: 'wrote a draft',
    summary: 'Keep a draft beside the versions; keys with drafts: true call it as @preset/NAME@draft',
    ...named,
    body: schemas.configBody,
    shownBody: withConfig(schemas.changeBody, { $ref: '#/components/schemas/PresetConfig' }),
    ...changes,
    run(asked) {
      const { config: body, ...said } = asked.body;
      return change(objects, refOf(presets, asked), { action: { do: 'draft', body }, asked, said });
    },
  });
  mount(app, {
    method: 'delete',
    path,
    tag,
    act: 'threw a draft away',
    summary: 'Throw the draft away',
    ...named,
    ...changes,
    run: (asked) => change(objects, refOf(presets, asked), { action: { do: 'discard' }, asked, said: {} }),
  });
}

function mountRollout(app: ControlApp, desk: PresetDesk): void {
  const { objects } = desk;
  const path = '/presets/{name}/rollout';
  mount(app, {
    method: 'post',
    path,
    tag,
    summary: 'Let a version serve a share of conversations; again with another share to widen it',
    ...named,
    body: schemas.rolloutBody,
    ...changes,
    run(asked) {
      const { version, percent, ...said } = asked.body;
      return change(objects, refOf(presets, asked), {
        action: { do: 'rollout', version, percent },
        asked,
        said,
      });
    },
  });
  mount(app, {
    method: 'get',
    path,
    tag,
    summary: 'The roll-out, and how both versions did since it began',
    ...named,
    answer: schemas.rolloutAnswer,
    run: (asked) => comparisonOf(desk, refOf(presets, asked)),
  });
}

function comparisonOf(
  { objects, generations }: PresetDesk,
  ref: ObjectRef,
): View<typeof schemas.rolloutAnswer> {
  const { rollout } = objects.get(ref);
  if (!rollout)
    throw new ApiError(404, 'not_found', `no version of the preset ${ref.name} is being rolled out`);
  const { workspace, slug: preset } = presetAddress(ref.name);
  const result = (version: PresetVersion): ReturnType<typeof viewResult> => {
    const which = { workspace, preset, version, since: rollout.since, most: mostCompared, sentOn: true };
    return viewResult(version, generations.ofPreset(which), mostCompared);
  };
  return { rollout: viewRollout(rollout), base: result(rollout.base), next: result(rollout.version) };
}

function mountDiff(app: ControlApp, desk: PresetDesk): void {
  mount(app, {
    method: 'get',
    path: '/presets/{name}/diff',
    tag,
    summary: 'What changed from one version to another: fields, chain, and what its own traffic would cost',
    params: schemas.nameParams,
    query: schemas.diffQuery,
    answer: schemas.diffAnswer,
    run(asked) {
      const ref = refOf(presets, asked);
      const diff = diffOf(desk.objects, ref, asked.query);
      return { ...diff, ...forecastOf(desk, ref, diff) };
    },
  });
}

type Between = Pick<View<typeof schemas.diffAnswer>, 'from' | 'to'>;

function forecastOf(
  { generations, snapshot: current, now }: PresetDesk,
  ref: ObjectRef,
  { from, to }: Between,
): Pick<View<typeof schemas.diffAnswer>, 'chain' | 'cost'> {
  const snapshot = current();
  const { workspace, slug: preset } = presetAddress(ref.name);
  const entry = snapshot.workspaces.get(workspace)?.presets.get(preset);
  const version = (name: PresetVersion): Preset | undefined =>
    name === 'draft' ? entry?.draft : entry?.versions.get(name);
  const [old, fresh] = [version(from), version(to)];
  if (!old || !fresh) return {};
  const since = now() - forecastDays * dayMs;
  const traffic = trafficOf(generations.ofPreset({ workspace, preset, since, most: mostSamples }), now());
  const models = ({ chain }: Preset): readonly string[] => chain.map(({ model }) => model);
  return {
    chain: { from: models(old), to: models(fresh) },
    cost: {
      traffic: viewTraffic(traffic),
      from: viewForecast(forecastChain(old, traffic, snapshot)),
      to: viewForecast(forecastChain(fresh, traffic, snapshot)),
    },
  };
}

function mountExplain(app: ControlApp, { objects, snapshot, explain, now }: PresetDesk): void {
  mount(app, {
    method: 'post',
    path: '/presets/{name}/explain',
    tag,
    role: 'viewer',
    summary: 'The plan for a request to this preset, or to one version of it, without sending anything',
    ...named,
    body: schemas.explainPresetBody,
    answer: shared.explanation,
    run(asked) {
      const ref = refOf(presets, asked);
      objects.get(ref);
      const { workspace, slug } = presetAddress(ref.name);
      const { version, request = { messages: [{ role: 'user', content: 'hello' }] } } = asked.body;
      const model = `@preset/${slug}${version === undefined ? '' : `@${version}`}`;
      const key = { name: 'explain', workspace, aliases: new Map(), disabled: false, drafts: true } as const;
      const body = Buffer.from(JSON.stringify({ ...request, model }));
      return viewExplanation(explain(snapshot(), body, { workspace, now: now(), key }));
    },
  });
}
