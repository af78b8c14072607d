import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startFlags } from './start-flags.ts';

test('a service that is set up as the docs say runs with the flags of npm start', () => {
  const root = join(import.meta.dirname, '..');
  const unit = readFileSync(join(root, 'docs/running.md'), 'utf8');
  const flags = startFlags(root);
  assert.ok(flags.length > 0);
  assert.match(unit, new RegExp(`^ExecStart=\\S+/node ${flags.join(' ')} \\S+ serve `, 'm'));
});
