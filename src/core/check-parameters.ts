/** Generation parameters: those with a known meaning are checked, all others are carried as they stand. */
import { error, warning, type Mistake, type Path } from './mistake.ts';
import { suggest } from './suggest.ts';

type Json = Readonly<Record<string, unknown>>;

/** Keys of a request that are no parameters: where their place is. */
const elsewhere: Readonly<Record<string, string>> = {
  model: 'models of the preset',
  models: 'models of the preset',
  preset: 'the request',
  provider: 'provider of the preset',
  tools: 'tools of the preset',
  messages: 'the request, or system_prompt of the preset',
  system: 'system_prompt of the preset',
  instructions: 'system_prompt of the preset',
  input: 'the request',
  prompt: 'the request',
  stream: 'the request',
};

const between = (least: number, most: number) => (value: unknown) =>
  typeof value === 'number' && value >= least && value <= most
    ? undefined
    : `must be a number from ${least} to ${most}`;

const positive = (value: unknown): string | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value > 0
    ? undefined
    : 'must be a whole number above 0';

const whole = (value: unknown): string | undefined =>
  Number.isInteger(value) ? undefined : 'must be a whole number';

const anything = (): undefined => undefined;

const word = (value: unknown): string | undefined => (typeof value === 'string' ? undefined : 'must be text');

const yesOrNo = (value: unknown): string | undefined =>
  typeof value === 'boolean' ? undefined : 'must be true or false';

/** Ranges as OpenAI's and OpenRouter's request schemas publish them. */
const rules: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  temperature: between(0, 2),
  top_p: between(0, 1),
  min_p: between(0, 1),
  top_a: between(0, 1),
  top_k: whole,
  frequency_penalty: between(-2, 2),
  presence_penalty: between(-2, 2),
  repetition_penalty: between(0, 2),
  max_tokens: positive,
  max_completion_tokens: positive,
  max_output_tokens: positive,
  n: positive,
  seed: whole,
  top_logprobs: between(0, 20),
  logprobs: yesOrNo,
  parallel_tool_calls: yesOrNo,
  reasoning_effort: word,
  verbosity: word,
  service_tier: word,
  user: word,
  stop: anything,
  reasoning: anything,
  thinking: anything,
  response_format: anything,
  tool_choice: anything,
  logit_bias: anything,
  metadata: anything,
  plugins: anything,
  prediction: anything,
  prompt_cache_key: word,
  safety_identifier: word,
  store: yesOrNo,
  transforms: anything,
};

export const knownParameters: readonly string[] = Object.keys(rules);

/** The mistakes in the `parameters` at `path`. */
export function checkParameters(parameters: Json | undefined, path: Path): readonly Mistake[] {
  return Object.entries(parameters ?? {}).flatMap(([key, value]) =>
    checkParameter(key, value, [...path, key]),
  );
}

function checkParameter(key: string, value: unknown, path: Path): readonly Mistake[] {
  const place = elsewhere[key];
  if (place !== undefined) return [error(path, `is not a parameter: its place is ${place}`)];
  const rule = rules[key];
  if (rule !== undefined) {
    const problem = value === null ? 'has no value: remove the line' : rule(value);
    return problem === undefined ? [] : [error(path, problem)];
  }
  const near = suggest(key, knownParameters);
  if (near === undefined) return [];
  return [warning(path, `is sent as it stands, but no such parameter is known; did you mean ${near}?`)];
}
