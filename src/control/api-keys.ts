/** Inference keys over HTTP. A secret is answered once, when it is made. */
import { optional } from '../core/optional.ts';
import { mount, type ControlApp } from './api-operation.ts';
import * as schemas from './key-schemas.ts';
import { viewKey } from './api-views.ts';
import type { Configuration } from './operations.ts';

const tag = 'keys';

export function mountKeys(app: ControlApp, configuration: Configuration): void {
  mount(app, {
    method: 'get',
    path: '/keys',
    tag,
    summary: 'All inference keys, without their secrets',
    answer: schemas.keysAnswer,
    run: () => ({ keys: configuration.keys().map(viewKey) }),
  });
  mountAdd(app, configuration);
  for (const [verb, disabled] of [
    ['disable', true],
    ['enable', false],
  ] as const) {
    mount(app, {
      method: 'post',
      path: `/keys/{name}/${verb}`,
      tag,
      summary: disabled ? 'Refuse a key from the next request on' : 'Accept a disabled key again',
      params: schemas.keyParams,
      answer: schemas.keyAnswer,
      run: async ({ params, actor }) => ({
        key: viewKey(await configuration.setKeyDisabled(params.name, disabled, actor)),
      }),
    });
  }
  mount(app, {
    method: 'post',
    path: '/keys/{name}/rotate',
    tag,
    summary: 'Give a key a new secret, shown this once; the old one may be accepted for a while',
    params: schemas.keyParams,
    body: schemas.rotateBody,
    answer: schemas.newKeyAnswer,
    run: async ({ params, body, actor }) => {
      const until = body.until === undefined ? 0 : Date.parse(body.until);
      const { key, secret } = await configuration.rotateKey(params.name, until, actor);
      return { key: viewKey(key), secret };
    },
  });
  mount(app, {
    method: 'delete',
    path: '/keys/{name}',
    tag,
    summary: 'Remove a key for good',
    params: schemas.keyParams,
    answer: schemas.removedAnswer,
    run: async ({ params, actor }) => {
      await configuration.removeKey(params.name, actor);
      return { removed: params.name };
    },
  });
}

function mountAdd(app: ControlApp, configuration: Configuration): void {
  mount(app, {
    method: 'post',
    path: '/keys',
    tag,
    summary: 'Make a key; its secret is shown this once',
    body: schemas.newKeyBody,
    answer: schemas.newKeyAnswer,
    run: async ({ body, actor }) => {
      const { name, workspace, presets, models, drafts, write_presets: writes, expires_at: expires } = body;
      const wanted = {
        name,
        ...optional('workspace', workspace),
        ...optional('presets', presets),
        ...optional('models', models),
        ...(drafts === true ? { drafts } : {}),
        ...(writes === true ? { writePresets: writes } : {}),
        ...optional('expiresAt', expires === undefined ? undefined : Date.parse(expires)),
      };
      const { key, secret } = await configuration.addKey(wanted, actor);
      return { key: viewKey(key), secret };
    },
  });
}
