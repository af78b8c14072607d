/** Answers as fast-check draws them. */
import fc from 'fast-check';
import type { Part } from '../../src/core/conversation.ts';
import type { Choice } from '../../src/emulator/answer.ts';
import { jsonArguments, said } from './conversations.ts';

const pieces = fc.array(said, { minLength: 1, maxLength: 4 });

/** A text in pieces of any length, which together are the text. */
function cut(text: string, places: readonly number[]): readonly string[] {
  const at = [...new Set(places.map((place) => place % text.length))]
    .filter((place) => place > 0)
    .sort((a, b) => a - b);
  return [0, ...at].map((start, index) => text.slice(start, at[index])).filter((piece) => piece !== '');
}

const argumentPieces = fc
  .tuple(jsonArguments, fc.array(fc.nat(1_000), { maxLength: 4 }))
  .map(([text, places]) => cut(text, places));

/** What an emulated model may say: thoughts, then a text or a call. */
export const choice: fc.Arbitrary<Choice> = fc
  .record({
    thoughts: fc.option(pieces, { nil: undefined }),
    said: pieces,
    call: fc.option(argumentPieces, { nil: undefined }),
    cut: fc.boolean(),
  })
  .map(({ thoughts, said: text, call, cut: isCut }) => ({
    parts: [
      ...(thoughts ? [{ kind: 'reasoning' as const, pieces: thoughts }] : []),
      call ? { kind: 'tool' as const, name: 'look', pieces: call } : { kind: 'text' as const, pieces: text },
    ],
    finish: call ? 'tool' : isCut ? 'length' : 'stop',
  }));

const logprobs = fc.integer({ min: -900, max: -1 }).map((hundredths): Part => ({
  type: 'logprobs',
  content: [{ token: 'a', logprob: hundredths / 100, bytes: [97], top_logprobs: [] }],
}));

/** A text in pieces, each after its log probabilities, of which several may come at once, or none. */
const textParts = fc
  .array(fc.tuple(fc.array(logprobs, { maxLength: 2 }), said), { minLength: 1, maxLength: 3 })
  .map((list) => list.flatMap(([odds, text]): Part[] => [...odds, { type: 'text', text }]));

const redactedParts = said.map((data): Part[] => [{ type: 'redacted', data }]);

const thoughtParts = fc
  .record({ texts: fc.array(said, { maxLength: 3 }), signature: fc.option(said, { nil: undefined }) })
  .map(({ texts, signature }): Part[] => [
    ...texts.map((text): Part => ({ type: 'thinking', text })),
    ...(signature === undefined ? [] : [{ type: 'signature', signature } as const]),
  ]);

/** Calls whose arguments come by turns. */
const callParts = fc.array(argumentPieces, { minLength: 1, maxLength: 3 }).map((calls): Part[] => {
  const rounds = Math.max(...calls.map(({ length }) => length));
  return [
    ...calls.map((_, index): Part => ({ type: 'call', index, id: `call_${index}`, name: `tool_${index}` })),
    ...Array.from({ length: rounds }, (_, round) =>
      calls.flatMap((call, index): Part[] =>
        call[round] === undefined ? [] : [{ type: 'arguments', index, json: call[round] }],
      ),
    ).flat(),
  ];
});

const usage = fc.record({
  input: fc.nat(900),
  cacheRead: fc.nat(900),
  output: fc.nat(900),
  reasoning: fc.nat(900),
});

/** What the reader of a wire may make of an answer: blocks in any order, each apart from the one before. */
export const parts: fc.Arbitrary<readonly Part[]> = fc
  .record({
    blocks: fc.array(fc.oneof(textParts, thoughtParts, redactedParts), { maxLength: 4 }),
    refused: fc.option(said, { nil: undefined }),
    calls: fc.option(callParts, { nil: [] }),
    usage,
    finish: fc.constantFrom('stop' as const, 'length' as const, 'content_filter' as const),
  })
  .map(({ blocks, refused, calls, usage: used, finish }): readonly Part[] => [
    { type: 'start', id: 'up-1' },
    ...blocks.flatMap((block): Part[] => [{ type: 'break' }, ...block]),
    ...(refused === undefined ? [] : [{ type: 'text', text: refused, refusal: true } as const]),
    ...calls,
    { type: 'usage', usage: used, raw: null },
    { type: 'finish', reason: calls.length > 0 ? 'tool_calls' : finish, raw: finish },
  ]);
