/** The wires `openai-responses` and `gemini` as clients see them: answers, tools, caches, bills, and every fault. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import OpenAI from 'openai';
import type { Catalogue } from '../core/catalog.ts';
import { perMillion } from '../core/money.ts';
import { startEmulator, type Emulator, type FaultKind } from './emulator.ts';
import { dict, list, parse, text, type Dict } from './json.ts';

const model = {
  slug: 'maker/one',
  name: 'One',
  features: [],
  offers: ['openai', 'google'].map((provider) => ({
    provider,
    id: 'one-1',
    price: { base: { input: perMillion(1), output: perMillion(4), cacheRead: perMillion(0.1) } },
  })),
};
const catalogue: Catalogue = {
  models: new Map([[model.slug, model]]),
  aliases: new Map(),
  date: '2026-01-01',
};

let emulator: Emulator;
let openai: OpenAI;
before(async () => {
  emulator = await startEmulator({ catalogue, tokensPerSecond: Infinity, firstTokenMs: 0 });
  openai = new OpenAI({
    baseURL: `${emulator.originFor('openai', 'one-1')}/openai/v1`,
    apiKey: 'any',
    maxRetries: 0,
  });
});
after(() => emulator.close());
beforeEach(() => emulator.clearFaults());

const weather = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const question = 'What is the weather in Lisbon?';

/** Asks Gemini's way. */
async function generate(body: Dict, how = 'generateContent', id = 'one-1'): Promise<Seen> {
  const url = `${emulator.originFor('google', id)}/google/v1beta/models/${id}:${how}`;
  return see(await fetch(url, { method: 'POST', body: JSON.stringify(body) }));
}

type Seen = { readonly status: number; readonly body: string; readonly broken: boolean };

async function see(response: Response): Promise<Seen> {
  let [body, broken] = ['', false];
  try {
    for await (const chunk of response.body ?? []) body += Buffer.from(chunk as Uint8Array).toString();
  } catch {
    broken = true;
  }
  return { status: response.status, body, broken };
}

const streaming = 'streamGenerateContent?alt=sse';
const said = (words: string): Dict => ({ role: 'user', parts: [{ text: words }] });

function candidateOf(body: string): { readonly parts: readonly Dict[]; readonly finish: string } {
  const candidate = dict(list(dict(parse(body))['candidates'])[0]);
  return {
    parts: list(dict(candidate['content'])['parts']).map(dict),
    finish: text(candidate['finishReason']),
  };
}

test('responses: a stream is the whole answer, event by event, and its bill is true', async () => {
  const ask = {
    model: 'one-1',
    input: 'write 20 words',
    reasoning: { effort: 'low', summary: 'auto' },
  } as const;
  const stream = openai.responses.stream(ask);
  const numbers: number[] = [];
  for await (const event of stream) numbers.push(event.sequence_number);
  assert.deepEqual(
    numbers,
    numbers.map((_, at) => at),
    'numbered without a gap',
  );
  const streamed = await stream.finalResponse();
  const whole = await openai.responses.create(ask);
  assert.equal(whole.output_text.split(' ').length, 20);
  assert.equal(streamed.output_text, whole.output_text);
  assert.deepEqual(streamed.usage, whole.usage);
  assert.deepEqual(
    whole.output.map(({ type }) => type),
    ['reasoning', 'message'],
  );
  const [thought] = whole.output;
  assert.ok(thought?.type === 'reasoning' && thought.encrypted_content && thought.summary[0]?.text);
  const charge = emulator.bill().charges[whole.id];
  assert.ok(charge);
  assert.equal(charge.usage.reasoning, whole.usage?.output_tokens_details.reasoning_tokens);
  assert.equal(charge.cost, charge.usage.input * 1_000 + (whole.usage?.output_tokens ?? 0) * 4_000);
});

test('responses: tools loop, schema, cap', async () => {
  const tools = [{ type: 'function', name: 'weather', parameters: weather, strict: true } as const];
  const called = await openai.responses.create({ model: 'one-1', input: question, tools });
  const [call] = called.output;
  assert.ok(call?.type === 'function_call');
  assert.equal(text(dict(parse(call.arguments))['city']).length > 0, true);
  const input: OpenAI.Responses.ResponseInput = [
    { role: 'user', content: question },
    call,
    { type: 'function_call_output', call_id: call.call_id, output: 'Sunny.' },
  ];
  assert.match((await openai.responses.create({ model: 'one-1', input, tools })).output_text, /Sunny\./);
  const format = { type: 'json_schema', name: 'a', schema: weather } as const;
  const typed = await openai.responses.create({ model: 'one-1', input: 'Where?', text: { format } });
  assert.equal(typeof dict(parse(typed.output_text))['city'], 'string');
  const cut = await openai.responses.create({
    model: 'one-1',
    input: 'write 20 words',
    max_output_tokens: 3,
  });
  assert.deepEqual([cut.status, cut.incomplete_details?.reason], ['incomplete', 'max_output_tokens']);
  assert.equal(cut.usage?.output_tokens, 3);
});

