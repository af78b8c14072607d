/** The faults that `npm run sim:planted` plants still fit: each text stands exactly once where it is searched for. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { planted } from './planted/bugs.ts';

for (const { name, file, search, replace } of planted) {
  test(`${file}: ${name}`, () => {
    const source = readFileSync(join(import.meta.dirname, '..', file), 'utf8');
    const times = source.split(search).length - 1;
    assert.equal(times, 1, `test/planted/bugs.ts: refresh “${name}”, its text occurs ${times} times`);
    assert.notEqual(search, replace);
  });
}
