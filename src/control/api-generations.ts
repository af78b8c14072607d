/** What the gateway served, over HTTP: records, and a live stream of them. */
import { hindsightOf } from '../core/hindsight.ts';
import type { GenerationRecord } from '../core/record.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { basePath, ApiError, describe, mount, type ControlApp } from './api-operation.ts';
import * as schemas from './api-schemas.ts';
import type { Streams } from './api-stream.ts';
import { viewGeneration } from './api-views.ts';
import { hindsight, viewHindsight } from './hindsight-view.ts';
import type { Generations } from './operations.ts';

const tag = 'generations';

export type GenerationsDesk = {
  readonly generations: Generations;
  readonly streams: Streams;
  readonly snapshot: () => Snapshot;
};

export function mountGenerations(app: ControlApp, { generations, streams, snapshot }: GenerationsDesk): void {
  const mustFind = (id: string): GenerationRecord => {
    const record = generations.find(id);
    if (record) return record;
    throw new ApiError(404, 'not_found', `no generation "${id}"; see GET ${basePath}/generations`);
  };
  mount(app, {
    method: 'get',
    path: '/generations',
    tag,
    summary: 'The latest generations, newest first',
    query: schemas.limitQuery,
    answer: schemas.generationsAnswer,
    run: ({ query }) => ({ generations: generations.recent(query.limit).map(viewGeneration) }),
  });
  const summary = 'Each generation as it ends: server-sent events, one JSON record in each';
  describe(
    app,
    { method: 'get', path: '/generations/stream', tag, summary, answer: schemas.generation },
    'text/event-stream',
  );
  app.get(`${basePath}/generations/stream`, () => {
    const stream = streams.open((send) => generations.follow((record) => send(viewGeneration(record))));
    if (!stream) throw new ApiError(503, 'draining', 'the gateway is stopping');
    return stream;
  });
  mount(app, {
    method: 'get',
    path: '/generations/{id}',
    tag,
    summary: 'One generation with every attempt',
    params: schemas.generationParams,
    answer: schemas.generationAnswer,
    run: ({ params }) => ({ generation: viewGeneration(mustFind(params.id)) }),
  });
  mount(app, {
    method: 'get',
    path: '/generations/{id}/explanation',
    tag,
    summary:
      'Why a request went where it went: its route, each attempt, what was left out, the limits it met',
    params: schemas.generationParams,
    answer: hindsight,
    run: ({ params }) => viewHindsight(hindsightOf(mustFind(params.id), snapshot()), snapshot().revision),
  });
}