test('gemini: a stream is the whole answer in pieces, and its bill is true', async () => {
  const ask = {
    contents: [said('write 20 words')],
    generationConfig: { thinkingConfig: { includeThoughts: true } },
  };
  const whole = await generate(ask);
  const { parts, finish } = candidateOf(whole.body);
  assert.equal(finish, 'STOP');
  assert.deepEqual(
    parts.map((part) => part['thought'] === true),
    [true, false],
  );
  assert.equal(typeof parts[1]?.['thoughtSignature'], 'string');
  const frames = (await generate(ask, streaming)).body.split('\n\n').filter((frame) => frame !== '');
  const pieces = frames.map((frame) => candidateOf(frame.slice('data: '.length)));
  const shown = (thought: boolean): string =>
    pieces
      .flatMap((piece) => piece.parts)
      .filter((part) => (part['thought'] === true) === thought)
      .map((part) => text(part['text']))
      .join('');
  assert.equal(shown(true), parts[0]?.['text']);
  assert.equal(shown(false), parts[1]?.['text']);
  assert.deepEqual(
    pieces.map((piece) => piece.finish).filter((reason) => reason !== ''),
    ['STOP'],
  );
  const usage = dict(dict(parse(whole.body))['usageMetadata']);
  const charge = emulator.bill().charges[text(dict(parse(whole.body))['responseId'])];
  assert.deepEqual(
    [charge?.usage.input, charge?.usage.output, charge?.usage.reasoning],
    [usage['promptTokenCount'], usage['candidatesTokenCount'], usage['thoughtsTokenCount']],
  );
});

test('gemini: a long prompt is cached by itself and billed so', async () => {
  const ask = { contents: [said(`remember: ${'water and stone '.repeat(600)}`)] };
  await generate(ask);
  const again = dict(parse((await generate(ask)).body));
  const cached = dict(again['usageMetadata'])['cachedContentTokenCount'];
  assert.ok(typeof cached === 'number' && cached >= 1_024);
  const charge = emulator.bill().charges[text(again['responseId'])];
  assert.equal(charge?.usage.cacheRead, cached);
});

test('gemini: calls want an answer each, and from the third generation on their signature', async () => {
  const tools = [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: weather }] }];
  const called = candidateOf((await generate({ contents: [said(question)], tools })).body);
  const call = called.parts[0] ?? {};
  assert.equal(dict(call['functionCall'])['name'], 'weather');
  const { thoughtSignature: _lost, ...unsigned } = call;
  const result = { functionResponse: { name: 'weather', response: { output: 'Sunny.' } } };
  const history = (made: Dict, results: readonly Dict[]): Dict => ({
    contents: [said(question), { role: 'model', parts: [made] }, { role: 'user', parts: results }],
    tools,
  });
  const answered = await generate(history(unsigned, [result]));
  assert.match(text(candidateOf(answered.body).parts[0]?.['text']), /Sunny\./);
  const refused = await generate(history(unsigned, [{ text: 'never mind' }]));
  assert.equal(refused.status, 400);
  assert.match(refused.body, /number of function response parts/);
  const strict = await generate(history(unsigned, [result]), 'generateContent', 'gemini-3-pro');
  assert.equal(strict.status, 400);
  assert.match(strict.body, /missing a thought_signature/);
  assert.equal((await generate(history(call, [result]), 'generateContent', 'gemini-3-pro')).status, 200);
});

test('gemini: its models have its shape', async () => {
  const response = await fetch(`${emulator.originFor('google', 'one-1')}/google/v1beta/models`);
  assert.deepEqual(
    list(dict(await response.json())['models']).map((one) => dict(one)['name']),
    ['models/one-1'],
  );
});

type Row = {
  readonly status: { readonly responses: number; readonly gemini: number };
  readonly responses: RegExp;
  readonly gemini: RegExp;
  /** Where a stream shows it in another way. */
  readonly stream?: Omit<Row, 'stream'>;
};

