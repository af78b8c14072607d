/** Health over HTTP: what happened, and what an operator pauses, resumes and resets. */
import { findModel } from '../core/catalog.ts';
import { optional } from '../core/optional.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { suggest } from '../core/suggest.ts';
import { ApiError, mount, type ControlApp } from './api-operation.ts';
import { isoTime, viewPause, type View } from './api-views.ts';
import * as schemas from './health-schemas.ts';
import type { HealthBook } from './operations.ts';

const tag = 'health';
const dayMs = 86_400_000;

export type HealthDesk = {
  readonly snapshot: () => Snapshot;
  readonly health: HealthBook;
  /** Epoch ms. */
  readonly now: () => number;
};

export function mountHealth(app: ControlApp, desk: HealthDesk): void {
  mount(app, {
    method: 'get',
    path: '/events',
    tag,
    summary: 'Breakers that opened and closed, pauses, limits that were reached; newest first',
    query: schemas.eventsQuery,
    answer: schemas.eventsAnswer,
    run: ({ query: { since, limit } }) => listEvents(desk, since, limit),
  });
  mount(app, {
    method: 'get',
    path: '/pauses',
    tag,
    summary: 'What is paused now',
    answer: schemas.pausesAnswer,
    run: () => ({ pauses: desk.health.pauses().map(viewPause) }),
  });
  mountPause(app, desk);
  mount(app, {
    method: 'delete',
    path: '/pauses',
    tag,
    act: 'resumed',
    summary: 'End a pause before its time, and reset the breakers of the same subject',
    query: schemas.resumeQuery,
    answer: schemas.resumeAnswer,
    run: ({ query, actor }) => {
      const subject = known(query.subject, desk.snapshot());
      const reason = query.reason ?? 'resumed';
      const done = desk.health.resume(subject, { at: desk.now(), author: actor.name, reason });
      return { subject, resumed: done.paused, breakers_reset: done.breakers };
    },
  });
}

function mountPause(app: ControlApp, desk: HealthDesk): void {
  mount(app, {
    method: 'post',
    path: '/pauses',
    tag,
    act: 'paused',
    summary: 'Leave a provider, a model or one endpoint alone until a time; it ends by itself',
    body: schemas.pauseBody,
    answer: schemas.pauseAnswer,
    run: ({ body, actor }) => {
      const at = desk.now();
      const until = Date.parse(body.until);
      if (until <= at) throw new ApiError(400, 'invalid_request', `${body.until} is past`, 'until');
      const subject = known(body.subject, desk.snapshot());
      const pause = { subject, at, until, reason: body.reason, author: actor.name };
      desk.health.pause(pause);
      return { pause: viewPause(pause) };
    },
  });
}

function listEvents(
  { health, now }: HealthDesk,
  since: string | undefined,
  limit: number,
): View<typeof schemas.eventsAnswer> {
  const from = since === undefined ? now() - dayMs : Date.parse(since);
  return {
    events: health.events(from, limit).map(({ at, until, ...event }) => ({
      at: isoTime(at),
      ...event,
      ...optional('until', until === undefined ? undefined : isoTime(until)),
    })),
  };
}

/** A subject as breakers and pauses name it. Throws for what the configuration does not have: it would pause nothing. */
function known(subject: string, snapshot: Snapshot): string {
  const [kind = '', ...rest] = subject.split('/');
  const name = rest.join('/');
  const names = namesOf(kind, snapshot);
  if (!names)
    throw new ApiError(
      400,
      'invalid_request',
      `not a subject: ${subject}; name provider/NAME, model/AUTHOR/NAME or endpoint/AUTHOR/NAME@PROVIDER`,
      'subject',
    );
  if (names.includes(name)) return subject;
  const canonical = kind === 'model' ? findModel(snapshot.catalogue, name)?.slug : undefined;
  if (canonical !== undefined && names.includes(canonical)) return `model/${canonical}`;
  const near = suggest(name, names);
  const hint = near === undefined ? '' : `; did you mean ${kind}/${near}?`;
  throw new ApiError(404, 'not_found', `nothing is configured as ${subject}${hint}`, 'subject');
}

function namesOf(kind: string, { providers, endpoints }: Snapshot): readonly string[] | undefined {
  if (kind === 'provider') return [...providers.keys()];
  if (kind === 'model') return [...endpoints.keys()];
  if (kind === 'endpoint') return [...endpoints.values()].flatMap((served) => served.map(({ id }) => id));
  return undefined;
}
