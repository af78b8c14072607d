import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  applied,
  apply,
  document,
  local,
  open,
  remote,
  sha256,
  told,
  withKeys,
} from '../../test/support/applying.ts';
import { testSettings } from '../../test/support/open-settings.ts';

test('secrets are in no export, no diff, no finding and no byte of the database', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  const literals = [
    'sk-ant-literal-secret',
    'my-own-key-of-the-ci',
    'T000/secret',
    'sk-deepseek-from-env',
    'dev-key-from-the-env',
    'sk-rotated-literal',
  ];
  const results = [await applied(configuration, document)];
  results.push(await applied(configuration, document.replace('sk-ant-literal-secret', 'sk-rotated-literal')));
  const { secret } = await configuration.addKey({ name: 'made' }, local);
  settings.close();
  const files = readdirSync(settings.folder).map((name) =>
    readFileSync(join(settings.folder, name), 'latin1'),
  );
  const fresh = settings.open();
  const shown = JSON.stringify([results, fresh.export(), fresh.history(10), fresh.keys()]);
  for (const literal of [...literals, secret]) {
    assert.equal(shown.includes(literal), false, `shown: ${literal}`);
    assert.equal(
      files.some((bytes) => bytes.includes(literal)),
      false,
      `stored: ${literal}`,
    );
  }
  assert.match(JSON.stringify(results[1]), /api_key: \\"<secret> \(new\)\\"/);
});

test('with another SPILLWAY_SECRET the sealed ones are missed by name, and the rest works', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  await applied(configuration, document);
  const other = settings.open({ secret: 'quite another secret' });
  assert.deepEqual(
    other.startFindings.map(({ path }) => path),
    ['providers.anthropic.api_key', 'alerts["on_fallback.coder"].webhook'],
  );
  assert.match(other.startFindings[0]?.message ?? '', /cannot be decrypted with this SPILLWAY_SECRET/);
  assert.deepEqual(other.snapshot().providers.get('anthropic')?.credentials, []);
  assert.equal(other.snapshot().keys.size, 2);
});

test('a variable that is missing stops what refers to it anew, and only warns for what stands', async (t) => {
  const { settings, configuration } = open(t);
  const first = await apply(configuration, document);
  assert.equal(first.outcome, 'invalid');
  assert.deepEqual(
    first.findings.filter(({ level }) => level === 'error').map(({ message }) => message),
    ['the environment variable DEEPSEEK_KEY is not set', 'the environment variable DEV_KEY is not set'],
  );
  withKeys(settings);
  await applied(configuration, document);
  delete settings.env['DEEPSEEK_KEY'];
  const started = settings.open();
  assert.deepEqual(
    started.startFindings.map(({ path, message }) => `${path}: ${message}`),
    ['providers.deepseek.api_key: the environment variable DEEPSEEK_KEY is not set'],
  );
  const later = await applied(started, document.replace('You are brief.', 'You are terse.'));
  assert.deepEqual(told(later), ['changed preset coder 2']);
  assert.equal(later.findings.filter(({ message }) => message.includes('DEEPSEEK_KEY')).length, 1);
});

test('references are read again on request; what is gone then stays as it was', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  writeFileSync(join(settings.folder, 'anthropic.key'), 'sk-ant-from-file\n');
  await applied(configuration, document.replace('sk-ant-literal-secret', 'file:anthropic.key'));
  assert.deepEqual(configuration.snapshot().providers.get('anthropic')?.credentials, ['sk-ant-from-file']);
  writeFileSync(join(settings.folder, 'anthropic.key'), 'sk-ant-rotated\n');
  delete settings.env['DEEPSEEK_KEY'];
  settings.env['DEV_KEY'] = 'another-key-for-devs';
  const findings = configuration.rereadSecrets();
  assert.deepEqual(
    findings.map(({ path }) => path),
    ['providers.deepseek.api_key'],
  );
  const { providers, keys } = configuration.snapshot();
  assert.deepEqual(providers.get('anthropic')?.credentials, ['sk-ant-rotated']);
  assert.deepEqual(providers.get('deepseek')?.credentials, ['sk-deepseek-from-env']);
  assert.equal(keys.has(sha256('dev-key-from-the-env')), false);
  assert.equal(keys.get(sha256('another-key-for-devs'))?.name, 'dev');
});

test('who is not on the machine may neither read its secrets nor reach its private addresses', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  const refused = await apply(configuration, document, { actor: remote });
  assert.equal(refused.outcome, 'invalid');
  assert.deepEqual(
    refused.findings.filter(({ level }) => level === 'error').map(({ path }) => path),
    ['providers.deepseek.api_key', 'keys[1].key'],
  );
  await applied(configuration, document);
  const prompt = document.replace('You are brief.', 'You are terse.');
  assert.deepEqual(told(await applied(configuration, prompt, { actor: remote })), ['changed preset coder 2']);
  const moved = prompt.replace('https://api.deepseek.com/v1', 'https://evil.example/v1');
  assert.equal((await apply(configuration, moved, { actor: remote })).outcome, 'invalid');
  const inside = prompt.replace('https://api.anthropic.com/v1/', 'http://169.254.169.254/v1');
  const result = await apply(configuration, inside, { actor: remote });
  assert.match(result.findings.find(({ level }) => level === 'error')?.message ?? '', /private address/);
});

test('a hidden secret does not follow its provider to another origin', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  await applied(configuration, document);
  const exported = configuration.export();
  const moved = await apply(
    configuration,
    exported.replace('https://api.anthropic.com/v1/', 'https://evil.example/v1'),
  );
  assert.equal(moved.outcome, 'invalid');
  assert.match(
    JSON.stringify(moved.findings),
    /must be written again, because base_url leads to another origin/,
  );
  await applied(
    configuration,
    exported.replace('https://api.anthropic.com/v1/', 'https://api.anthropic.com/v2'),
  );
  const elsewhere = testSettings();
  t.after(() => elsewhere.remove());
  withKeys(elsewhere);
  const result = await apply(elsewhere.open(), exported);
  assert.match(
    JSON.stringify(result.findings),
    /stands for a secret that was exported, and none is stored here/,
  );
});
