/** Administrators by name: what each role may do, and the log of who did what. On a real gateway, by real keys. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { runCommand } from '../src/cli/main.ts';
import { includes, roles, type Role } from '../src/core/role.ts';
import { capturedShell } from './support/captured-shell.ts';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';

const document = `
providers: { deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' } }
presets: { coder: { models: [deepseek/deepseek-v4-pro], limits: [{ usd: 5, per: day }] } }
keys: [{ name: ci, key: '${key}' }]
`;

type Answer = { readonly status: number; readonly body: unknown };

async function call(gateway: TestGateway, line: string, adminKey: string, body?: unknown): Promise<Answer> {
  const [method = 'GET', path = ''] = line.split(' ');
  const response = await fetch(`${gateway.url}/api/admin${path}`, {
    method,
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
}

type Result = { readonly code: number; readonly out: string; readonly err: string };

async function run(gateway: TestGateway, line: string, adminKey = gateway.adminKey): Promise<Result> {
  const shell = capturedShell({ env: { SPILLWAY_URL: gateway.url, SPILLWAY_ADMIN_KEY: adminKey } });
  const code = await runCommand(line.split(' '), shell);
  return { code, out: shell.stdout(), err: shell.stderr() };
}

async function keyOf(gateway: TestGateway, name: string, role: Role): Promise<string> {
  const { code, out, err } = await run(gateway, `admins add ${name} --role ${role}`);
  assert.equal(code, 0, err);
  assert.match(out, /^spw-[\w-]{43}\n$/);
  return out.trim();
}

const start = (t: TestContext): Promise<TestGateway> => startTestGateway(t, document);

test('every operation asks for a role, says which, and lets in those who have it', async (t) => {
  const gateway = await start(t);
  const { body } = await call(gateway, 'GET /openapi.json', '');
  const { paths } = body as { paths: Record<string, Record<string, { description: string }>> };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { description }]) => {
      const needed = roles.find((role) => description.startsWith(`For ${role}s`));
      assert.ok(needed, `${method} ${path}: ${description}`);
      return { line: `${method.toUpperCase()} ${path.replace('/api/admin', '')}`, needed };
    }),
  );
  assert.ok(operations.some(({ needed }) => needed === 'owner'));
  for (const role of roles.slice(0, 2)) {
    const adminKey = await keyOf(gateway, role, role);
    for (const { line, needed } of operations) {
      if (line.includes('/stream')) continue;
      const path = line.replaceAll(/\{\w+\}/g, 'nothing-of-that-name');
      const answer = await call(gateway, path, adminKey, line.startsWith('GET') ? undefined : {});
      const { error } = answer.body as { error?: { code: string; message: string } };
      const forbidden = answer.status === 403 && error?.code === 'forbidden';
      assert.equal(forbidden, !includes(role, needed), `${role}: ${line}: ${answer.status}`);
      if (!forbidden) continue;
      const article = needed === 'viewer' ? 'a viewer' : `an ${needed}`;
      assert.ok(
        error?.message.includes(`and this needs ${article}: an owner can change that`),
        error?.message,
      );
    }
  }
});

test('a role changes, and a key ends, with the next request', async (t) => {
  const gateway = await start(t);
  const ann = await keyOf(gateway, 'ann', 'viewer');
  assert.match((await run(gateway, 'keys add made', ann)).err, /ann is a viewer, and this needs an editor/);
  assert.equal(
    (await run(gateway, 'admins role ann editor')).out,
    'administrator ann is editor from the next request on\n',
  );
  assert.equal((await run(gateway, 'keys add made', ann)).code, 0);
  assert.match(
    (await run(gateway, 'admins')).out,
    /^NAME +ROLE +STATE +EXPIRES +HASH *\nann +editor +active +never +[0-9a-f]{12}\n$/,
  );
  assert.equal((await run(gateway, 'admins remove ann')).code, 0);
  assert.match((await run(gateway, 'keys', ann)).err, /does not accept this admin key/);
  assert.match((await run(gateway, 'admins')).err, /^nobody but the owner by SPILLWAY_ADMIN_KEY/);
});

test('mistakes are told, and nobody locks themselves out', async (t) => {
  const gateway = await start(t);
  const olga = await keyOf(gateway, 'olga', 'owner');
  const cases: readonly (readonly [string, RegExp])[] = [
    ['admins add', /which administrator\?/],
    ['admins add bob', /--role: which of viewer, editor, owner\?/],
    ['admins add bob --role edtor', /there is no role "edtor"; did you mean editor\?/],
    ['admins add olga --role viewer', /there is an administrator olga already/],
    ['admins add admin --role viewer', /is the name of an owner that is always there/],
    ['admins add Bob! --role viewer', /name /],
    ['admins add bob --role viewer --expires 2020-01-01', /is past/],
    ['admins role olgo editor', /there is no administrator "olgo"; did you mean olga\?/],
    ['admins role olga editor', /you are olga: another owner must do that/],
    ['admins remove olga', /you are olga: another owner must do that/],
    ['admins rmove olga', /did you mean admins remove\?/],
  ];
  for (const [line, message] of cases) {
    const { code, err } = await run(gateway, line, olga);
    assert.notEqual(code, 0, line);
    assert.match(err, message, line);
  }
  assert.equal((await call(gateway, 'GET /status', olga)).status, 200);
});

test('a private address is for owners, a reference to a secret for nobody far away', async (t) => {
  const gateway = await start(t);
  const apply = async (adminKey: string, provider: string): Promise<string> => {
    const text = document.replace('providers: {', `providers: { other: ${provider},`);
    const { body } = await call(gateway, 'POST /apply', adminKey, { text, dry_run: true });
    const { outcome, findings } = body as { outcome: string; findings: { level: string; message: string }[] };
    return `${outcome} ${findings
      .filter(({ level }) => level === 'error')
      .map(({ message }) => message)
      .join()}`;
  };
  const privately = '{ wire: openai-chat, base_url: "http://10.0.0.7/v1" }';
  const referring = '{ wire: openai-chat, base_url: "https://other.example/v1", api_key: env:HOME }';
  const editor = await keyOf(gateway, 'eddy', 'editor');
  const owner = await keyOf(gateway, 'olga', 'owner');
  assert.match(
    await apply(editor, privately),
    /^invalid is a private address, which only an owner may configure$/,
  );
  assert.match(await apply(owner, privately), /^applied /);
  assert.match(await apply(owner, referring), /^invalid env: and file: are read only for an operator/);
});

test('the audit log names who, what, before and after, never a secret, and what was done beside the configuration', async (t) => {
  const gateway = await start(t);
  const ann = await keyOf(gateway, 'ann', 'editor');
  const changed = document.replace('usd: 5', 'usd: 7');
  await call(gateway, 'POST /apply', ann, { text: changed, message: 'more for the coder', force: true });
  await run(gateway, 'pause provider/deepseek --for 1h --reason maintenance', ann);
  await run(gateway, 'keys add made', ann);
  const { body } = await call(gateway, 'GET /audit?who=ann', gateway.adminKey);
  const { entries } = body as { entries: Record<string, unknown>[] };
  assert.deepEqual(
    entries.map(({ who, act, object, version, message }) => ({ who, act, object, version, message })),
    [
      { who: 'ann', act: 'created', object: 'key/made', version: 1, message: 'added the key made' },
      { who: 'ann', act: 'paused', object: 'provider/deepseek', version: undefined, message: undefined },
      { who: 'ann', act: 'changed', object: 'preset/coder', version: 2, message: 'more for the coder' },
    ],
  );
  const limits = (usd: number) => ({ models: ['deepseek/deepseek-v4-pro'], limits: [{ usd, per: 'day' }] });
  assert.deepEqual([entries[2]?.['before'], entries[2]?.['after']], [limits(5), limits(7)]);
  assert.partialDeepStrictEqual(entries[1]?.['details'], {
    subject: 'provider/deepseek',
    reason: 'maintenance',
  });

  const whole = await run(gateway, 'audit --full');
  assert.match(
    whole.out,
    /ann +changed +preset\/coder@2 +more for the coder\n +- \{.*"usd":5.*\}\n +\+ \{.*"usd":7.*\}\n/,
  );
  assert.match(whole.out, /ann +paused +provider\/deepseek +maintenance\n/);
  assert.match(whole.out, /admin +created +admin\/ann@1 +added the administrator ann as editor\n/);
  for (const secret of [key, ann]) assert.ok(!whole.out.includes(secret));
  assert.ok(!/sha256:[0-9a-f]{64}/.test(whole.out), 'a whole hash is shown');
  assert.match(
    (await run(gateway, 'audit key/made')).out,
    /^\S+ \S+ +ann +created +key\/made@1 +added the key made\n$/,
  );
  assert.match((await run(gateway, 'audit --who nobody')).err, /^nobody changed anything since /);
  const kept = (): string => gateway.configuration.export();
  assert.ok(!kept().includes('ann'), 'a document holds no administrator');
});

test('nobody far away learns what the server’s environment and files hold, by any document', async (t) => {
  const gateway = await start(t);
  const findings = async (line: string, adminKey: string, text: string): Promise<readonly string[]> => {
    const { body } = await call(gateway, line, adminKey, { text });
    return (body as { findings: { level: string; message: string }[] }).findings
      .filter(({ level }) => level === 'error')
      .map(({ message }) => message.slice(0, 38));
  };
  const same = 'env: and file: are read only for an op';
  for (const role of roles) {
    const adminKey = await keyOf(gateway, role, role);
    for (const reference of ['env:HOME', 'env:NOPE_NOT_SET', 'file:/etc/passwd', 'file:/nope']) {
      const provider = `providers: { other: { wire: openai-chat, base_url: 'https://other.example/v1', api_key: '${reference}' } }`;
      assert.deepEqual(await findings('POST /check', adminKey, provider), [same], `${role} ${reference}`);
      if (role === 'viewer') continue;
      assert.deepEqual(await findings('POST /apply', adminKey, provider), [same], `${role} ${reference}`);
    }
    const guess = `keys: [{ name: aa, key: '${process.env['HOME'] ?? ''}-and-more-of-it' }, { name: bb, key: 'env:HOME' }]`;
    assert.deepEqual(await findings('POST /check', adminKey, guess), [same]);
  }
});

test('the key of an administrator opens no data plane, however it is written down', async (t) => {
  const gateway = await start(t);
  const viewer = await keyOf(gateway, 'vera', 'viewer');
  for (const secret of [viewer, gateway.adminKey]) {
    const answer = await call(gateway, 'PUT /keys/mine', gateway.adminKey, { config: { key: secret } });
    assert.equal(answer.status, 422, JSON.stringify(answer.body));
    assert.match(JSON.stringify(answer.body), /is the key of an administrator/);
    const models = await fetch(`${gateway.url}/v1/models`, {
      headers: { authorization: `Bearer ${secret}` },
    });
    assert.equal(models.status, 401);
  }
});

test('what a draft said is in the log, though a later one took its place', async (t) => {
  const gateway = await start(t);
  const config = (text: string) => ({
    config: { models: ['deepseek/deepseek-v4-pro'], system_prompt: text },
  });
  for (const text of ['first words', 'second words'])
    assert.equal(
      (await call(gateway, 'PUT /presets/coder/draft', gateway.adminKey, config(text))).status,
      200,
    );
  assert.equal(
    (await call(gateway, 'PUT /presets/coder/draft', gateway.adminKey, { config: { models: 7 } })).status,
    422,
  );
  const { out } = await run(gateway, 'audit --full');
  assert.match(out, /wrote a draft[^]*second words[^]*wrote a draft[^]*first words/);
  assert.equal(out.match(/wrote a draft/g)?.length, 2, 'what was refused was not done');
});

test('a preset is made in a workspace that is there, under a slug without a slash', async (t) => {
  const gateway = await start(t);
  const config = { config: { models: ['deepseek/deepseek-v4-pro'] } };
  const put = async (path: string): Promise<string> => {
    const { status, body } = await call(gateway, `PUT ${path}`, gateway.adminKey, config);
    return `${status} ${(body as { error?: { message: string } }).error?.message ?? ''}`;
  };
  assert.match(
    await put('/presets/p?workspace=defaut'),
    /^404 there is no workspace "defaut"; did you mean default\?/,
  );
  assert.match(
    await put('/presets/a%2Fb'),
    /^400 a slug has no slash: the workspace is said by \?workspace=NAME/,
  );
  assert.match(await put('/presets/p'), /^200/);
});
