/** Limits over HTTP: how they stand, and what an operator may do about them without changing the document. */
import { mount, type ControlApp } from './api-operation.ts';
import * as schemas from './limit-schemas.ts';
import { listLimits, lower, pastInterventions, raise, release, type LimitDesk } from './limits.ts';

const tag = 'limits';

export function mountLimits(app: ControlApp, desk: LimitDesk): void {
  mount(app, {
    method: 'get',
    path: '/limits',
    tag,
    summary: 'Every limit and how it stands, fullest first',
    query: schemas.limitsQuery,
    answer: schemas.limitsAnswer,
    run: ({ query }) => listLimits(desk, query),
  });
  mount(app, {
    method: 'get',
    path: '/limits/loans',
    tag,
    summary: 'What was lent to limits and what was released, newest first',
    query: schemas.loansQuery,
    answer: schemas.loansAnswer,
    run: ({ query }) => pastInterventions(desk, query.limit),
  });
  mount(app, {
    method: 'post',
    path: '/limits/raise',
    tag,
    act: 'raised a limit',
    summary: 'Lend to a limit in dollars until a time; counted at once, and it ends by itself',
    body: schemas.raiseBody,
    answer: schemas.raiseAnswer,
    run: ({ body, actor }) => raise(desk, body, actor),
  });
  mount(app, {
    method: 'post',
    path: '/limits/lower',
    tag,
    act: 'lowered a limit',
    summary: 'End loans before their time',
    body: schemas.lowerBody,
    answer: schemas.lowerAnswer,
    run: ({ body, actor }) => lower(desk, body, actor),
  });
  mount(app, {
    method: 'post',
    path: '/limits/release',
    tag,
    role: 'owner',
    act: 'released what a crash had counted',
    summary: 'Take back what a crash counted as spent, in the windows that are now',
    body: schemas.releaseBody,
    answer: schemas.releaseAnswer,
    run: ({ body, actor }) => release(desk, body, actor),
  });
}
