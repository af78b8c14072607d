/**
 * What we answer, and the requests that we translate, against the OpenAPI files that OpenAI, Anthropic and OpenRouter
 * publish, through a running gateway: every dialect in, every wire out, on the emulator and on recorded bytes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dict } from '../src/emulator/json.ts';
import type { FaultKind } from '../src/emulator/faults.ts';
import {
  answersOf,
  goldenRequests,
  paths,
  questions,
  recordedRequests,
  sameWire,
  type Asking,
} from './support/openapi-bodies.ts';
import {
  broken,
  brokenAnswer,
  brokenRequest,
  eventsOf,
  needsSpecs,
  type Api,
  type Wire,
} from './support/openapi-judge.ts';
import { emulated, failing, startScene, wires } from './support/openapi-scene.ts';
import { json, sse } from './support/upstream.ts';

type Tolerance = {
  readonly what: RegExp;
  /** Only in answers whose bytes pass: what we write ourselves has no such excuse. */
  readonly passing?: Api;
  readonly why: string;
};

/** Where the specifications are not what their own authors send, or contradict each other. */
const tolerated: readonly Tolerance[] = [
  {
    what: /^openai CreateChatCompletionResponse \/system_fingerprint must be string$/,
    why: 'OpenRouter’s clients demand the key, and null where there is none; OpenAI’s specification knows no null',
  },
  {
    what: /^(openai|openrouter) (ResponseStreamEvent|ResponseFailedEvent|StreamEvents|StreamEventsResponseFailed) \/response\/usage must be object$/,
    why: 'OpenAI sends null until the response is complete, and OpenRouter’s client takes it',
  },
  {
    what: /^openai CreateEmbeddingResponse \/data\/\*\/embedding must be array$/,
    why: 'base64 was asked for, as OpenAI’s own client does; the specification knows numbers only',
  },
  {
    what: /^openrouter \S+ \/data\/endpoints\/\*\/provider_name must be equal to one of/,
    why: 'OpenRouter lists its own providers; ours are named by the operator',
  },
  {
    what: /^openai CreateChatCompletionResponse \/choices\/\*\/message must have required property 'refusal'$/,
    passing: 'chat',
    why: 'DeepSeek, like most who follow OpenAI, does not send it',
  },
  {
    what: /^(openai ResponseStreamEvent|openrouter StreamEvents) {2}must have required property 'name'$/,
    passing: 'responses',
    why: 'OpenAI does not send it in response.function_call_arguments.done',
  },
  {
    what: /must have required property '(stop_details|container|citations|caller|inference_geo|server_tool_use|output_tokens_details)'$/,
    passing: 'messages',
    why: 'Anthropic leaves out what is null, and its older models never said it',
  },
];

const needed = new Set<Tolerance>();

/** Fails with what is broken and not tolerated, and where. `passes`: the dialect whose bytes only pass. */
function assertValid(broken: readonly string[], where: string, passes?: Api): void {
  const wrong = broken.filter((one) => {
    const row = tolerated.find(
      ({ what, passing }) => what.test(one) && (passing === undefined || passing === passes),
    );
    if (row) needed.add(row);
    return !row;
  });
  assert.deepEqual([...new Set(wrong)], [], where);
}

const apis = Object.keys(paths) as Api[];
const options = needsSpecs();
const passing = (api: Api, wire: Wire): Api | undefined => (sameWire[api] === wire ? api : undefined);
/** What is asked where the question does not matter. */
const anything = (api: Api, stream: boolean): object => ({ ...questions[api]['text'], stream });

for (const api of apis)
  for (const wire of wires)
    test(`${api} in, ${wire} out: every answer of the emulator is valid`, options, async (t) => {
      const scene = await startScene(t);
      scene.gateway.emulator?.setFault({ model: failing, kind: 'rate_limit' });
      const asked = [
        ...Object.entries(questions[api]).map(([name, body]) => ({ preset: wire, name, body })),
        { preset: `${wire}-fallback`, name: 'tools', body: questions[api]['tools'] },
      ];
      for (const { preset, name, body } of asked)
        for (const stream of [false, true]) {
          const { status, text } = await scene.ask(paths[api], {
            ...body,
            model: `@preset/${preset}`,
            stream,
          });
          const where = `${preset}, ${name}, ${stream ? 'streamed' : 'whole'}`;
          assert.equal(status, 200, `${where}: ${text}`);
          assertValid(brokenAnswer(api, text), where, passing(api, wire));
        }
    });

