/**
 * What holds when the document says nothing: one test for every row of docs/defaults.md that is in force. Those
 * that are not yet have a test of what happens instead, so that the page cannot grow old unseen.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { agree } from '../scripts/catalog/prices.ts';
import { loadCatalogue } from '../src/catalog/load.ts';
import { demoDocument, initDocument } from '../src/cli/init-document.ts';
import { checkDocument } from '../src/control/check-document.ts';
import { defaultFailover } from '../src/core/defaults.ts';
import { limitFrom } from '../src/core/limit.ts';
import { firstTokenMs } from '../src/core/patience.ts';
import { BadDocument } from '../src/first-start.ts';
import { emulatedChain, key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { ask, startPair } from './support/pair.ts';
import { completion, json, startUpstream, type Answer, type TestUpstream } from './support/upstream.ts';

const catalogue = loadCatalogue();
const question = [{ role: 'user', content: 'hi' }];
const coder = { model: '@preset/coder', messages: question };

/** What `check` says of a document, as `level path: message`. */
function checked(document: string): readonly string[] {
  return checkDocument(document, { catalogue, now: Date.now(), local: true }).map(
    ({ level, path, message }) => `${level} ${path}: ${message}`,
  );
}

function said(findings: readonly string[], pattern: RegExp): void {
  assert.ok(
    findings.some((finding) => pattern.test(finding)),
    `${String(pattern)} is not among:\n${findings.join('\n')}`,
  );
}

/** The brief's chain, with more in its preset. */
function chain(more: string): string {
  return emulatedChain.replace('    failover:', `    ${more}\n    failover:`);
}

type ChainOptions = { readonly price?: string; readonly failover?: string };

/** A preset `p` of two models at two upstreams; `price` is the primary's. */
function chainOf(one: TestUpstream, two: TestUpstream, options: ChainOptions): string {
  const { price = '{ input: 1, output: 2 }', failover = '{}' } = options;
  return `
providers:
  one: { wire: openai-chat, base_url: '${one.url}' }
  two: { wire: openai-chat, base_url: '${two.url}' }
models:
  acme/one: { endpoints: [{ provider: one, model: m, price: ${price} }] }
  acme/two: { endpoints: [{ provider: two, model: m, price: { input: 90, output: 900 } }] }
presets: { p: { models: [acme/one, acme/two], failover: ${failover} } }
keys: [{ name: test, key: '${key}' }]
`;
}

function breakPrimary(gateway: TestGateway): void {
  gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'server_error' });
}

type ErrorBody = { error: { type: string; message: string } };

async function refusal(response: Response): Promise<[status: number, type: string, message: string]> {
  const { error } = (await response.json()) as ErrorBody;
  return [response.status, error.type, error.message];
}

test('a limit that says no more refuses, and warns at 80 and 100 %', async (t) => {
  assert.partialDeepStrictEqual(limitFrom({ usd: 5, per: 'day' }), { mode: 'enforce', warn: [80, 100] });
  const gateway = await startTestGateway(t, chain('limits: [{ requests: 1, per: day }]'));
  assert.equal((await gateway.post(coder)).status, 200);
  assert.equal((await gateway.post(coder)).status, 429);
  assert.deepEqual(
    gateway.notices.map(({ percent }) => percent),
    [100],
  );
});

test('a dearer fallback without any limit: it starts, and a warning names the multiple', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const findings = gateway.findings.map(({ level, message }) => `${level}: ${message}`);
  said(
    findings,
    /^warning: no limit holds here, and the fallback anthropic\/claude-sonnet-4.6 costs [\d.]+ times the primary/,
  );
  breakPrimary(gateway);
  assert.equal((await gateway.post(coder)).status, 200);
});

test('every document that is written for people has a day limit and a premium limit in each preset', () => {
  const keys = ['DEEPSEEK_API_KEY', 'ANTHROPIC_API_KEY'];
  for (const text of [initDocument([]), initDocument(keys), demoDocument([]), demoDocument(keys)]) {
    const { presets } = parse(text) as { presets: Record<string, { limits: Record<string, unknown>[] }> };
    assert.ok(Object.keys(presets).length > 0);
    for (const { limits } of Object.values(presets)) {
      assert.ok(limits.some(({ usd, per }) => typeof usd === 'number' && per === 'day'));
      assert.ok(limits.some(({ premium_usd: premium }) => typeof premium === 'number'));
    }
    assert.ok(checked(text).every((finding) => finding.startsWith('warning')));
  }
});

