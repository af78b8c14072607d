/** What is answered arrives byte by byte as it was given, on a real socket, whole or in chunks, small or large. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { listen } from './server.ts';

type Piece = Uint8Array | string;

const limit = 16 * 1024;
const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.uint8Array({ minLength: 1, maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 300 }).map((text) => text.toWellFormed()),
  fc.constantFrom('', 'é“🙂”', Buffer.alloc(0)),
  fc
    .tuple(fc.nat(255), fc.integer({ min: -1, max: 1 }))
    .map(([byte, more]) => Buffer.alloc(limit + more, byte)),
);

test('bytes stay bytes', async (t) => {
  let answer: {
    readonly pieces: readonly Piece[];
    readonly last: Piece | undefined;
    readonly whole: boolean;
  };
  const server = await listen({
    host: '127.0.0.1',
    port: 0,
    refusal: ({ status, message }) => ({ status, headers: {}, body: Buffer.from(message) }),
    route: (_request, _response, reply) => {
      const { pieces, last, whole } = answer;
      const length = [...pieces, last ?? ''].reduce((sum, one) => sum + Buffer.byteLength(one), 0);
      reply.head(200, whole ? { 'content-length': String(length) } : {});
      for (const one of pieces) reply.write(one);
      if (last === undefined) reply.end();
      else reply.end(last);
    },
  });
  t.after(() => server.drain(0));
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 5 }),
      fc.option(piece, { nil: undefined }),
      fc.boolean(),
      async (pieces, last, whole) => {
        answer = { pieces, last, whole };
        const response = await fetch(`http://127.0.0.1:${server.port}/`);
        const got = Buffer.from(await response.arrayBuffer());
        const given = [...pieces, last ?? ''].map((one) =>
          typeof one === 'string' ? Buffer.from(one) : one,
        );
        assert.deepEqual(got, Buffer.concat(given));
      },
    ),
    { numRuns: 200 },
  );
});
