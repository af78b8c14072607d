import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judge, type Texts, type Verdict } from './three-way.ts';

const active = (text: string): Texts['active'] => ({ text, archived: false });
const archived = (text: string): Texts['active'] => ({ text, archived: true });

test('what a document says now, what it said last, and what is active decide together', () => {
  type Row = readonly [
    document: string,
    applied: string | undefined,
    active: Texts['active'],
    verdict: Verdict,
    forced: Verdict,
  ];
  const table: readonly Row[] = [
    // Nobody touched it but documents.
    ['A', undefined, undefined, 'created', 'created'],
    ['A', 'A', active('A'), 'unchanged', 'unchanged'],
    ['B', 'A', active('A'), 'changed', 'changed'],
    // Edited since, and the document says what it said.
    ['A', 'A', active('B'), 'kept', 'changed'],
    // Edited since, and the document changed too.
    ['C', 'A', active('B'), 'conflict', 'changed'],
    // Edited since to what the document says now.
    ['B', 'A', active('B'), 'unchanged', 'unchanged'],
    // Made by hand; no document wrote it.
    ['A', undefined, active('A'), 'unchanged', 'unchanged'],
    ['A', undefined, active('B'), 'conflict', 'changed'],
    // Removed by hand after a document wrote it.
    ['A', 'A', archived('A'), 'kept', 'created'],
    ['B', 'A', archived('A'), 'conflict', 'created'],
    // Pruned, or removed before any document wrote it.
    ['A', undefined, archived('A'), 'created', 'created'],
    ['B', undefined, archived('A'), 'created', 'created'],
  ];
  for (const [document, applied, standing, verdict, forced] of table) {
    const texts = { document, applied, active: standing };
    assert.equal(judge(texts, false), verdict, JSON.stringify(texts));
    assert.equal(judge(texts, true), forced, `forced ${JSON.stringify(texts)}`);
  }
});

test('an edit is never lost without being told, and force never conflicts', () => {
  const text = fc.constantFrom('A', 'B', 'C');
  const standing = fc.option(fc.record({ text, archived: fc.boolean() }), { nil: undefined });
  fc.assert(
    fc.property(text, fc.option(text, { nil: undefined }), standing, (document, applied, active) => {
      const verdict = judge({ document, applied, active }, false);
      if (active && !active.archived && active.text !== applied) assert.notEqual(verdict, 'changed');
      const forced = judge({ document, applied, active }, true);
      assert.ok(forced !== 'conflict' && forced !== 'kept');
    }),
  );
});