for (const api of apis)
  for (const wire of wires)
    test(`${api} in, ${wire} out: recorded answers stay valid, or become so`, options, async (t) => {
      const scene = await startScene(t);
      for (const { name, bytes } of answersOf(wire)) {
        const stream = name.endsWith('.sse');
        scene.upstream.answer(stream ? sse(bytes) : json(200, bytes));
        const { text } = await scene.ask(paths[api], {
          ...anything(api, stream),
          model: `@preset/own-${wire}`,
        });
        // What passes may be what its provider made of it, and nothing worse.
        const theirs = passing(api, wire) ? brokenRecording(api, bytes) : [];
        const ours = brokenAnswer(api, text).filter((one) => !theirs.includes(one));
        assertValid(ours, name);
      }
    });

/** One of the recordings is no JSON, on purpose. */
function brokenRecording(api: Api, bytes: Buffer): readonly string[] {
  try {
    return brokenAnswer(api, bytes.toString());
  } catch {
    return [];
  }
}

const faults: readonly FaultKind[] = [
  'rate_limit',
  'server_error',
  'overloaded',
  'html_502',
  'empty_200',
  'error_in_stream',
  'error_after_content',
  'cut',
  'unknown_model',
  'out_of_credit',
];

for (const api of apis)
  test(`${api}: failures before and after content are valid`, options, async (t) => {
    const scene = await startScene(t);
    let cuts = 0;
    for (const wire of wires)
      for (const kind of faults) {
        scene.gateway.emulator?.clearFaults();
        scene.gateway.emulator?.setFault({ model: emulated[wire], kind });
        const body = { ...questions[api]['text'], model: `@preset/${wire}`, stream: true };
        const { status, text } = await scene.ask(paths[api], body);
        if (status === 200) cuts++;
        assertValid(brokenAnswer(api, text), `${wire}, ${kind}`, passing(api, wire));
      }
    assert.equal(cuts, 2 * wires.length, 'after content the error is an event');
    const refused = [{ ...anything(api, false), model: '@preset/nope' }, { model: 'a/b' }, {}];
    for (const body of refused) {
      const { status, text } = await scene.ask(paths[api], body);
      assert.ok(status >= 400);
      assertValid(brokenAnswer(api, text), text);
    }
  });

const ok = '/responses/200/content/application~1json/schema';
const embedded = {
  openai: 'CreateEmbeddingResponse',
  openrouter: `/paths/~1embeddings/post${ok}`,
};

/** Path, and body if any → its schemas. */
const others: readonly (readonly [path: string, schemas: Parameters<typeof broken>[0], body?: object])[] = [
  ['/models', { openai: 'ListModelsResponse', openrouter: 'ModelsListResponse' }],
  ['/models/claude-coder', { openai: 'Model', openrouter: 'Model' }],
  ['/models/anthropic/claude-haiku-4.5', { openai: 'Model', openrouter: 'Model' }],
  [
    '/models/anthropic/claude-haiku-4.5/endpoints',
    { openrouter: `/paths/~1models~1{author}~1{slug}~1endpoints/get${ok}` },
  ],
  ['/models/none/such', { openrouter: 'NotFoundResponse' }],
  ['/generation?id=none', { openrouter: 'NotFoundResponse' }],
  ...['openai/text-embedding-3-small', 'google/gemini-embedding-001'].flatMap((model) =>
    ['float', 'base64'].map(
      (format) => ['/embeddings', embedded, { model, input: 'a text', encoding_format: format }] as const,
    ),
  ),
  ['/embeddings', { openrouter: 'BadRequestResponse' }, { model: 'openai/text-embedding-3-small' }],
  ...wires.map(
    (wire) =>
      [
        '/messages/count_tokens',
        { anthropic: 'CountMessageTokensResponse' },
        { ...questions.messages['tools'], model: `@preset/${wire}` },
      ] as const,
  ),
  ['/messages/count_tokens', { anthropic: 'ErrorResponse' }, { model: '@preset/nope', messages: [] }],
];

