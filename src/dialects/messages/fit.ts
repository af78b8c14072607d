/**
 * Settings of a request for a preset, made fit for the model that serves it: the caller of a preset cannot know
 * which one that will be, and Claude models refuse each other's ways of asking for thinking. Pure.
 */
import type { ThinkingRequest } from '../../core/conversation.ts';
import { asCount, asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { modelFacts, type ModelFacts } from './model-facts.ts';
import type { Settings } from './preset-keys.ts';
import { heldSchema } from './schema.ts';
import { askThinking, fitSampling } from './thinking.ts';

export type Fitted = { readonly settings: Settings; readonly warnings: readonly string[] };

type Target = {
  readonly model: string;
  /** Tokens. */
  readonly maxOutput: number;
  /** False: the model's own thinking of a turn that goes on is missing, which budgets demand. */
  readonly mayThink: boolean;
};

/** `own` are the caller's settings before the preset's were added: only where they do not fit are they changed. */
export function fitSettings(settings: Settings, own: Settings, target: Target): Fitted {
  const facts = modelFacts(target.model);
  if (!facts.known) return { settings: clean(oldForm(settings, own, target)), warnings: [] };
  const thought = fitThinking(heldFormat(settings, own), own, { ...target, facts });
  const thinks = isOn(thought.settings['thinking']);
  const unable = !thinks && isOn(settings['thinking']);
  const sampled = fitNumbers(thought.settings, target.model, thinks);
  return {
    settings: clean(unable ? withoutThinkingEdits(sampled.settings) : sampled.settings),
    warnings: [...thought.warnings, ...sampled.warnings],
  };
}

/** The preset's schema of the answer, which was written without knowing who answers. */
function heldFormat(settings: Settings, own: Settings): Settings {
  const output = asObject(settings['output_config']);
  const format = asObject(output['format']);
  if (format['schema'] === undefined || output['format'] === asObject(own['output_config'])['format'])
    return settings;
  const schema = heldSchema(asObject(format['schema']));
  return { ...settings, output_config: { ...output, format: { ...format, schema } } };
}

/** Nothing is known of what others than Claude refuse: only the preset's own wish takes the form that all understand. */
function oldForm(settings: Settings, own: Settings, target: Target): Settings {
  const thinking = asObject(settings['thinking']);
  if (settings['thinking'] === own['thinking'] || thinking['type'] !== 'adaptive') return settings;
  const effort = someText(asObject(settings['output_config'])['effort']);
  return asked(settings, { budget: undefined, effort, display: undefined }, target).settings;
}

function isOn(thinking: JsonValue | undefined): boolean {
  return ['enabled', 'adaptive', 'between_tools'].includes(asText(asObject(thinking)['type']));
}

function fitThinking(
  settings: Settings,
  own: Settings,
  target: Target & { readonly facts: ModelFacts },
): Fitted {
  const { facts, model, maxOutput, mayThink } = target;
  const thinking = asObject(settings['thinking']);
  const type = thinking['type'];
  const effort = someText(asObject(settings['output_config'])['effort']);
  const forced = ['any', 'tool'].includes(asText(asObject(settings['tool_choice'])['type']));
  if (isOn(thinking) && forced && settings['thinking'] !== own['thinking'])
    return off(settings, 'thinking was not asked for: it is refused beside a forced "tool_choice"');
  if (facts.thinking === 'adaptive') {
    if (type !== 'enabled' || facts.sampling) return { settings, warnings: [] };
    return asked(
      settings,
      { budget: asCount(thinking['budget_tokens']), effort, display: thinking['display'] },
      target,
    );
  }
  if (isOn(thinking) && !mayThink)
    return off(settings, 'thinking was not asked for: the turn that goes on was begun by another model');
  const budget = asCount(thinking['budget_tokens']);
  if (type === 'enabled' && (budget ?? 0) < maxOutput && effort === undefined)
    return { settings, warnings: [] };
  if (isOn(thinking)) return asked(settings, { budget, effort, display: thinking['display'] }, target);
  const warning = `"output_config.effort" was dropped: ${model} does not know it`;
  return { settings: withEffort(settings, undefined), warnings: effort === undefined ? [] : [warning] };
}

type Wish = {
  readonly budget: number | undefined;
  readonly effort: string | undefined;
  readonly display: JsonValue | undefined;
};

function asked(settings: Settings, { budget, effort, display }: Wish, { model, maxOutput }: Target): Fitted {
  const wish: ThinkingRequest = {
    ...optional('effort', effort),
    ...optional('budget', budget),
    ...optional('show', display === undefined ? undefined : display !== 'omitted'),
    enabled: true,
  };
  const { keys, warning } = askThinking(wish, model, maxOutput);
  if (!keys.thinking) return off(settings, warning ?? 'thinking was not asked for');
  return { settings: withEffort({ ...settings, thinking: keys.thinking }, keys.effort), warnings: [] };
}

function off(settings: Settings, warning: string): Fitted {
  const { thinking: _thinking, ...rest } = settings;
  return { settings: withEffort(rest, undefined), warnings: [warning] };
}

function withEffort(settings: Settings, effort: string | undefined): Settings {
  const { effort: before, ...rest } = asObject(settings['output_config']);
  if (before === effort) return settings;
  const output: JsonObject = { ...rest, ...optional('effort', effort) };
  const { output_config: _output, ...others } = settings;
  return Object.keys(output).length === 0 ? others : { ...others, output_config: output };
}

function fitNumbers(settings: Settings, model: string, thinks: boolean): Fitted {
  const number = (key: string): number | undefined => {
    const value = settings[key];
    return typeof value === 'number' ? value : undefined;
  };
  const { sampling, warnings } = fitSampling(
    {
      ...optional('temperature', number('temperature')),
      ...optional('topP', number('top_p')),
      ...optional('topK', number('top_k')),
    },
    model,
    thinks,
  );
  if (warnings.length === 0) return { settings, warnings };
  const { temperature: _t, top_p: _p, top_k: _k, ...rest } = settings;
  return {
    settings: {
      ...rest,
      ...optional('temperature', sampling.temperature),
      ...optional('top_p', sampling.topP),
      ...optional('top_k', sampling.topK),
    },
    warnings,
  };
}

/** Edits of a context that clear thinking are refused where there is none. */
function withoutThinkingEdits(settings: Settings): Settings {
  const context = asObject(settings['context_management']);
  const edits = context['edits'];
  if (!Array.isArray(edits)) return settings;
  const rest = edits.filter(
    (edit: JsonValue) => !asText(asObject(edit)['type']).startsWith('clear_thinking'),
  );
  if (rest.length === edits.length) return settings;
  const { context_management: _context, ...others } = settings;
  return rest.length === 0 ? others : { ...others, context_management: { ...context, edits: rest } };
}

/** Stop sequences of white space alone are refused. */
function clean(settings: Settings): Settings {
  const stops = settings['stop_sequences'];
  if (!Array.isArray(stops)) return settings;
  const said = stops.filter((stop: JsonValue) => asText(stop).trim() !== '');
  return said.length === stops.length ? settings : { ...settings, stop_sequences: said };
}
