/** What an import makes of the files of others: the document and the report, whole. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../src/cli/main.ts';
import { capturedShell } from './support/captured-shell.ts';

const folder = join(import.meta.dirname, 'golden/import');

/** A folder with the files in the order in which they are named; `document.yaml` and `report.txt` are expected. */
const cases: readonly (readonly [from: string, name: string, files: readonly string[]])[] = [
  ['litellm', 'litellm-small', ['config.yaml']],
  ['litellm', 'litellm-team', ['config.yaml', 'teams.json', 'keys.json']],
  ['openrouter', 'openrouter', ['coder.json', 'list.json', 'versions.json', 'starter.json']],
];

for (const [from, name, files] of cases)
  test(`${name}: the document, the report, and nothing that is wrong with it`, async () => {
    const cwd = join(folder, name);
    const shell = capturedShell({ cwd });
    assert.equal(await runCommand(['import', from, ...files], shell), 0, shell.stderr());
    assert.equal(shell.stdout(), await readFile(join(cwd, 'document.yaml'), 'utf8'));
    assert.equal(shell.stderr(), await readFile(join(cwd, 'report.txt'), 'utf8'));
    assert.doesNotMatch(shell.stdout() + shell.stderr(), /written-here-in-clear/, 'a secret was copied');
  });