test('a price that is unknown, or 0 without free: true, is an error of check and apply where a limit applies', async (t) => {
  const document = (price: string, limits: string): string => `
providers: { deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' } }
models: { acme/m: { endpoints: [{ provider: deepseek, model: m${price} }] } }
presets: { p: { models: [acme/m]${limits} } }
`;
  const limit = ', limits: [{ usd: 5, per: day }]';
  const zero = ', price: { input: 0, output: 0 }';
  const error = /^error presets.p.models\[0\]: acme\/m@deepseek has no known price, and a limit holds/;
  said(checked(document('', limit)), error);
  said(checked(document(zero, limit)), error);
  said(checked(document(zero, '')), /^warning .*price: does not count: it needs .* free: true/);
  for (const fine of [
    document('', ''),
    document(', price: { free: true }', limit),
    document(', price: { input: 1, output: 2 }', limit),
  ])
    assert.deepEqual(checked(fine), []);
  await assert.rejects(startTestGateway(t, document('', limit)), BadDocument);
});

test('where the sources of a price differ, the higher of each bucket is held and the other source is named', () => {
  const agreed = agree({ input: 1, output: 5 }, { other: { input: 2, output: 4 }, third: undefined });
  assert.deepEqual(agreed, { price: { input: 2, output: 5 }, conflict: 'other' });
  const offers = [...catalogue.models.values()].flatMap((model) => model.offers);
  assert.ok(offers.some(({ conflict }) => conflict !== undefined));
});

