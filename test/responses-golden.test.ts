/** Requests of the Responses dialect as each wire is sent them: one file per case, input beside expectation. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Wire } from '../src/core/catalog.ts';
import type { JsonObject } from '../src/core/snapshot.ts';
import { responsesDialect } from '../src/dialects/responses/dialect.ts';
import { code } from '../src/dialects/table.ts';
import { outgoing } from './support/responses.ts';

type Golden = {
  readonly about: string;
  readonly kept: readonly string[];
  readonly request: JsonObject;
  readonly expected: Readonly<
    Record<string, { readonly path: string; readonly body: JsonObject; readonly warnings: readonly string[] }>
  >;
};

const folder = join(import.meta.dirname, 'golden/responses');

for (const file of readdirSync(folder)) {
  const golden = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Golden;
  for (const [wire, expected] of Object.entries(golden.expected))
    test(`${file} → ${wire}: ${golden.about}`, () => {
      const coded = code(
        responsesDialect,
        outgoing(golden.request, { wire: wire as Wire, kept: golden.kept }),
      );
      const body = JSON.parse(Buffer.concat(coded.body).toString()) as JsonObject;
      assert.deepEqual({ path: coded.path, body, warnings: coded.warnings }, expected);
    });
}
