/** Requests of the Messages dialect as each wire is sent them: one file per case, input beside expectation. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Wire } from '../src/core/catalog.ts';
import type { JsonObject } from '../src/core/snapshot.ts';
import { chatDialect } from '../src/dialects/chat/dialect.ts';
import { messagesDialect } from '../src/dialects/messages/dialect.ts';
import { code } from '../src/dialects/table.ts';
import { outgoing } from './support/messages.ts';

type Golden = {
  readonly about: string;
  readonly from: 'messages' | 'chat';
  readonly kept?: readonly string[];
  /** The preset's parameters. */
  readonly set?: JsonObject;
  readonly system?: string;
  readonly request: JsonObject;
  readonly expected: readonly {
    readonly wire: Wire;
    readonly model: string;
    readonly body: JsonObject;
    readonly warnings: readonly string[];
  }[];
};

const folder = join(import.meta.dirname, 'golden/messages');

for (const file of readdirSync(folder)) {
  const golden = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Golden;
  for (const { wire, model, body, warnings } of golden.expected)
    test(`${file} → ${model} on ${wire}: ${golden.about}`, () => {
      const dialect = golden.from === 'chat' ? chatDialect : messagesDialect;
      const base = outgoing(golden.from === 'chat' ? { messages: [{}] } : golden.request, {
        wire,
        model,
        merged: { set: golden.set ?? {} },
        keeps: (signature) => golden.kept?.includes(signature) === true,
        ...(golden.system === undefined ? {} : { preset: { systemPrompt: golden.system } }),
      });
      const ask = dialect.read(Buffer.from(JSON.stringify(golden.request)));
      const coded = code(dialect, { ...base, ask });
      assert.deepEqual(JSON.parse(Buffer.concat(coded.body).toString()), body);
      assert.deepEqual(coded.warnings, warnings);
    });
}
