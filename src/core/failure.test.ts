import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { needsShared, readShared, sharedPath } from '../../test/support/shared.ts';
import { classify, mayTryNext, type FailureClass } from './failure.ts';

/** Wednesday, 21 October 2026, 07:27:00 UTC. */
const now = Date.UTC(2026, 9, 21, 7, 27);

const sent = {
  callerKeys: new Set(['model', 'messages', 'temperature']),
  translated: false,
  secrets: ['provider-secret-1'],
};

function classOf(
  status: number,
  body: unknown,
  more: { headers?: Record<string, string>; translated?: boolean } = {},
): FailureClass {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return classify(
    { status, headers: more.headers ?? {}, body: text },
    { ...sent, translated: more.translated ?? false },
    now,
  ).class;
}

const openai = (message: string, more: object = {}): object => ({
  error: { message, type: 'invalid_request_error', param: null, code: null, ...more },
});
const anthropic = (type: string, message: string): object => ({ type: 'error', error: { type, message } });

/** What providers say → what it means. Messages as documented by the provider or seen in public issues. */
const rows: readonly (readonly [FailureClass, number, unknown])[] = [
  ['caller', 400, openai("Invalid type for 'messages[0].content'", { param: 'messages[0].content' })],
  ['caller', 422, { detail: [{ msg: 'field required' }] }],
  ['caller', 400, anthropic('invalid_request_error', 'messages: roles must alternate')],
  [
    'unsupported',
    400,
    openai("Unsupported parameter: 'max_tokens' is not supported with this model.", {
      param: 'max_tokens',
      code: 'unsupported_parameter',
    }),
  ],
  [
    'caller',
    400,
    openai("Unsupported value: 'temperature' does not support 0.2 with this model.", {
      param: 'temperature',
    }),
  ],
  [
    'context',
    400,
    openai(
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 150000 tokens.",
      { code: 'context_length_exceeded' },
    ),
  ],
  ['context', 400, anthropic('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum')],
  [
    'moderation',
    400,
    openai('Your request was rejected as a result of our safety system.', {
      code: 'content_policy_violation',
    }),
  ],
  [
    'moderation',
    400,
    openai('The response was filtered due to the prompt triggering content management policy.', {
      code: 'content_filter',
    }),
  ],
  ['auth', 401, openai('Incorrect API key provided: sk-…', { code: 'invalid_api_key' })],
  ['auth', 403, openai('Your API key does not have permission.', {})],
  [
    'auth',
    400,
    {
      error: {
        code: 400,
        message: 'API key not valid. Please pass a valid API key.',
        status: 'INVALID_ARGUMENT',
      },
    },
  ],
  ['model_gone', 403, openai('Project does not have access to model gpt-5.5', { code: 'model_not_found' })],
  ['quota', 402, openai('Insufficient Balance')],
  [
    'quota',
    429,
    openai('You exceeded your current quota, please check your plan and billing details.', {
      code: 'insufficient_quota',
    }),
  ],
  [
    'quota',
    400,
    anthropic('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'),
  ],
  ['rate_limit', 429, openai('Rate limit reached for requests', { code: 'rate_limit_exceeded' })],
  ['rate_limit', 429, 'Too Many Requests'],
  [
    'rate_limit',
    429,
    {
      error: {
        code: 429,
        status: 'RESOURCE_EXHAUSTED',
        message: 'You exceeded your current quota',
        details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34s' }],
      },
    },
  ],
  [
    'too_large_for_rate',
    413,
    openai('Request too large for model llama on tokens per minute (TPM): Limit 6000, Requested 9000', {
      code: 'rate_limit_exceeded',
    }),
  ],
  ['overloaded', 529, anthropic('overloaded_error', 'Overloaded')],
  ['overloaded', 503, openai('The server is currently overloaded')],
  ['server_error', 500, openai('The server had an error')],
  ['server_error', 502, '<html><head><title>502 Bad Gateway</title></head></html>'],
  ['timeout', 504, 'upstream request timeout'],
  ['timeout', 524, ''],
  ['model_gone', 404, openai('The model `gpt-4-vision` does not exist', { code: 'model_not_found' })],
  ['model_gone', 404, anthropic('not_found_error', 'model: claude-2')],
  [
    'model_gone',
    400,
    openai('The model `llama2-70b` has been decommissioned and is no longer supported.', {
      code: 'model_decommissioned',
    }),
  ],
  // Errors inside a 200.
  ['overloaded', 200, anthropic('overloaded_error', 'Overloaded')],
  ['server_error', 200, { error: { code: 502, message: 'Provider returned error' } }],
  ['rate_limit', 200, { error: { code: 429, message: 'Rate limited' } }],
  ['server_error', 200, { error: { message: 'something' } }],
];

for (const [expected, status, body] of rows) {
  test(`${status} ${JSON.stringify(body).slice(0, 90)} is ${expected}`, () =>
    assert.equal(classOf(status, body), expected));
}

test('a 400 that names a field is ours to answer for when the request was translated', () => {
  const body = anthropic('invalid_request_error', "Unexpected field: 'output_config'");
  assert.equal(classOf(400, body, { translated: true }), 'unsupported');
  assert.equal(
    classOf(400, anthropic('invalid_request_error', 'something is wrong'), { translated: true }),
    'caller',
  );
});

