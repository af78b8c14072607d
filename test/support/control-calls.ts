/** Calls of the control plane in tests, and what they begin with. */
import assert from 'node:assert/strict';
import { localKey, testControl, type TestControl } from './control-host.ts';

type Answer = {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly etag: string | null;
};

export async function call(
  control: TestControl,
  line: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const [method = 'GET', path = ''] = line.split(' ');
  const response = await control.fetch(
    new Request(`http://gateway.test/api/admin${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${localKey}`, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    etag: response.headers.get('etag'),
  };
}

export const deepseek = {
  wire: 'openai-chat',
  base_url: 'https://api.deepseek.com/v1',
  api_key: 'sk-literal-secret',
};
const anthropic = { wire: 'anthropic', base_url: 'https://api.anthropic.com/v1' };
export const chain = (...models: string[]): object => ({ config: { models } });

/** A control plane with two providers and the preset coder, in three versions. */
export async function begun(): Promise<TestControl> {
  const control = testControl({ byObjects: true });
  await call(control, 'PUT /providers/deepseek', { config: deepseek });
  await call(control, 'PUT /providers/anthropic', { config: anthropic });
  await call(control, 'PUT /presets/coder', chain('deepseek-v4-pro'));
  await call(control, 'PUT /presets/coder', chain('deepseek-v4-pro', 'claude-haiku-4-5'));
  await call(control, 'PUT /presets/coder', chain('deepseek-v4-pro', 'anthropic/claude-sonnet-4.6'));
  return control;
}

/** Like partialDeepStrictEqual, but texts may be patterns, and a list must be whole. */
export function assertLike(found: unknown, expected: unknown, path = ''): void {
  if (expected instanceof RegExp) assert.match(String(found), expected, path);
  else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(found), path);
    assert.equal(found.length, expected.length, `${path} ${JSON.stringify(found)}`);
    for (const [index, value] of expected.entries()) assertLike(found[index], value, `${path}[${index}]`);
  } else if (typeof expected === 'object' && expected !== null)
    for (const [key, value] of Object.entries(expected))
      assertLike((found as Record<string, unknown> | undefined)?.[key], value, `${path}.${key}`);
  else assert.deepEqual(found, expected, path);
}