test('a model that the catalogue does not know is refused with the lines that add it', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const [status, type, message] = await refusal(await gateway.post({ ...coder, model: 'acme/new' }));
  assert.deepEqual([status, type], [404, 'model_not_found']);
  assert.match(message, /models: \{ "acme\/new": \{ endpoints: \[\{ provider: …, model: …, price: \{/);
  const added = `${emulatedChain}models: { "acme/new": { endpoints: [{ provider: deepseek, model: new, price: { input: 1, output: 2 } }], context: 64000 } }\n`;
  const mended = await startTestGateway(t, added);
  assert.equal((await mended.post({ ...coder, model: 'acme/new' })).status, 200);
});

test('a fallback of a lower tier is called where there is no floor, and check warns of tier_drop', async (t) => {
  said(
    checked(emulatedChain),
    /^warning .*models\[1\]: tier_drop: anthropic\/claude-haiku-4.5 is standard, the primary is strong/,
  );
  const gateway = await startTestGateway(t, emulatedChain);
  breakPrimary(gateway);
  const response = await gateway.post(coder);
  assert.equal(response.headers.get('x-spillway-model'), 'anthropic/claude-haiku-4.5');
});

test('a fallback under the floor is never called, and check says so', async (t) => {
  const document = chain('floor: { tier: strong }');
  said(
    checked(document),
    /^warning .*models\[1\]: is never called: .* is standard, and floor.tier is strong/,
  );
  const gateway = await startTestGateway(t, document);
  gateway.emulator?.setFault({ model: '*', kind: 'server_error' });
  assert.equal((await gateway.post(coder)).status, 502);
  const { attempts, skipped } = gateway.lastRecord();
  assert.deepEqual(
    attempts.map(({ model }) => model),
    ['deepseek/deepseek-v4-pro', 'anthropic/claude-sonnet-4.6'],
  );
  assert.deepEqual(skipped, [{ endpoint: 'anthropic/claude-haiku-4.5@anthropic', reason: 'floor:tier' }]);
});

test('a model without a tier is left out under a floor, by name', async (t) => {
  const document = `${chain('floor: { tier: small }').replace(
    'anthropic/claude-haiku-4.5,',
    'acme/untiered,',
  )}models: { acme/untiered: { endpoints: [{ provider: deepseek, model: m, price: { input: 1, output: 2 } }] } }\n`;
  said(checked(document), /^warning .*models\[1\]: is never called: acme\/untiered has no tier/);
  const gateway = await startTestGateway(t, document);
  breakPrimary(gateway);
  const response = await gateway.post(coder);
  assert.equal(response.headers.get('x-spillway-position'), '2');
  assert.equal(response.headers.get('x-spillway-skipped'), 'acme/untiered@deepseek:floor:tier');
});

test('a refusal on content is not failed over, unless the preset asks for it', async (t) => {
  const flagged = { message: 'Flagged by our content policy.', code: 'content_filter' };
  const { gateway, first, second } = await startPair(t, json(400, { error: flagged }));
  const [status, type] = await refusal(await gateway.post(ask));
  assert.deepEqual([status, type, second.asked.length], [403, 'upstream_moderation', 0]);
  const asking = await startTestGateway(t, chainOf(first, second, { failover: '{ on: [moderation] }' }));
  const response = await asking.post(ask);
  assert.deepEqual([response.status, response.headers.get('x-spillway-position')], [200, '1']);
});

test('a key with presets may call no plain model, unless its models list it', async (t) => {
  const gateway = await startTestGateway(
    t,
    `${emulatedChain}
  - { name: bound, key: sk-bound-0123456789abcdef, presets: [coder] }
  - { name: freed, key: sk-freed-0123456789abcdef, presets: [coder], models: [anthropic/claude-haiku-4.5] }
`,
  );
  const post = (secret: string, model: string): Promise<Response> =>
    gateway.post({ model, messages: question }, { authorization: `Bearer ${secret}` });
  const bound = 'sk-bound-0123456789abcdef';
  const freed = 'sk-freed-0123456789abcdef';
  assert.equal((await post(bound, '@preset/coder')).status, 200);
  assert.deepEqual((await refusal(await post(bound, 'anthropic/claude-haiku-4.5'))).slice(0, 2), [
    403,
    'model_not_allowed',
  ]);
  assert.equal((await post(freed, 'anthropic/claude-haiku-4.5')).status, 200);
  assert.equal((await post(freed, 'anthropic/claude-sonnet-4.6')).status, 403);
});

test('endpoints of one model are tried in the order in which their providers stand in the document', async (t) => {
  const down = await startUpstream(t, json(500, {}));
  const gateway = await startTestGateway(
    t,
    `
providers:
  zeta: { wire: openai-chat, base_url: '${down.url}' }
  alpha: { wire: openai-chat, base_url: '${down.url}' }
models:
  acme/m:
    endpoints:
      - { provider: alpha, model: m, price: { input: 1, output: 1 } }
      - { provider: zeta, model: m, price: { input: 2, output: 2 } }
keys: [{ name: test, key: '${key}' }]
`,
  );
  const order = async (provider?: unknown): Promise<string | null> =>
    (await gateway.post({ model: 'acme/m', messages: question, provider })).headers.get(
      'x-spillway-attempts',
    );
  assert.equal(await order(), 'acme/m@zeta:server_error,acme/m@alpha:server_error');
  assert.equal(await order({ sort: 'price' }), 'acme/m@alpha:server_error,acme/m@zeta:server_error');
});

test('the first token may take 60 s, or 180 s when reasoning is asked or the prompt exceeds 50,000 tokens', () => {
  const { timeouts } = defaultFailover;
  const rows: readonly (readonly [reasoning: boolean, promptTokens: number, ms: number])[] = [
    [false, 1_000, 60_000],
    [false, 50_000, 60_000],
    [false, 50_001, 180_000],
    [true, 1_000, 180_000],
  ];
  for (const [reasoning, promptTokens, ms] of rows)
    assert.equal(firstTokenMs(timeouts, { reasoning, promptTokens }), ms);
  const own = { ...timeouts, firstToken: 7_000 };
  assert.equal(firstTokenMs(own, { reasoning: true, promptTokens: 90_000 }), 7_000);
});

/** A stream that sends `piece` every 100 ms for 800 ms and then an answer: longer than the 500 ms of `startPair`. */
function slowStream(piece: string): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => response.write(piece), 100);
    response.on('close', () => clearInterval(timer));
    setTimeout(() => {
      clearInterval(timer);
      response.end(`${chunk({ content: 'late' }, 'stop')}data: [DONE]\n\n`);
    }, 800);
  };
}

function chunk(delta: unknown, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`;
}

test('any model output is a first token, comments are none, and JSON answers have the response timeout', async (t) => {
  const call = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
  const rows: readonly (readonly [piece: string, outcome: string])[] = [
    [chunk({ reasoning_content: 'hm' }), 'ok'],
    [chunk({ tool_calls: [call] }), 'ok'],
    [': ping\n\n', 'timeout'],
    [chunk({ role: 'assistant', content: '' }), 'timeout'],
  ];
  const { gateway, first } = await startPair(t, json(500, {}));
  for (const [piece, outcome] of rows) {
    first.answer(slowStream(piece));
    await (await gateway.post({ ...ask, stream: true })).text();
    assert.equal(gateway.lastRecord().attempts[0]?.outcome, outcome, piece);
  }
  first.answer(
    (response, asked) => void setTimeout(() => json(200, completion('late'))(response, asked), 800),
  );
  assert.equal((await gateway.post(ask)).headers.get('x-spillway-position'), '0');
});

test('without a cap from caller or preset the smallest of 16,384, the model’s maximum and the room left is sent', async (t) => {
  const upstream = await startUpstream(t, json(200, completion('ok')));
  const endpoint = 'endpoints: [{ provider: one, model: m, price: { input: 1, output: 2 } }]';
  const gateway = await startTestGateway(
    t,
    `
providers: { one: { wire: openai-chat, base_url: '${upstream.url}' } }
models:
  acme/large: { ${endpoint}, context: 1000000, max_output: 100000 }
  acme/short: { ${endpoint}, context: 100000, max_output: 8000 }
  acme/tight: { ${endpoint}, context: 6000, max_output: 100000 }
  acme/unknown: { ${endpoint} }
presets:
  p: { models: [acme/large], parameters: { max_tokens: 900 } }
keys: [{ name: test, key: '${key}' }]
`,
  );
  const capOf = async (model: string, more: object = {}): Promise<number> => {
    assert.equal((await gateway.post({ model, messages: question, ...more })).status, 200);
    return (JSON.parse(String(upstream.asked.at(-1)?.body)) as { max_tokens: number }).max_tokens;
  };
  assert.equal(await capOf('acme/large'), 16_384);
  assert.equal(await capOf('acme/unknown'), 16_384);
  assert.equal(await capOf('acme/short'), 8_000);
  assert.equal(await capOf('acme/large', { max_tokens: 50_000 }), 50_000);
  assert.equal(await capOf('@preset/p'), 900);
  const left = await capOf('acme/tight');
  assert.ok(left < 6_000 && left > 5_900, `${left} tokens are left beside a prompt of a few`);
  const longer = [...question, { role: 'user', content: 'word'.repeat(1_000) }];
  const less = left - (await capOf('acme/tight', { messages: longer }));
  assert.ok(less >= 1_000 && less < 1_100, `a thousand words leave ${less} tokens less`);
});

test('there is no multiplier by default; with one, above a free primary no priced fallback is called', async (t) => {
  const down = await startUpstream(t, json(500, {}));
  const up = await startUpstream(t, json(200, completion('ok')));
  const free = { price: '{ free: true }' };
  const open = await startTestGateway(t, chainOf(down, up, free));
  assert.equal((await open.post(ask)).headers.get('x-spillway-position'), '1');
  const failover = '{ max_cost_multiplier: 1000000 }';
  const bounded = await startTestGateway(t, chainOf(down, up, { ...free, failover }));
  const response = await bounded.post(ask);
  assert.equal(response.status, 502);
  assert.equal(response.headers.get('x-spillway-skipped'), 'acme/two@two:max_cost_multiplier');
});

test('embeddings fail over only between endpoints of one model, and no embedding model answers a chat', async (t) => {
  const [small, large] = ['openai/text-embedding-3-small', 'openai/text-embedding-3-large'];
  const gateway = await startTestGateway(
    t,
    `
providers:
  openai: { wire: openai-chat, base_url: 'emulator://openai/v1' }
  mirror: { wire: openai-chat, base_url: 'emulator://openai/v1', catalog: openai }
presets: { search: { models: [${small}, ${large}] } }
keys: [{ name: test, key: '${key}' }]
`,
  );
  gateway.emulator?.setFault({ model: small, kind: 'server_error' });
  const response = await fetch(`${gateway.base}/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: '@preset/search', input: 'a text' }),
  });
  assert.equal(response.status, 502);
  const { attempts, skipped } = gateway.lastRecord();
  assert.deepEqual(
    attempts.map(({ model, provider }) => `${model}@${provider}`),
    [`${small}@openai`, `${small}@mirror`],
  );
  assert.deepEqual(new Set(skipped.map(({ reason }) => reason)), new Set(['embeddings']));
  const chat = await gateway.post({ model: small, messages: question });
  assert.match((await refusal(chat))[2], /text-embedding-3-small@openai: embedding/);
});

test('without allow-lists a key may use everything in its workspace, and nothing in another', async (t) => {
  const gateway = await startTestGateway(
    t,
    `${emulatedChain}
  - { name: other, key: sk-other-0123456789abcdef, workspace: team }
workspaces: { team: { presets: { writer: { models: [anthropic/claude-haiku-4.5] } } } }
`,
  );
  const post = async (secret: string, model: string): Promise<number> =>
    (await gateway.post({ model, messages: question }, { authorization: `Bearer ${secret}` })).status;
  const other = 'sk-other-0123456789abcdef';
  assert.equal(await post(key, '@preset/coder'), 200);
  assert.equal(await post(key, 'anthropic/claude-sonnet-4.6'), 200);
  assert.equal(await post(key, '@preset/writer'), 404);
  assert.equal(await post(other, '@preset/writer'), 200);
  assert.equal(await post(other, 'anthropic/claude-sonnet-4.6'), 200);
  assert.equal(await post(other, '@preset/coder'), 404);
});
