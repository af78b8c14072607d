/** The configuration over HTTP: apply, check, export, history. */
import { z } from '@hono/zod-openapi';
import { basePath, describe, mount, type ControlApp } from './api-operation.ts';
import * as schemas from './api-schemas.ts';
import { viewRevision, type View } from './api-views.ts';
import { changes } from './api-objects.ts';
import type { Objects } from './object-operations.ts';
import { changeBody, compareAnswer, compareParams, revisionParams } from './object-schemas.ts';
import { viewChange } from './object-views.ts';
import type { ApplyResult, Configuration } from './operations.ts';
import { optional } from '../core/optional.ts';

const tag = 'configuration';

export function mountDocuments(app: ControlApp, configuration: Configuration): void {
  mountApply(app, configuration);
  mount(app, {
    method: 'post',
    path: '/check',
    tag,
    role: 'viewer',
    summary: 'Validate a document; changes nothing',
    body: schemas.checkBody,
    answer: schemas.checkAnswer,
    run: async ({ body, actor }) => {
      const { outcome, findings } = await configuration.apply({ text: body.text, actor, dryRun: true });
      return { valid: outcome !== 'invalid', findings };
    },
  });
  mount(app, {
    method: 'get',
    path: '/revisions',
    tag,
    summary: 'Who changed what, newest first',
    query: schemas.limitQuery,
    answer: schemas.revisionsAnswer,
    run: ({ query }) => ({ revisions: configuration.history(query.limit).map(viewRevision) }),
  });
  mountExport(app, configuration);
}

function mountApply(app: ControlApp, configuration: Configuration): void {
  mount(app, {
    method: 'post',
    path: '/apply',
    tag,
    summary: 'Apply a document, whole or not at all (409: edited since its last apply; 422: not valid)',
    body: schemas.applyBody,
    answer: schemas.applyAnswer,
    status: (answer) => ({ applied: 200, invalid: 422, conflict: 409 } as const)[answer.outcome],
    run: async ({ body, actor }) => {
      const { text, message, force, prune, dry_run: dryRun = false } = body;
      const result = await configuration.apply({
        text,
        actor,
        dryRun,
        ...optional('message', message),
        ...optional('force', force),
        ...optional('prune', prune),
      });
      return viewApplied(result, dryRun);
    },
  });
}

function viewApplied(result: ApplyResult, dryRun: boolean): View<typeof schemas.applyAnswer> {
  switch (result.outcome) {
    case 'applied':
      return { ...result, dry_run: dryRun };
    case 'invalid': {
      const errors = result.findings.filter((finding) => finding.level === 'error').length;
      const message = `the document is not valid (${errors} ${errors === 1 ? 'error' : 'errors'}); nothing was applied`;
      return { ...result, error: { code: 'invalid_document', message } };
    }
    case 'conflict': {
      const names = result.conflicts.map((change) => `${change.kind} ${change.name}`).join(', ');
      const message = `edited since the last apply: ${names}; nothing was applied (force overrides)`;
      return { ...result, error: { code: 'conflict', message } };
    }
  }
}

/** The history as something to act on. */
export function mountRevisions(app: ControlApp, objects: Objects): void {
  mount(app, {
    method: 'get',
    path: '/revisions/{from}/diff/{to}',
    tag,
    summary: 'What changed between two revisions, object by object; 0 is the empty beginning',
    params: compareParams,
    answer: compareAnswer,
    run: ({ params: { from, to } }) => ({ from, to, changes: objects.compare(from, to) }),
  });
  mount(app, {
    method: 'post',
    path: '/revisions/{revision}/revert',
    tag,
    summary: 'A new revision that undoes what one did (409: edited since; force overrides)',
    params: revisionParams,
    body: changeBody.omit({ if_version: true }),
    ...changes,
    run({ params, body, actor }) {
      const { message, force, dry_run: dryRun = false } = body;
      const by = { actor, dryRun, ...optional('message', message), ...optional('force', force) };
      return viewChange(objects.revert(params.revision, by), dryRun, () => undefined);
    },
  });
}

/** The document as text, so that `curl … > spillway.yaml` is all it takes. */
function mountExport(app: ControlApp, configuration: Configuration): void {
  const summary = 'The active configuration as a document; secrets are <secret>';
  describe(app, { method: 'get', path: '/export', tag, summary, answer: z.string() }, 'text/yaml');
  app.get(`${basePath}/export`, (context) =>
    context.body(configuration.export(), 200, { 'content-type': 'text/yaml; charset=utf-8' }),
  );
}