const both = (status: number): Row['status'] => ({ responses: status, gemini: status });
const afterContent = {
  responses: /(event: response\.output_text\.delta\n.*\n\n){5}$/,
  gemini: /(data: .*"text":".*\n\n){5}$/,
};

/** The faults that answer at all; those below the protocol are the same on every wire. */
const table: Readonly<Partial<Record<FaultKind, Row>>> = {
  rate_limit: {
    status: both(429),
    responses: /"rate_limit_exceeded"/,
    gemini: /"RESOURCE_EXHAUSTED".*RetryInfo/,
  },
  server_error: { status: both(500), responses: /"server_error"/, gemini: /"INTERNAL"/ },
  overloaded: { status: both(503), responses: /"service_unav/, gemini: /"UNAVAILABLE"/ },
  html_502: { status: both(502), responses: /^<html>/, gemini: /^<html>/ },
  empty_200: { status: both(200), responses: /^$/, gemini: /^$/ },
  unknown_model: { status: both(404), responses: /"model_not_found"/, gemini: /"NOT_FOUND"/ },
  out_of_credit: {
    status: both(429),
    responses: /"insufficient_quota"/,
    gemini: /exceeded your current quota/,
  },
  error_in_stream: {
    status: both(200),
    responses: /^\{"error":\{/,
    gemini: /^\{"error":\{/,
    stream: {
      status: both(200),
      responses: /^event: response\.created\n.*\n\nevent: response\.in_progress\n.*\n\nevent: error\n.*\n\n$/,
      gemini: /^data: \{"error":\{"code":503,.*\n\n$/,
    },
  },
  error_after_content: {
    status: both(500),
    responses: /"server_error"/,
    gemini: /"INTERNAL"/,
    stream: {
      status: both(200),
      responses: /(event: response\.output_text\.delta\n.*\n\n){5}event: error\n.*\n\n$/,
      gemini: /(data: .*"text":".*\n\n){5}data: \{"error":\{.*\n\n$/,
    },
  },
  cut: {
    status: both(200),
    responses: /^\{"id":"resp_/,
    gemini: /^\{"candidates":/,
    stream: { status: both(200), ...afterContent },
  },
  slow: {
    status: both(200),
    responses: /"status":"completed"/,
    gemini: /"finishReason":"STOP"/,
    stream: {
      status: both(200),
      responses: /event: response\.completed\n.*\n\n$/,
      gemini: /"finishReason":"STOP".*\n\n$/,
    },
  },
};

for (const [kind, row] of Object.entries(table) as [FaultKind, Row][]) {
  for (const wire of ['responses', 'gemini'] as const) {
    for (const stream of [false, true]) {
      test(`${kind}, ${wire}, ${stream ? 'stream' : 'JSON'}`, async () => {
        emulator.setFault({ model: model.slug, kind, delayMs: 5, tokensPerSecond: 5_000 });
        const expected = (stream && row.stream) || row;
        const seen =
          wire === 'gemini'
            ? await generate({ contents: [said('hello there')] }, stream ? streaming : 'generateContent')
            : await see(
                await fetch(`${emulator.originFor('openai', 'one-1')}/openai/v1/responses`, {
                  method: 'POST',
                  body: JSON.stringify({ model: 'one-1', input: 'hello there', stream }),
                }),
              );
        assert.equal(seen.status, expected.status[wire], seen.body);
        assert.match(seen.body, expected[wire]);
        assert.equal(seen.broken, kind === 'cut' && !stream);
        if (kind !== 'slow' && !seen.broken)
          assert.doesNotMatch(seen.body, /"finishReason":|response\.(completed|incomplete)/);
      });
    }
  }
}

test('mistakes of the caller are refused as the vendor would', async () => {
  const rows = [
    ['/openai/v1/responses', { input: 'x' }, 400, /"param":"model"/],
    ['/openai/v1/responses', { model: 'one-1' }, 400, /"param":"input"/],
    ['/openai/v1/embeddings', { model: 'one-1', input: [] }, 400, /"param":"input"/],
    ['/google/v1beta/models/one-1:generateContent', {}, 400, /"INVALID_ARGUMENT"/],
    ['/google/v1beta/models/one-1:predict', {}, 404, /"NOT_FOUND"/],
  ] as const;
  for (const [path, body, status, says] of rows) {
    const url = `${emulator.originFor('', '')}${path}`;
    const seen = await see(await fetch(url, { method: 'POST', body: JSON.stringify(body) }));
    assert.equal(seen.status, status, path);
    assert.match(seen.body, says);
  }
});