/** File → class. Every recorded error is listed: a new recording without a row fails. */
const recorded: Readonly<Record<string, FailureClass>> = {
  'anthropic-400-credit-balance.json': 'quota',
  'anthropic-429-input-tokens.json': 'rate_limit',
  'anthropic-529-overloaded.json': 'overloaded',
  'deepseek-402-insufficient-balance.json': 'quota',
  'gemini-429-resource-exhausted.json': 'quota',
  'nginx-502-html.json': 'server_error',
  'ok200-json-error.json': 'overloaded',
  'openai-429-insufficient-quota.json': 'quota',
  'openai-429-request-too-large.json': 'too_large_for_rate',
  'openai-429-tpm.json': 'rate_limit',
  'plain-503-text.json': 'overloaded',
};
/** Answers that are no error replies; the attempt judges them. */
const answers = new Set(['empty-choices-200.json', 'ok200-empty-body.json']);

test('every recorded error has its class', needsShared('data/fixtures/errors'), () => {
  const files = readdirSync(sharedPath('data/fixtures/errors')).filter((name) => name !== 'README.md');
  // Broken streams have their rows in test/recorded-bytes.test.ts, which is as strict.
  const replies = files.filter((name) => !name.endsWith('.sse') && !answers.has(name));
  assert.deepEqual(replies.sort(), Object.keys(recorded).sort(), 'a recording without a row, or the reverse');
  for (const file of replies) {
    const { status, headers, body } = JSON.parse(readShared(`data/fixtures/errors/${file}`).toString()) as {
      status: number;
      headers: Record<string, string>;
      body: unknown;
    };
    assert.equal(classOf(status, body, { headers }), recorded[file], file);
  }
});

/** Bodies recorded among the answers of a wire → the status they came with, and the class. */
const bodies: readonly (readonly [file: string, status: number, FailureClass, waitMs?: number])[] = [
  ['google/google-429-retry-info', 429, 'rate_limit', 34_400],
  ['openai-responses/openai-error.1', 429, 'quota'],
  ['openai-responses/reasoning-model-temperature-error', 400, 'caller'],
  ['openai-chat/reasoning-model-legacy-parameter-error', 400, 'unsupported'],
];

for (const [file, status, expected, wait] of bodies) {
  const path = `data/fixtures/wire/${file}.json`;
  test(`${file} is ${expected}`, needsShared(path), () => {
    const failure = classify({ status, headers: {}, body: readShared(path).toString() }, sent, now);
    assert.deepEqual([failure.class, failure.retryAfterMs], [expected, wait]);
  });
}

test('the next endpoint is tried before content, never after it, and never for the caller’s mistake', () => {
  const on = new Set<FailureClass>(['rate_limit']);
  assert.equal(mayTryNext('rate_limit', false, on), true);
  assert.equal(mayTryNext('rate_limit', true, on), false);
  assert.equal(mayTryNext('server_error', false, on), false);
  assert.equal(mayTryNext('caller', false, new Set<FailureClass>(['caller'])), false);
  assert.equal(mayTryNext('client_gone', false, new Set<FailureClass>(['client_gone'])), false);
  assert.equal(mayTryNext('unsupported', false, new Set()), true);
});

test('a credential that a provider echoes is masked', () => {
  const failure = classify(
    {
      status: 401,
      headers: {},
      body: JSON.stringify({ error: { message: 'bad key provider-secret-1', code: 'provider-secret-1' } }),
    },
    sent,
    now,
  );
  assert.equal(JSON.stringify(failure).includes('provider-secret-1'), false);
});

test('megabytes of hostile words are judged by their beginning', () => {
  for (const word of ['used all ', 'usage limit ', 'input token count ', 'model '])
    assert.equal(classOf(400, openai(word.repeat(100_000))), 'caller');
});

/** As the Gemini API says it: the field in its own words, and what is wrong with it. */
const google = (message: string, ...fields: readonly string[]): object => ({
  error: {
    code: 400,
    message,
    status: 'INVALID_ARGUMENT',
    details: [
      { '@type': 'type.googleapis.com/google.rpc.Help', links: [] },
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: fields.map((field) => ({ field, description: message })),
      },
    ],
  },
});

const unknownName = `Invalid JSON payload received. Unknown name "exclusiveMinimum" at 'tools[0].function_declarations[0].parameters': Cannot find field.`;

/** What Google names → whose it is where we translated, and on its face for OpenAI's clients, where we did not. */
const violations: readonly (readonly [object, FailureClass, FailureClass, string | undefined])[] = [
  [
    google(unknownName, 'tools[0].function_declarations[0].parameters'),
    'unsupported',
    'unsupported',
    'tools[0].function_declarations[0].parameters',
  ],
  [
    google('temperature must be in the range [0.0, 2.0]', 'generation_config.temperature'),
    'unsupported',
    'caller',
    'generation_config.temperature',
  ],
  [
    google('out of range', 'generationConfig.temperature'),
    'unsupported',
    'caller',
    'generationConfig.temperature',
  ],
  [
    google('must be 64 or less', '', 'generationConfig.topK'),
    'unsupported',
    'unsupported',
    'generationConfig.topK',
  ],
  [
    google(
      '* GenerateContentRequest.tools[0].function_declarations[0].parameters.properties: missing field.',
    ),
    'unsupported',
    'unsupported',
    undefined,
  ],
  [google('Request contains an invalid argument.'), 'caller', 'caller', undefined],
];

for (const [body, translated, own, param] of violations)
  test(`Google: ${JSON.stringify(body).slice(0, 90)}`, () => {
    const read = (was: boolean) =>
      classify({ status: 400, headers: {}, body: JSON.stringify(body) }, { ...sent, translated: was }, now);
    assert.deepEqual([read(true).class, read(false).class, read(true).param], [translated, own, param]);
  });
