/** Thinking as `reasoning_details`: a client that keeps what it was told gives every issuer its own proof back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Wire } from '../../core/catalog.ts';
import { fold, type Part, type Thinking } from '../../core/conversation.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { DetailWriter, readDetails, wholeDetails } from './details.ts';
import { proofsIn, withOwnDetails } from './own-details.ts';

const thinking = (text: string): Part => ({ type: 'thinking', text });
const signature = (value: string, id?: string): Part => ({
  type: 'signature',
  signature: value,
  ...(id === undefined ? {} : { id }),
});
const call = (id: string, proof?: string): Part => ({
  type: 'call',
  index: 0,
  id,
  name: 'look',
  ...(proof === undefined ? {} : { signature: proof }),
});

/** Wire, what it answered → what the client is told. */
const rows: readonly (readonly [Wire, readonly Part[], readonly JsonObject[]])[] = [
  [
    'gemini',
    [thinking('h'), thinking('m'), signature('S'), call('c1', 'S')],
    [
      { type: 'reasoning.text', text: 'hm', format: 'google-gemini-v1', index: 0 },
      { type: 'reasoning.encrypted', data: 'S', id: 'c1', format: 'google-gemini-v1', index: 1 },
    ],
  ],
  [
    'gemini',
    [{ type: 'text', text: 'Done.' }, signature('S')],
    [{ type: 'reasoning.encrypted', data: 'S', format: 'google-gemini-v1', index: 0 }],
  ],
  [
    'anthropic',
    [thinking('h'), thinking('m'), signature('S'), { type: 'redacted', data: 'R' }, call('c1')],
    [
      { type: 'reasoning.text', text: 'hm', signature: 'S', format: 'anthropic-claude-v1', index: 0 },
      { type: 'reasoning.encrypted', data: 'R', format: 'anthropic-claude-v1', index: 1 },
    ],
  ],
  [
    'openai-responses',
    [thinking('hm'), signature('S', 'rs_1')],
    [
      { type: 'reasoning.summary', summary: 'hm', format: 'openai-responses-v1', index: 0 },
      { type: 'reasoning.encrypted', data: 'S', id: 'rs_1', format: 'openai-responses-v1', index: 1 },
    ],
  ],
];

for (const [wire, parts, told] of rows)
  test(`${wire}: ${parts.map(({ type }) => type).join(', ')}`, () =>
    assert.deepEqual(wholeDetails(parts, wire), told));

const text = fc.string({ minLength: 1, maxLength: 5 });
/** Thoughts as each wire proves them, each in one piece or more. */
const thoughts: Readonly<Record<string, fc.Arbitrary<readonly Part[]>>> = {
  anthropic: fc.oneof(
    fc.tuple(fc.array(text), text).map(([texts, proof]) => [...texts.map(thinking), signature(proof)]),
    text.map((data): readonly Part[] => [{ type: 'redacted', data }]),
  ),
  'openai-responses': fc
    .tuple(fc.array(text), text, text)
    .map(([texts, proof, id]) => [...texts.map(thinking), signature(proof, id)]),
};

for (const [wire, arbitrary] of Object.entries(thoughts))
  test(`${wire}: whatever was thought comes back, joined by the client or in the pieces of the stream`, () => {
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 4 }), (list) => {
        const parts = list.flatMap((thought): readonly Part[] => [...thought, { type: 'break' }]);
        const writer = new DetailWriter(wire as Wire);
        const pieces = parts.flatMap((part, at) => writer.details(part, parts[at + 1]));
        const expected = fold(parts).blocks as readonly Thinking[];
        for (const told of [wholeDetails(parts, wire as Wire), pieces])
          assert.deepEqual(readDetails(told, new Set()).thoughts, expected);
      }),
    );
  });

test('a proof of Gemini’s goes to its call, or stays with the text', () => {
  const sealed = (id?: string) => ({
    type: 'reasoning.encrypted',
    data: `S${id ?? ''}`,
    format: 'google-gemini-v1',
    ...(id === undefined ? {} : { id }),
  });
  const read = readDetails([sealed('c1'), sealed('gone'), sealed()], new Set(['c1', 'c2']));
  assert.deepEqual([...read.ofCalls], [['c1', 'Sc1']]);
  assert.deepEqual(
    read.ofText.map((thought) => thought.signature),
    ['Sgone', 'S'],
  );
});

test('what is no detail is passed over', () => {
  for (const value of [
    null,
    'x',
    5,
    {},
    [null, 'x', {}, { type: 'reasoning.encrypted' }, { type: 'reasoning.text' }],
  ])
    assert.deepEqual(readDetails(value, new Set()).thoughts, []);
});

test('on its own wire a thought goes only to its issuer, text and proof together', () => {
  const piece = { type: 'reasoning.text', text: 'h', index: 0 };
  const proof = { type: 'reasoning.text', signature: 'S', index: 0 };
  const unproven = { type: 'reasoning.text', text: 'free', index: 1 };
  const message = { role: 'assistant', content: 'a', reasoning_details: [piece, proof, unproven] };
  assert.equal(
    withOwnDetails(message, (one) => one === 'S'),
    message,
    'the issuer gets it as it is',
  );
  assert.deepEqual(
    withOwnDetails(message, () => false),
    { ...message, reasoning_details: [unproven] },
  );
  const alone = { role: 'assistant', content: 'a', reasoning_details: [proof] };
  assert.deepEqual(
    withOwnDetails(alone, () => false),
    { role: 'assistant', content: 'a' },
  );
  assert.deepEqual(proofsIn([{ delta: message }, { message: alone }, {}]), ['S', 'S']);
});
