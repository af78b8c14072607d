import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Needs } from '../core/ask.ts';
import type { CacheWrites } from '../core/price.ts';
import { readChat } from './chat/read.ts';
import { readEmbeddings } from './embeddings/read.ts';
import { imageTokens, sizeOf, type Size } from './image-size.ts';
import { readMessages } from './messages/read.ts';
import { readResponses } from './responses/read.ts';
import { countedText } from './weight.ts';

const readers = { chat: readChat, messages: readMessages, responses: readResponses };
type Api = keyof typeof readers;

function needsOf(api: Api, body: object): Needs {
  return readers[api](Buffer.from(JSON.stringify({ model: 'm', max_tokens: 10, ...body }))).needs;
}
const user = (...content: readonly object[]): object => ({ messages: [{ role: 'user', content }] });
const asked = (...content: readonly object[]): object => ({ input: [{ role: 'user', content }] });
const hi: object = { messages: [{ role: 'user', content: 'hi' }] };
const pdf = 'data:application/pdf;base64,JVBERi0=';

/** What a hard limit must refuse by name, and what it must not. */
const unbounded: readonly (readonly [api: Api, body: object, name: string | undefined])[] = [
  ['chat', hi, undefined],
  ['chat', user({ type: 'text', text: 'read' }, { type: 'file', file: { file_data: pdf } }), undefined],
  ['chat', user({ type: 'file', file: { file_id: 'f' } }), 'messages[0].content[0]: a document'],
  ['chat', user({ type: 'input_audio', input_audio: { data: 'AA==' } }), 'messages[0].content[0]: audio'],
  [
    'chat',
    user({ type: 'video_url', video_url: { url: 'https://a.example/v' } }),
    'messages[0].content[0]: a video',
  ],
  ['chat', user({ type: 'image_url', image_url: { url: 'https://a.example/i' } }), undefined],
  [
    'chat',
    { messages: [{ role: 'assistant', audio: { id: 'a' } }] },
    'messages[0].audio: kept by the provider',
  ],
  ['chat', { ...hi, web_search_options: {} }, 'web_search_options: a search by the provider'],
  ['chat', { ...hi, plugins: [{ id: 'web' }] }, 'plugins[0]: run by the provider'],
  ['chat', { ...hi, tools: [{ type: 'function', function: { name: 'f' } }] }, undefined],
  [
    'chat',
    { ...hi, tools: [{ type: 'function', function: { name: 'f' } }, { type: 'openrouter:web_search' }] },
    'tools[1]: a tool that the provider runs',
  ],
  ['messages', hi, undefined],
  ['messages', user({ type: 'document', source: { type: 'base64', data: 'JVBERi0=' } }), undefined],
  [
    'messages',
    user({ type: 'document', source: { type: 'url', url: 'https://a.example/d' } }),
    'messages[0].content[0]: a document',
  ],
  ['messages', user({ type: 'document', source: { type: 'text', data: 'words' } }), undefined],
  [
    'messages',
    user({ type: 'tool_result', content: [{ type: 'document', source: { type: 'file', file_id: 'f' } }] }),
    'messages[0].content[0].content[0]: a document',
  ],
  ['messages', user({ type: 'tool_use', input: { type: 'document' } }), undefined],
  ['messages', { ...hi, mcp_servers: [{ url: 'https://a.example' }] }, 'mcp_servers[0]: run by the provider'],
  [
    'messages',
    { ...hi, tools: [{ name: 'own', input_schema: {} }, { type: 'web_search_20250305' }] },
    'tools[1]: a tool that the provider runs',
  ],
  ['messages', { ...hi, tools: [{ type: 'web_search_20250305', max_uses: 3 }] }, undefined],
  ['messages', { ...hi, tools: [{ type: 'bash_20250124' }, { type: 'text_editor_20250728' }] }, undefined],
  ['responses', { input: 'hi' }, undefined],
  ['responses', { input: 'hi', prompt: { id: 'p' } }, 'prompt: kept by the provider'],
  ['responses', { input: [{ type: 'item_reference', id: 'i' }] }, 'input[0]: kept by the provider'],
  [
    'responses',
    asked({ type: 'input_file', file_url: 'https://a.example/d' }),
    'input[0].content[0]: a document',
  ],
  ['responses', asked({ type: 'input_image', file_id: 'f' }), undefined],
  [
    'responses',
    { input: 'hi', tools: [{ type: 'function', name: 'f' }, { type: 'web_search' }] },
    'tools[1]: a tool that the provider runs',
  ],
  ['responses', { input: 'hi', tools: [{ type: 'namespace', tools: [] }, { type: 'custom' }] }, undefined],
];

for (const [api, body, name] of unbounded)
  test(`${api}: ${JSON.stringify(body).slice(0, 90)} → ${name ?? 'bounded'}`, () => {
    const needs = needsOf(api, body);
    assert.equal(needs.later.unbounded, name);
    assert.equal(needs.later.unbounded, name, 'asked again');
  });

test('tools that turn out to be no JSON have no bound, and nothing is thrown', () => {
  const body = `{"model":"m","messages":[{"role":"user","content":"${'x'.repeat(40_000)}"}],"tools":[{oops}]}`;
  assert.equal(readChat(Buffer.from(body)).needs.later.unbounded, 'tools: cannot be read');
});

