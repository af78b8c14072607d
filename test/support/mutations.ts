/** What a client that is broken, or hostile, may make of a good request body. */
import fc from 'fast-check';
import { isList, isMembers, Raw, treeOf, type Tree } from './json-tree.ts';

/** Keys that mean something to JavaScript, or to a codec in another place. */
const keys = [
  '__proto__',
  'constructor',
  'toString',
  'toJSON',
  'length',
  'type',
  'role',
  'content',
  'id',
  '',
  '\ud800',
];

const numbers = ['5000000000', '1e400', '-1e400', String(2n ** 70n), '-0', '1.5', '-1', '1e-320', '0'];

const values: readonly Tree[] = [
  null,
  true,
  false,
  '',
  ' ',
  'x ',
  'constructor',
  'data:;base64,AAAA',
  'y'.repeat(70),
  [],
  [null],
  [[]],
  ['x'],
  [{ members: [] }],
  { members: [] },
  ...numbers.map((text) => new Raw(text)),
  new Raw('"\\ud800"'),
  new Raw('"\\udc00 \\ud83d"'),
  new Raw('"\\u0000\\b"'),
  new Raw(`${'['.repeat(10_000)}${']'.repeat(10_000)}`),
  new Raw(`${'{"a":'.repeat(400)}1${'}'.repeat(400)}`),
  new Raw(JSON.stringify('long '.repeat(20_000))),
  ...[
    { toString: 1, valueOf: 1 },
    { type: 'constructor', text: 'x' },
    { type: '_call', call_id: '' },
    { type: 'text', text: '' },
    { type: 'thinking', thinking: 'hm', signature: 's' },
    { type: 'tool_use', id: 'a', name: 'look', input: {} },
    { type: 'tool_result', tool_use_id: 'nobody', content: 'lost' },
    { type: 'image', source: { type: 'base64', media_type: 'image/bmp', data: 'AA' } },
    { type: 'image_url', image_url: { url: 'https://acme.test/a.png' } },
    { type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } },
    { type: 'document', source: { type: 'url', url: 'https://acme.test/a.pdf' } },
    { role: 'assistant', content: '', tool_calls: [{ id: 'z', function: { name: 'a b', arguments: '[' } }] },
    { role: 'tool', tool_call_id: 'nobody', content: 'lost' },
    { role: 'system', content: 'in the middle' },
    { type: 'function_call', call_id: 'c', name: 'look', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c', output: 'seen' },
    { type: 'reasoning', summary: [], encrypted_content: 'e' },
  ].map(treeOf),
];

/** One change: where (a way down, one number for each level) and what becomes of the value there. */
export type Mutation = { readonly way: readonly number[]; readonly change: Change };

type Change =
  | { readonly kind: 'replace'; readonly value: Tree }
  | { readonly kind: 'delete' }
  | { readonly kind: 'double'; readonly value: Tree }
  | { readonly kind: 'rename'; readonly key: string }
  | { readonly kind: 'add'; readonly key: string; readonly value: Tree }
  | { readonly kind: 'wrap' }
  | { readonly kind: 'break' }
  | { readonly kind: 'reverse' };

const value = fc.constantFrom(...values);
const key = fc.constantFrom(...keys);
const kind = <K extends string>(name: K): fc.Arbitrary<K> => fc.constant(name);

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: kind('replace'), value }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('delete') }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('double'), value }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('rename'), key }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('add'), key, value }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('wrap') }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('break') }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('reverse') }) },
);

const mostSteps = 1_000;

/** One to four changes. */
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({ way: fc.array(fc.nat(mostSteps), { minLength: 1, maxLength: 7 }), change }),
  { minLength: 1, maxLength: 4 },
);

/** The tree after the changes, one after the other. */
export function mutated(tree: Tree, list: readonly Mutation[]): Tree {
  return list.reduce((now, { way, change }) => at(now, way, change), tree);
}

/** Goes one level down for each number, as far as there are levels. */
function at(tree: Tree, [step, ...rest]: readonly number[], change: Change): Tree {
  const length = isList(tree) ? tree.length : isMembers(tree) ? tree.members.length : 0;
  if (step === undefined || length === 0) return changed(tree, change);
  const place = chosen(
    isList(tree) ? tree : isMembers(tree) ? tree.members.map(([, item]) => item) : [],
    step,
  );
  const last = (item: Tree): boolean => rest.length === 0 || !(isList(item) || isMembers(item));
  if (isList(tree))
    return tree.flatMap((item, index) => {
      if (index !== place) return [item];
      if (last(item) && change.kind === 'delete') return [];
      return last(item) && change.kind === 'double' ? [item, change.value] : [at(item, rest, change)];
    });
  if (!isMembers(tree)) return tree;
  return {
    members: tree.members.flatMap(([key, item], index): readonly (readonly [string, Tree])[] => {
      if (index !== place) return [[key, item]];
      if (last(item) && change.kind === 'delete') return [];
      if (last(item) && change.kind === 'rename') return [[change.key, item]];
      if (last(item) && change.kind === 'double')
        return [
          [key, item],
          [key, change.value],
        ];
      return [[key, at(item, rest, change)]];
    }),
  };
}

/** The larger a value, the likelier: a conversation has more to be changed than a switch has. */
function chosen(items: readonly Tree[], step: number): number {
  const weights = items.map((item) => 1 + Math.log2(size(item)) ** 2);
  let left = (step / mostSteps) * weights.reduce((sum, weight) => sum + weight, 0);
  const place = weights.findIndex((weight) => (left -= weight) < 0);
  return place === -1 ? items.length - 1 : place;
}

function size(tree: Tree): number {
  const items = isList(tree) ? tree : isMembers(tree) ? tree.members.map(([, item]) => item) : [];
  return items.reduce<number>((sum, item) => sum + size(item), 1);
}

function changed(tree: Tree, change: Change): Tree {
  switch (change.kind) {
    case 'replace':
      return change.value;
    case 'add':
      if (isList(tree)) return [...tree, change.value];
      return isMembers(tree) ? { members: [...tree.members, [change.key, change.value]] } : tree;
    case 'wrap':
      return [tree];
    case 'break':
      return typeof tree === 'string' ? `${tree}\ud800` : tree;
    case 'reverse':
      return isList(tree) ? tree.toReversed() : tree;
    case 'delete':
    case 'double':
    case 'rename':
      return tree;
  }
}
