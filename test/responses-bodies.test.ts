/** Every body that real clients sent to /v1/responses is accepted, and crosses to any wire with the warnings it earns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../src/core/snapshot.ts';
import { responsesDialect } from '../src/dialects/responses/dialect.ts';
import { code } from '../src/dialects/table.ts';
import { outgoing } from './support/responses.ts';
import { needsShared, readShared } from './support/shared.ts';

type Recording = { readonly requests: readonly { readonly url: string; readonly body: JsonObject }[] };

const hosted = 'the tool "web_search" exists only at its own provider and was dropped';
const reference = 'an item given by its id alone is stored at another provider and was left out';

/** File → the warnings of each of its requests to this dialect. */
const recordings: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'codex-basic': [[hosted]],
  'codex-tools': [[hosted], [hosted]],
  'opencode-tools-gwresp': [[], []],
  'sdk-openai-responses': [[], []],
  'sdk-ai-openai': [[], [reference]],
};

for (const [name, expected] of Object.entries(recordings)) {
  const path = `data/requests/${name}.json`;
  test(`what ${name} sent`, needsShared(path), () => {
    const { requests } = JSON.parse(readShared(path).toString()) as Recording;
    const bodies = requests.filter(({ url }) => url === '/v1/responses').map(({ body }) => body);
    assert.equal(bodies.length, expected.length);
    bodies.forEach((body, index) => {
      const text = JSON.stringify(body);
      for (const wire of ['openai-chat', 'anthropic'] as const) {
        const coded = code(responsesDialect, outgoing(text, { wire }));
        assert.deepEqual(coded.warnings, expected[index], `to ${wire}`);
      }
      const same = code(responsesDialect, outgoing(text, { kept: ids(body) }));
      const sent = JSON.parse(Buffer.concat(same.body).toString()) as JsonObject;
      assert.deepEqual(sent, { ...body, model: 'raw-1', max_output_tokens: 1_000 });
    });
  });
}

/** All proofs in a body, as if its own endpoint had issued them. */
function ids(body: JsonObject): readonly string[] {
  const items = Array.isArray(body['input']) ? (body['input'] as readonly JsonObject[]) : [];
  return items
    .flatMap((item) => [item['encrypted_content'], item['id']])
    .filter((id) => typeof id === 'string');
}
