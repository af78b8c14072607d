import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertLike, begun, call, chain, deepseek } from '../../test/support/control-calls.ts';

describe('each operation, as it is called', () => {
  type Row = readonly [line: string, body: unknown, status: number, answer: object];
  const config = { description: 'x' };
  const table: readonly Row[] = [
    [
      'GET /presets',
      undefined,
      200,
      { objects: [{ name: 'coder', workspace: 'default', version: 3, latest: 3 }] },
    ],
    ['GET /presets?workspace=team', undefined, 200, { objects: [] }],
    [
      'GET /presets/coder',
      undefined,
      200,
      {
        object: { status: 'active', config: { models: ['deepseek-v4-pro', 'anthropic/claude-sonnet-4.6'] } },
      },
    ],
    [
      'GET /presets/coder?workspace=team',
      undefined,
      404,
      { error: { code: 'not_found', message: /there is no preset "team\/coder"/ } },
    ],
    ['GET /presets/codre', undefined, 404, { error: { message: /did you mean coder\?/ } }],
    [
      'GET /presets/coder/versions',
      undefined,
      200,
      {
        versions: [
          { version: 3, active: true, author: 'operator', message: 'wrote preset coder', revision: 5 },
          { version: 2, active: false },
          { version: 1 },
        ],
      },
    ],
    [
      'GET /presets/coder/versions/1',
      undefined,
      200,
      { version: 1, config: { models: ['deepseek-v4-pro'] } },
    ],
    [
      'GET /presets/coder/versions/4',
      undefined,
      404,
      { error: { message: /has no version 4; the latest is 3/ } },
    ],
    [
      'GET /presets/coder/versions/x',
      undefined,
      400,
      { error: { code: 'invalid_request', path: 'version' } },
    ],
    [
      'PUT /presets/coder?workspace=team',
      { config },
      404,
      { error: { code: 'not_found', message: /there is no workspace "team"/ } },
    ],
    [
      'PUT /presets/team%2Fcoder',
      { config },
      400,
      { error: { code: 'invalid_request', path: 'name', message: /a slug has no slash/ } },
    ],
    ['PUT /presets/%C3%9Cber', { config }, 422, { outcome: 'invalid', findings: [{ level: 'error' }] }],
    [
      'PUT /presets/coder',
      {},
      422,
      { findings: [{ path: 'presets.coder', message: 'is missing' }], error: { code: 'invalid_config' } },
    ],
    [
      'PUT /presets/coder',
      { config: { modles: [] } },
      422,
      { findings: [{ path: 'presets.coder.modles', message: 'is not a known key; did you mean models?' }] },
    ],
    ['PUT /presets/coder', { confg: {} }, 400, { error: { message: /did you mean "config"/ } }],
    [
      'PUT /presets/coder',
      { config, if_version: 2 },
      409,
      {
        outcome: 'conflict',
        reason: 'version',
        error: { code: 'conflict' },
        yours: { version: 2 },
        active: { version: 3 },
        diff: [
          '-models: [deepseek-v4-pro, claude-haiku-4-5]',
          '+models: [deepseek-v4-pro, anthropic/claude-sonnet-4.6]',
        ],
      },
    ],
    [
      'PUT /presets/coder',
      { config, dry_run: true },
      200,
      { outcome: 'done', dry_run: true, revision: 6, object: { version: 3 } },
    ],
    [
      'PATCH /presets/coder',
      { config: { description: 'x' }, message: 'say what' },
      200,
      {
        object: {
          version: 4,
          config: { description: 'x', models: ['deepseek-v4-pro', 'anthropic/claude-sonnet-4.6'] },
        },
      },
    ],
    ['PATCH /presets/none', { config: {} }, 404, { error: { message: /there is no preset none/ } }],
    [
      'POST /presets/coder/activate',
      { version: 1 },
      200,
      { changes: [{ action: 'activated', version: 1 }], object: { version: 1, latest: 3 } },
    ],
    ['POST /presets/coder/activate', { version: 9 }, 404, { error: { message: /there are 1 to 3/ } }],
    ['POST /presets/coder/activate', {}, 400, { error: { path: 'version' } }],
    ['POST /presets/coder/archive', {}, 200, { object: { status: 'archived' } }],
    ['POST /presets/coder/restore', {}, 200, { object: { status: 'active' } }],
    ['DELETE /presets/coder', undefined, 200, { outcome: 'done', changes: [{ action: 'deleted' }] }],
    ['DELETE /presets/coder?if_version=1', undefined, 409, { reason: 'version' }],
    ['DELETE /presets/coder?force=yes', undefined, 400, { error: { path: 'force' } }],
    [
      'DELETE /providers/deepseek',
      undefined,
      409,
      { reason: 'in_use', used_by: ['preset coder: models[0]'] },
    ],
    [
      'DELETE /providers/deepseek?force=true',
      undefined,
      200,
      { findings: [{ level: 'warning', path: 'presets.coder.models[0]' }] },
    ],
    ['GET /presets/coder/draft', undefined, 404, { error: { message: /has no draft/ } }],
    [
      'PUT /presets/coder/draft',
      chain('claude-haiku-4-5'),
      200,
      { changes: [], object: { version: 3, draft: { base: 3, author: 'operator' } } },
    ],
    ['POST /presets/coder/draft/publish', {}, 404, { error: { message: /has no draft/ } }],
    ['DELETE /presets/coder/draft', undefined, 404, { error: { message: /has no draft/ } }],
    ['GET /presets/coder/rollout', undefined, 404, { error: { message: /being rolled out/ } }],
    [
      'POST /presets/coder/rollout',
      { version: 2, percent: 10 },
      200,
      {
        changes: [{ kind: 'rollout', action: 'created' }],
        object: { version: 3, rollout: { version: 2, base: 3, percent: 10 } },
      },
    ],
    ['POST /presets/coder/rollout', { version: 2, percent: 0 }, 400, { error: { path: 'percent' } }],
    ['POST /presets/coder/rollout', { version: 3, percent: 5 }, 409, { reason: 'state' }],
    ['POST /presets/coder/rollout/promote', {}, 404, { error: { message: /being rolled out/ } }],
    ['POST /presets/coder/rollout/rollback', {}, 404, { error: { message: /being rolled out/ } }],
    ['GET /presets/coder/diff?from=9', undefined, 404, { error: { message: /no version 9/ } }],
    ['GET /presets/coder/diff', undefined, 400, { error: { path: 'from' } }],
    ['POST /presets/coder/explain', {}, 200, { requested: '@preset/coder' }],
    ['POST /presets/coder/explain', { version: 2 }, 200, { requested: '@preset/coder@2' }],
    ['GET /providers/deepseek', undefined, 200, { object: { config: { ...deepseek, api_key: '<secret>' } } }],
    [
      'GET /providers/deepseek?workspace=team',
      undefined,
      400,
      { error: { message: /unknown field "workspace"/ } },
    ],
    [
      'PATCH /providers/deepseek',
      { config: { headers: { 'x-title': 'us' } } },
      200,
      { object: { version: 2 } },
    ],
    ['GET /providers/deepseek/diff?from=1', undefined, 200, { from: 1, to: 1, fields: [] }],
    [
      'PUT /models/acme%2Fm',
      { config: { context: 1000, endpoints: [{ provider: 'deepseek', model: 'm', price: { free: true } }] } },
      200,
      { object: { name: 'acme/m' } },
    ],
    ['PUT /workspaces/team', { config: { contact: '#team' } }, 200, { object: { name: 'team' } }],
    [
      'PUT /keys/ci',
      { config: { key: '0123456789abcdef', drafts: true } },
      200,
      { object: { name: 'ci', config: { name: 'ci', drafts: true } } },
    ],
    ['PUT /alerts/a', { config: { when: 'on_fallback' } }, 200, { object: { name: 'a' } }],
    [
      'PUT /gateway/limits',
      { config: { limits: [{ usd: 5, per: 'day' }] } },
      200,
      { object: { name: 'limits' } },
    ],
    [
      'PUT /gateway/limit',
      { config: {} },
      422,
      { findings: [{ message: /there are only limits and provider-order/ }] },
    ],
    [
      'GET /revisions/3/diff/5',
      undefined,
      200,
      { changes: [{ kind: 'preset', action: 'changed', version: 3 }] },
    ],
    ['GET /revisions/0/diff/99', undefined, 404, { error: { message: /the newest is 5/ } }],
    ['POST /revisions/5/revert', {}, 200, { revision: 6, changes: [{ action: 'activated', version: 2 }] }],
    ['POST /revisions/4/revert', {}, 409, { reason: 'state', error: { message: /edited since revision 4/ } }],
    ['POST /revisions/4/revert', { force: true }, 200, { changes: [{ action: 'activated', version: 1 }] }],
    ['POST /revisions/99/revert', {}, 404, { error: { message: /no revision 99/ } }],
  ];
  for (const [line, body, status, answer] of table) {
    test(`${line} ${JSON.stringify(body)?.slice(0, 60) ?? ''} → ${status}`, async () => {
      const control = await begun();
      const found = await call(control, line, body);
      assert.equal(found.status, status, JSON.stringify(found.body));
      assertLike(found.body, answer);
      assert.deepEqual(control.reported, []);
    });
  }
});
