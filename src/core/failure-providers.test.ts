/**
 * The same trouble in each provider's own words. Statuses and messages as documented by the provider, or as captured
 * in public issues; ids are left out. What differs by provider: credit that ran out (402, 429, 400, 403), models that
 * are gone (404, 400, 403), prompts that are too long (each in its own sentence), and refusals on content.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultFailover } from './defaults.ts';
import { failoverClasses } from './document-preset.ts';
import { classify, mayTryNext, type FailureClass } from './failure.ts';

/** How each provider wraps what it says; the others do as OpenAI does. */
const envelopes: Readonly<Record<string, (status: number, word: string, message: string) => object>> = {
  anthropic: (_status, type, message) => ({ type: 'error', error: { type, message } }),
  google: (code, status, message) => ({ error: { code, message, status } }),
  openrouter: (code, _word, message) => ({ error: { code, message } }),
  azure: (_status, code, message) => ({ error: { code, message } }),
  mistral: (_status, type, message) => ({ object: 'error', message, type }),
  xai: (_status, code, error) => ({ code, error }),
  bedrock: (_status, _word, message) => ({ message }),
  dashscope: (_status, code, message) => ({ code, message }),
};
const likeOpenai = (_status: number, word: string, message: string): object => ({
  error: { message, type: 'invalid_request_error', param: null, code: word },
});

/** Provider, status, its own word for it, and the message. */
const said: Readonly<Partial<Record<FailureClass, string>>> = {
  quota: `
    openai 429 insufficient_quota: You exceeded your current quota, please check your plan and billing details.
    openai 400 billing_hard_limit_reached: Billing hard limit has been reached
    openai 429 billing_not_active: Your account is not active, please check your billing details on our website.
    anthropic 400 invalid_request_error: Your credit balance is too low to access the Anthropic API.
    anthropic 400 invalid_request_error: You have reached your specified API usage limits. You will regain access on 2026-11-01 at 00:00 UTC.
    anthropic 400 invalid_request_error: You have reached your specified workspace API usage limits. You will regain access on 2026-11-01.
    anthropic 429 rate_limit_error: Spend limit reached.
    anthropic 402 billing_error: Usage credits required for 1M context
    deepseek 402 invalid_request_error: Insufficient Balance
    openrouter 402 -: Insufficient credits. Add more using https://openrouter.ai/credits
    xai 403 forbidden: Your team has either used all available credits or reached its monthly spending limit.
    xai 429 exhausted: Your team has either used all available credits or reached its monthly spending limit.
    moonshotai 429 exceeded_current_quota_error: Your account is suspended, please recharge your account.
    zhipuai 429 1113: Insufficient balance or no resource package. Please recharge.
    alibaba 400 Arrearage: Access denied, please make sure your account is in good standing.
    google 400 FAILED_PRECONDITION: User location is not supported for the API use without a billing account linked.
    google 429 RESOURCE_EXHAUSTED: You exceeded your current quota, please check your plan and billing details.`,
  rate_limit: `
    openai 429 rate_limit_exceeded: Rate limit reached for gpt-4o on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.
    anthropic 429 rate_limit_error: This request would exceed your organization's rate limit of 50 requests per minute.
    azure 429 429: Requests to the ChatCompletions_Create Operation have exceeded token rate limit of your current OpenAI S0 pricing tier.
    mistral 429 rate_limited: Requests rate limit exceeded
    mistral 429 service_tier_capacity_exceeded: Service tier capacity exceeded for this model.
    moonshotai 429 rate_limit_reached_error: Your account reached max request`,
  too_large_for_rate: `
    openai 429 rate_limit_exceeded: Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 37000.
    groq 413 rate_limit_exceeded: Request too large for model on tokens per minute (TPM): Limit 6000, Requested 9000
    anthropic 413 request_too_large: Request exceeds the maximum allowed number of bytes.`,
  overloaded: `
    openai 503 server_error: The engine is currently overloaded, please try again later
    anthropic 529 overloaded_error: Overloaded
    anthropic 200 overloaded_error: Overloaded
    google 503 UNAVAILABLE: The model is overloaded. Please try again later.
    moonshotai 429 engine_overloaded_error: The engine is currently overloaded, please try again later`,
  context: `
    openai 400 context_length_exceeded: This model's maximum context length is 128000 tokens.
    openai 400 context_length_exceeded: Your input exceeds the context window of this model.
    anthropic 400 invalid_request_error: prompt is too long: 210000 tokens > 200000 maximum
    anthropic 400 invalid_request_error: input length and \`max_tokens\` exceed context limit: 190000 + 20000 > 200000
    google 400 INVALID_ARGUMENT: The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).
    deepseek 400 invalid_request_error: This model's maximum context length is 65536 tokens. However, you requested 70000 tokens.
    mistral 400 invalid_request_error: Prompt contains 300000 tokens, too large for model with 131072 maximum context length
    moonshotai 400 invalid_request_error: Invalid request: Your request exceeded model token limit: 262144 (requested: 300000)
    minimax 400 bad_request_error: invalid params, context window exceeds limit (2013)
    alibaba 400 invalid_parameter_error: Range of input length should be [1, 30720]
    togetherai 422 invalid_request_error: Input validation error: \`inputs\` tokens + \`max_new_tokens\` must be <= 16384
    llama.cpp 400 exceed_context_size_error: the request exceeds the available context size
    bedrock 400 -: Input is too long for requested model.`,
  moderation: `
    openai 400 content_policy_violation: Your request was rejected as a result of our safety system.
    openai 400 invalid_prompt: Invalid prompt: your prompt was flagged as potentially violating our usage policy.
    azure 400 content_filter: The response was filtered due to the prompt triggering Azure OpenAI's content management policy.
    anthropic 400 invalid_request_error: Output blocked by content filtering policy
    openrouter 403 -: Your chosen model requires moderation and your input was flagged
    deepseek 400 invalid_request_error: Content Exists Risk
    alibaba 400 data_inspection_failed: Input data may contain inappropriate content.
    dashscope 400 DataInspectionFailed: Input data may contain inappropriate content.`,
  auth: `
    openai 401 invalid_api_key: Incorrect API key provided: sk-…
    anthropic 401 authentication_error: invalid x-api-key
    anthropic 400 invalid_request_error: This organization has been disabled.
    google 400 INVALID_ARGUMENT: API key not valid. Please pass a valid API key.
    google 400 INVALID_ARGUMENT: API key expired. Please renew the API key.
    xai 400 invalid-argument: Incorrect API key provided: xa***.
    azure 401 401: Access denied due to invalid subscription key or wrong API endpoint.
    moonshotai 401 invalid_authentication_error: Invalid Authentication`,
  model_gone: `
    openai 404 model_not_found: The model \`gpt-4-vision\` does not exist or you do not have access to it.
    openai 403 model_not_found: Project does not have access to model gpt-5.5
    openai 403 unsupported_country_region_territory: Country, region, or territory not supported
    anthropic 404 not_found_error: model: claude-2.1
    google 404 NOT_FOUND: models/gemini-1.0-pro is not found for API version v1beta, or is not supported for generateContent.
    google 400 FAILED_PRECONDITION: User location is not supported for the API use.
    groq 400 model_decommissioned: The model \`llama2-70b-4096\` has been decommissioned and is no longer supported.
    deepseek 400 invalid_request_error: Model Not Exist
    openrouter 400 -: acme/none is not a valid model ID
    openrouter 404 -: No endpoints found matching your data policy.
    azure 404 DeploymentNotFound: The API deployment for this resource does not exist.
    mistral 400 invalid_model: Invalid model: mistral-tiny-old`,
  caller: `
    openai 400 invalid_type: Invalid type for 'messages[0].content': expected a string.
    anthropic 400 invalid_request_error: messages: roles must alternate between "user" and "assistant"
    google 400 INVALID_ARGUMENT: Request contains an invalid argument.
    deepseek 422 invalid_request_error: Failed to deserialize the JSON body into the target type
    mistral 422 invalid_request_error: Input should be a valid list`,
};