test('what is only looked up, counted or embedded is valid', options, async (t) => {
  const scene = await startScene(t);
  for (const [path, schemas, body] of others) {
    const { text } = await scene.ask(path, body);
    assertValid(broken(schemas, JSON.parse(text)), `${path} ${JSON.stringify(body ?? {})}`);
  }
});

test(
  'the record of a generation is valid, whoever asked and whether or not it was served',
  options,
  async (t) => {
    const scene = await startScene(t);
    scene.gateway.emulator?.setFault({ model: emulated.gemini, kind: 'server_error' });
    for (const api of apis)
      for (const wire of wires) {
        const body = { ...anything(api, false), model: `@preset/${wire}` };
        const { headers } = await scene.ask(paths[api], body);
        const { text } = await scene.ask(`/generation?id=${headers.get('x-generation-id')}`);
        assertValid(
          broken({ openrouter: 'GenerationResponse' }, JSON.parse(text)),
          `${api}, ${wire}: ${text}`,
        );
      }
  },
);

const everyQuestion = apis.flatMap((api) =>
  Object.entries(questions[api]).map(([name, body]) => ({ name, api, body })),
);

for (const wire of wires)
  test(`requests that cross to ${wire} are valid`, options, async (t) => {
    const scene = await startScene(t);
    const send = async ({ name, api, body }: Asking): Promise<boolean> => {
      if (passing(api, wire)) return true;
      const before = scene.upstream.asked.length;
      // Nobody serves, so that every model of the chain is asked.
      await scene.ask(paths[api], { ...body, model: `@preset/own-${wire}` });
      const asked = scene.upstream.asked
        .slice(before)
        .map((one) => JSON.parse(one.body.toString()) as unknown);
      for (const one of asked)
        assertValid(brokenRequest(wire, one), `${name}: ${JSON.stringify(one).slice(0, 2_000)}`);
      return asked.length > 0;
    };
    for (const asking of [...recordedRequests(), ...everyQuestion])
      assert.ok(await send(asking), asking.name);
    for (const asking of goldenRequests()) await send(asking);
  });

/** What may be lost from an answer → how it is noticed. */
const losses: readonly (readonly [api: Api, event: string, lost: string, noticed: RegExp])[] = [
  ['chat', 'chat.completion.chunk', 'choices', /required property 'choices'/],
  ['responses', 'response.output_text.delta', 'logprobs', /required property 'logprobs'/],
  ['responses', 'response.output_text.delta', 'output_index', /required property 'output_index'/],
  ['responses', 'response.completed', 'sequence_number', /required property 'sequence_number'/],
  ['messages', 'content_block_delta', 'index', /required property 'index'/],
  ['messages', 'message_delta', 'usage', /required property 'usage'/],
];

test('a member that is lost is noticed, once for each specification', options, async (t) => {
  const scene = await startScene(t);
  for (const [api, type, lost, noticed] of losses) {
    const { text } = await scene.ask(paths[api], { ...anything(api, true), model: '@preset/gemini' });
    const event = dict(eventsOf(text).find((one) => [dict(one)['type'], dict(one)['object']].includes(type)));
    const { [lost]: gone, ...rest } = event;
    assert.notEqual(gone, undefined);
    const wrong = brokenAnswer(api, `data: ${JSON.stringify(rest)}\n\n`).filter((one) => noticed.test(one));
    assert.equal(wrong.length, 2, wrong.join());
  }
});

test('every tolerance is still needed', options, () => {
  const idle = tolerated.filter((row) => !needed.has(row));
  assert.deepEqual(idle, [], 'take it out of the list');
});
