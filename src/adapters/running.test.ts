import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Running, type Placed } from './running.ts';

test('it holds what was added and not deleted, in whatever order', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(20)), { maxLength: 60 }), (steps) => {
      const running = new Running<Placed>();
      const expected = new Set<Placed>();
      for (const step of steps) {
        const leaving = step === null ? undefined : [...expected][step % Math.max(1, expected.size)];
        if (leaving) {
          running.delete(leaving);
          expected.delete(leaving);
        } else {
          const one = { place: -1 };
          running.add(one);
          expected.add(one);
        }
        assert.equal(running.size, expected.size);
        assert.deepEqual(new Set(running.all()), expected);
        assert.deepEqual(
          running.all().map(({ place }) => place),
          running.all().map((_, index) => index),
        );
      }
    }),
  );
});
