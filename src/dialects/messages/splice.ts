/**
 * The request an endpoint of Anthropic's wire is sent: the client's own bytes, with only the keys that the gateway
 * owns spliced. `messages`, `system` and `tools` keep their bytes unless the preset adds to them, or a history
 * holds what Anthropic would refuse.
 */
import type { Ask } from '../../core/ask.ts';
import { grammarOf } from '../../core/hand-over.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import type { Outgoing } from '../dialect.ts';
import { bytesOf, guarded, splice, valueOf } from '../json-source.ts';
import { fitSettings, type Fitted } from './fit.ts';
import { fitHistory, type History } from './history.ts';
import { uncarried, withPreset, type Settings } from './preset-keys.ts';

type Edit = string | readonly (string | Uint8Array)[] | undefined;

/** Keys that only the gateway, or OpenRouter behind it, understands. Anthropic refuses keys that it does not know. */
const gatewayKeys: readonly string[] = (
  'preset models route fallbacks provider user session_id transforms plugins trace debug max_completion_tokens ' +
  'usage'
).split(' ');

/** Members that are settings: small, and in `ask.values`. */
const notSettings: ReadonlySet<string> = new Set(['model', 'max_tokens', 'stream', ...gatewayKeys]);

/** The body as slices, fit for the model that it goes to. */
export function spliceMessages(out: Outgoing): Uint8Array[] {
  const history = historyOf(out);
  const edits = editsOf(out, fittedSettings(out, history).settings);
  if (history.messages !== undefined) edits.set('messages', history.messages);
  return splice(out.ask.source, edits);
}

/** The body merged with the preset's parameters and tools: what is read where it crosses. Its prompt is not in it. */
export function mergedMessages(out: Outgoing): Uint8Array[] {
  const edits = editsOf(out, withPreset(settingsOf(out.ask), out.merged));
  edits.delete('system');
  return splice(out.ask.source, edits);
}

/** What of the preset or the caller's settings this model could not take, in words for people. */
export function spliceWarnings(out: Outgoing): readonly string[] {
  return [...uncarried(out.merged.set), ...fittedSettings(out, historyOf(out)).warnings];
}

function historyOf({ ask, keeps, endpoint }: Outgoing): History {
  return fitHistory(bytesOf(ask.source, 'messages') ?? Buffer.from('[]'), keeps, grammarOf(endpoint));
}

function settingsOf(ask: Ask): Settings {
  return Object.fromEntries(Object.entries(ask.values).filter(([key]) => !notSettings.has(key)));
}

function fittedSettings(out: Outgoing, { mayThink }: History): Fitted {
  const own = settingsOf(out.ask);
  const target = { model: out.endpoint.providerModel, maxOutput: out.merged.outputCap, mayThink };
  return fitSettings(withPreset(own, out.merged), own, target);
}

function editsOf(out: Outgoing, settings: Settings): Map<string, Edit> {
  const { ask, merged, endpoint, preset } = out;
  const edits = new Map<string, Edit>([['model', JSON.stringify(endpoint.providerModel)]]);
  for (const key of gatewayKeys) if (ask.keys.has(key)) edits.set(key, undefined);
  edits.set('max_tokens', String(merged.outputCap));
  const own = settingsOf(ask);
  for (const key of new Set([...Object.keys(own), ...Object.keys(settings)]))
    if (settings[key] !== own[key])
      edits.set(key, settings[key] === undefined ? undefined : JSON.stringify(settings[key]));
  if (preset?.systemPrompt !== undefined) edits.set('system', withSystemPrompt(ask, preset.systemPrompt));
  if (merged.drop.includes('tools')) edits.set('tools', undefined);
  const tools = unitedTools(out);
  if (tools !== undefined) edits.set('tools', tools);
  if (tools === undefined && !ask.needs.tools && own['tool_choice'] === undefined)
    edits.delete('tool_choice');
  return edits;
}

/** The preset's system prompt stands before the request's own, whose bytes stay as they are. */
function withSystemPrompt(ask: Ask, prompt: string): Edit {
  const own = bytesOf(ask.source, 'system');
  const first = JSON.stringify({ type: 'text', text: prompt });
  if (own?.[0] === 0x22) return [`[${first},{"type":"text","text":`, own, '}]'];
  if (own?.[0] !== 0x5b || isEmptyArray(own)) return `[${first}]`;
  return [`[${first},`, own.subarray(1)];
}

function isEmptyArray(bytes: Buffer): boolean {
  return /^\[\s*\]$/.test(bytes.toString('latin1', 0, 64));
}

/**
 * Preset tools in their order, replaced where the request brings one of the same name; then the request's others,
 * whose bytes stay as they are unless one of them was moved.
 */
function unitedTools({ ask, preset, merged }: Outgoing): Edit {
  const own = (preset?.tools ?? []).flatMap(asTool);
  if (own.length === 0) return undefined;
  const bytes = merged.drop.includes('tools') ? undefined : bytesOf(ask.source, 'tools');
  if (bytes?.[0] !== 0x5b || isEmptyArray(bytes)) return JSON.stringify(own);
  const sent = toolsIn(ask);
  const brought = new Map(sent.map((tool) => [identity(tool), tool]));
  const known = new Set(own.map(identity));
  if (sent.every((tool) => !known.has(identity(tool))))
    return [`${JSON.stringify(own).slice(0, -1)},`, bytes.subarray(1)];
  return JSON.stringify([
    ...own.map((tool) => brought.get(identity(tool)) ?? tool),
    ...sent.filter((tool) => !known.has(identity(tool))),
  ]);
}

function toolsIn(ask: Ask): readonly JsonObject[] {
  return guarded(() => (valueOf(ask.source, 'tools') as readonly JsonValue[]).map(asObject));
}

function identity(tool: JsonObject): string {
  return asText(tool['name'] ?? tool['type']);
}

/** A preset's tool, written in the chat dialect or in this one. Tools that only OpenRouter runs are none here. */
function asTool(tool: JsonObject): readonly JsonObject[] {
  const fn = asObject(tool['function']);
  const name = someText(fn['name']);
  if (name === undefined) return asText(tool['type']).startsWith('openrouter:') ? [] : [tool];
  return [
    {
      name,
      ...optional('description', someText(fn['description'])),
      input_schema: fn['parameters'] ?? { type: 'object', properties: {} },
      ...(fn['strict'] === true ? { strict: true } : {}),
    },
  ];
}
