/** A preset's parameters, which have chat names, in a Messages request: under Anthropic's names where it has one. */
import type { Conversation } from '../../core/conversation.ts';
import { asCount, asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import type { Warnings } from './warnings.ts';

/** Settings of a request, by Anthropic's names; absent = not sent. */
export type Settings = { readonly [key: string]: JsonValue };

type Parameters = { readonly set: JsonObject; readonly drop: readonly string[] };

/** Anthropic's own names, which a preset may use as they are. */
const native: readonly string[] = (
  'temperature top_p top_k thinking output_config stop_sequences context_management container mcp_servers speed ' +
  'inference_geo cache_control betas'
).split(' ');

/** Chat name → where it stands here, for those that other keys replace. */
const replaced: Readonly<Record<string, string>> = {
  stop: 'stop_sequences',
  response_format: 'output_config',
  reasoning_effort: 'output_config',
  reasoning: 'output_config',
  parallel_tool_calls: 'tool_choice',
};

/** The request's settings with locked ones taken out and the preset's put in. */
export function withPreset(own: Settings, { set, drop }: Parameters): Settings {
  const kept = drop.reduce(without, own);
  return Object.entries(set).reduce(
    (settings, [key, value]) => withOne(without(settings, key), key, value),
    kept,
  );
}

function omit(settings: Settings, ...keys: readonly string[]): Settings {
  if (keys.every((key) => settings[key] === undefined)) return settings;
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !keys.includes(key)));
}

function withOutput(settings: Settings, changed: Readonly<Record<string, JsonValue | undefined>>): Settings {
  const entries = Object.entries({ ...asObject(settings['output_config']), ...changed });
  const output = Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as JsonObject;
  return Object.keys(output).length === 0
    ? omit(settings, 'output_config')
    : { ...settings, output_config: output };
}

/** What the parameter stands for is not sent. */
function without(settings: Settings, key: string): Settings {
  switch (key) {
    case 'reasoning_effort':
    case 'reasoning':
      return withOutput(omit(settings, 'thinking'), { effort: undefined });
    case 'response_format':
      return withOutput(omit(settings, 'output_format'), { format: undefined });
    case 'parallel_tool_calls':
      return settings;
    default:
      return omit(settings, replaced[key] ?? key);
  }
}

function withOne(settings: Settings, key: string, value: JsonValue): Settings {
  switch (key) {
    case 'stop':
      return { ...settings, stop_sequences: typeof value === 'string' ? [value] : value };
    case 'reasoning_effort':
      return withThinking(settings, asText(value), undefined);
    case 'reasoning': {
      const { effort, enabled, max_tokens: budget } = asObject(value);
      return withThinking(settings, enabled === false ? 'none' : asText(effort), asCount(budget));
    }
    case 'response_format': {
      const schema = asObject(asObject(value)['json_schema'])['schema'];
      return schema === undefined
        ? settings
        : withOutput(settings, { format: { type: 'json_schema', schema } });
    }
    case 'tool_choice':
      return { ...settings, tool_choice: choiceOf(value) };
    case 'parallel_tool_calls': {
      const choice = settings['tool_choice'] ?? { type: 'auto' };
      return {
        ...settings,
        tool_choice: { ...asObject(choice), disable_parallel_tool_use: value === false },
      };
    }
    case 'user':
      return asObject(settings['metadata'])['user_id'] === undefined
        ? { ...settings, metadata: { ...asObject(settings['metadata']), user_id: value } }
        : settings;
    default:
      return native.includes(key) ? { ...settings, [key]: value } : settings;
  }
}

function withThinking(settings: Settings, effort: string, budget: number | undefined): Settings {
  if (effort === 'none') return { ...settings, thinking: { type: 'disabled' } };
  if (budget !== undefined) return { ...settings, thinking: { type: 'enabled', budget_tokens: budget } };
  return withOutput(
    { ...settings, thinking: { type: 'adaptive' } },
    { effort: effort === '' ? undefined : effort },
  );
}

function choiceOf(value: JsonValue): JsonObject {
  if (value === 'required') return { type: 'any' };
  if (typeof value === 'string') return { type: value };
  const name = asObject(asObject(value)['function'])['name'];
  return name === undefined ? asObject(value) : { type: 'tool', name };
}

/** Parameters that Anthropic has no name for, and that other wires do. */
type Elsewhere = Pick<Conversation, 'sampling' | 'format' | 'verbosity' | 'cacheKey' | 'logprobs'>;

const elsewhere: ReadonlySet<string> = new Set(
  'seed presence_penalty frequency_penalty verbosity prompt_cache_key logprobs top_logprobs'.split(' '),
);
const here: ReadonlySet<string> = new Set([
  ...native,
  ...Object.keys(replaced),
  'tool_choice',
  'user',
  'service_tier',
]);

/** Reads them for a crossing; what no wire knows becomes a warning. */
export function presetParameters(set: JsonObject, warnings: Warnings): Elsewhere {
  for (const key of Object.keys(set)) if (!here.has(key) && !elsewhere.has(key)) warnings.add(dropped(key));
  const number = (key: string): number | undefined => {
    const value = set[key];
    return typeof value === 'number' ? value : undefined;
  };
  return {
    sampling: {
      ...optional('seed', number('seed')),
      ...optional('presencePenalty', number('presence_penalty')),
      ...optional('frequencyPenalty', number('frequency_penalty')),
    },
    ...(asObject(set['response_format'])['type'] === 'json_object'
      ? { format: { type: 'json' as const } }
      : {}),
    ...optional('verbosity', someText(set['verbosity'])),
    ...optional('cacheKey', someText(set['prompt_cache_key'])),
    ...optional('logprobs', set['logprobs'] === true ? (number('top_logprobs') ?? 0) : undefined),
  };
}

function dropped(key: string): string {
  return `the preset's "${key}" cannot be carried to this provider and was dropped`;
}

/** The preset's parameters that Anthropic has no counterpart for, in words for people. */
export function uncarried(set: JsonObject): readonly string[] {
  const json = asObject(set['response_format'])['type'] === 'json_object' ? ['response_format'] : [];
  return [...Object.keys(set).filter((key) => !here.has(key)), ...json].map(dropped);
}