const sent = { callerKeys: new Set(['model', 'messages']), translated: false, secrets: [] };

for (const [expected, rows] of Object.entries(said))
  for (const [, provider = '', code = '', word = '', message = ''] of rows.matchAll(
    /^ {4}(\S+) (\d{3}) (\S+): (.+)$/gm,
  ))
    test(`${expected}: ${provider} ${code} ${word}: ${message}`, () => {
      const status = Number(code);
      const body = JSON.stringify((envelopes[provider] ?? likeOpenai)(status, word, message));
      assert.equal(classify({ status, headers: {}, body }, sent, 0).class, expected);
    });

/** Class → tried elsewhere by default, when the preset lists it alone, and when it lists nothing. */
const policy: Readonly<
  Record<FailureClass, readonly [standard: boolean, listed: boolean, unlisted: boolean]>
> = {
  caller: [false, false, false],
  client_gone: [false, false, false],
  moderation: [false, true, false],
  context: [true, true, false],
  auth: [true, true, false],
  quota: [true, true, false],
  rate_limit: [true, true, false],
  overloaded: [true, true, false],
  server_error: [true, true, false],
  timeout: [true, true, false],
  connection: [true, true, false],
  model_gone: [true, true, false],
  // Another endpoint can have other limits, and what the caller did not write is not the caller's to answer for.
  unsupported: [true, true, true],
  too_large_for_rate: [true, true, true],
  budget: [true, true, true],
};

for (const [name, expected] of Object.entries(policy) as [FailureClass, readonly boolean[]][])
  test(`${name} travels by default: ${expected[0]}; where the preset asks for it: ${expected[1]}; else: ${expected[2]}`, () => {
    const sets = [defaultFailover.on, new Set([name]), new Set<FailureClass>()];
    assert.deepEqual(
      sets.map((on) => mayTryNext(name, false, on)),
      expected,
    );
    for (const on of sets) assert.equal(mayTryNext(name, true, on), false, 'never once content was sent');
  });

test('a preset may list every class that can travel, and no other', () => {
  const travelling = Object.entries(policy)
    .filter(([name, [, listed]]) => listed && name !== 'budget')
    .map(([name]) => name);
  assert.deepEqual([...failoverClasses].sort(), travelling.sort());
});