const hour = { cache_control: { type: 'ephemeral', ttl: '1h' } };
const writes: readonly (readonly [api: Api, body: object, longest: CacheWrites])[] = [
  ['messages', hi, '5m'],
  ['messages', user({ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }), '5m'],
  ['messages', user({ type: 'text', text: 'a', ...hour }), '1h'],
  ['messages', { ...hi, system: [{ type: 'text', text: 'a', ...hour }] }, '1h'],
  ['messages', { ...hi, tools: [{ name: 'a', ...hour }] }, '1h'],
  ['messages', { ...hi, ...hour }, '1h'],
  ['chat', user({ type: 'text', text: 'a', ...hour }), '1h'],
  ['chat', hi, '5m'],
  ['responses', { input: 'hi' }, '5m'],
];

test('a cache of an hour is reckoned with only where it is asked for', () => {
  for (const [api, body, longest] of writes)
    assert.equal(needsOf(api, body).later.cacheWrites, longest, JSON.stringify(body));
  const spelt = String.raw`{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"a"}],"cache_control":{"ttl":"\u0031h"}}`;
  assert.equal(readMessages(Buffer.from(spelt)).needs.later.cacheWrites, '1h', 'however it is spelt');
  assert.equal(readEmbeddings(Buffer.from('{"model":"m","input":"a"}')).needs.later.cacheWrites, 'none');
});

/** The first bytes of files of each kind, as written by common encoders. */
const headers: readonly (readonly [what: string, hex: string, size: Size | undefined])[] = [
  ['PNG', '89504e470d0a1a0a0000000d4948445200000400000003000806000000', { width: 1_024, height: 768 }],
  ['GIF', '47494638396140014001f70000', { width: 320, height: 320 }],
  [
    'WebP, lossy',
    '52494646000000005745425056503820000000003001009d012a80023001',
    { width: 640, height: 304 },
  ],
  ['WebP, lossless', '5249464600000000574542505650384c000000002f3fc1c70000', { width: 320, height: 800 }],
  [
    'WebP, extended',
    '524946460000000057454250565038580a00000010000000ff0300ff0200',
    { width: 1_024, height: 768 },
  ],
  [
    'JPEG after metadata',
    'ffd8ffe000104a46494600010100000100010000ffc0001108030004000301220002',
    { width: 1_024, height: 768 },
  ],
  ['cut off', '89504e470d0a1a0a0000000d4948445200', undefined],
  ['JPEG without a frame', 'ffd8ffe000104a4649460001', undefined],
  ['no image', '25504446', undefined],
  ['nothing', '', undefined],
  ['a size of zero', '89504e470d0a1a0a0000000d4948445200000000000003000806000000', undefined],
];

for (const [what, hex, size] of headers)
  test(`the size of an image: ${what}`, () =>
    assert.deepEqual(sizeOf(Buffer.from(hex, 'hex').toString('base64')), size));

/** Published examples: 1024² takes 765 at GPT-4o, 1,024 patches × 2.46 at nano, 1,398 at Claude, 1,032 in tiles. */
test('an image takes what the dearest vendor asks for its size; of unknown size, the maximum', () => {
  const table: readonly (readonly [size: Size | undefined, least: number, most: number])[] = [
    [{ width: 1_024, height: 1_024 }, 2_520, 2_520],
    [{ width: 64, height: 64 }, 1_120, 1_120],
    [{ width: 8_000, height: 8_000 }, 5_000, 5_000],
    [{ width: 2_048, height: 4_096 }, 4_784, 5_000],
    [undefined, 5_000, 5_000],
  ];
  for (const [size, least, most] of table) {
    const tokens = imageTokens(size);
    assert.ok(tokens >= least && tokens <= most, `${JSON.stringify(size)}: ${tokens}`);
  }
});

test('the bytes of media are no text, and every dialect counts the same image alike', () => {
  const data = Buffer.concat([Buffer.from(headers[0]?.[1] ?? '', 'hex'), Buffer.alloc(90_000, 1)]).toString(
    'base64',
  );
  const url = `data:image/png;base64,${data}`;
  const bodies: readonly (readonly [Api, object])[] = [
    ['chat', user({ type: 'image_url', image_url: { url } })],
    ['messages', user({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } })],
    ['responses', asked({ type: 'input_image', image_url: url })],
  ];
  for (const [api, body] of bodies) {
    const { promptBound, beside, images, vision, later } = needsOf(api, body);
    assert.ok(promptBound > 1_890 && promptBound < 2_300, `${api}: ${promptBound}`);
    assert.ok(beside > 1_890 && beside < promptBound);
    assert.deepEqual({ images, vision, name: later.unbounded }, { images: 1, vision: true, name: undefined });
  }
});

test('the text to be counted is all that the bound by bytes is made of', () => {
  const tools = [{ type: 'function', function: { name: 'f' } }];
  const bodies: readonly (readonly [Api, object])[] = [
    ['chat', { ...hi, tools, response_format: { type: 'json_object' } }],
    ['messages', { ...hi, system: 'be brief', tools: [{ name: 'f', input_schema: {} }] }],
    ['responses', { input: 'hi', instructions: 'be brief', tools, text: { verbosity: 'low' } }],
  ];
  for (const [api, body] of bodies) {
    const ask = readers[api](Buffer.from(JSON.stringify({ model: 'm', max_tokens: 10, ...body })));
    const bytes = (countedText(ask) ?? []).reduce((sum, { length }) => sum + length, 0);
    assert.equal(bytes + ask.needs.beside, ask.needs.promptBound, api);
  }
  const seen = user({ type: 'image_url', image_url: { url: 'https://a.example/i' } });
  assert.equal(countedText(readChat(Buffer.from(JSON.stringify({ model: 'm', ...seen })))), undefined);
});
