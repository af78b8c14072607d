import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { testControl } from '../../test/support/control-host.ts';
import { renderPage } from './page.ts';

test('the page needs no key and no script, and its style is the one the policy allows', async () => {
  const response = await testControl().fetch(new Request('http://127.0.0.1:7400/'));
  const html = await response.text();
  assert.equal(response.status, 200);
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  const policy = response.headers.get('content-security-policy') ?? '';
  assert.ok(policy.includes(`'sha256-${hash}'`));
  assert.match(policy, /default-src 'self'/);
  assert.doesNotMatch(html, /<script|style="|onclick/);
  for (const part of [
    'http://127.0.0.1:7400/v1',
    '/api/admin/openapi.json',
    '/healthz',
    'npx spillway ask coder',
  ]) {
    assert.ok(html.includes(part), part);
  }
});

test('HEAD / answers', async () => {
  const response = await testControl().fetch(new Request('http://127.0.0.1:7400/', { method: 'HEAD' }));
  assert.equal(response.status, 200);
});

test('an address cannot bring markup', () => {
  const html = renderPage('http://<img src=x onerror=alert(1)>');
  assert.doesNotMatch(html, /<img/);
});
