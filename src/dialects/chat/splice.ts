/**
 * The request an endpoint of the chat wire is sent: the client's own bytes, with only the keys that the gateway
 * owns spliced. `messages`, `system` and `tools` keep their bytes unless the preset adds to them.
 */
import type { Ask } from '../../core/ask.ts';
import { isOpenRouter } from '../../core/endpoints.ts';
import { grammarOf } from '../../core/hand-over.ts';
import { capKeys, type Merged } from '../../core/merge.ts';
import { asObject, asText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import { sortWord } from '../../core/preferences.ts';
import { isPriced, rateAt } from '../../core/price.ts';
import { toPerMillion } from '../../core/money.ts';
import type { Endpoint, JsonObject, JsonValue } from '../../core/snapshot.ts';
import type { Outgoing } from '../dialect.ts';
import { fittedMessages } from './ids.ts';
import { bytesOf, splice, valueOf } from '../json-source.ts';

type Edit = string | readonly (string | Uint8Array)[] | undefined;

/** Keys that only the gateway, or OpenRouter behind it, understands. */
const gatewayKeys: readonly string[] = ['preset', 'models', 'route', 'fallbacks', 'provider'];
const openRouterKeys: readonly string[] = ['usage', 'session_id', 'transforms', 'plugins', 'trace', 'debug'];

/** The body as slices. */
export function spliceChat(request: Outgoing): Uint8Array[] {
  const { ask, merged, endpoint } = request;
  const edits = new Map<string, Edit>([['model', JSON.stringify(endpoint.providerModel)]]);
  for (const key of [...gatewayKeys, ...capKeys, ...merged.drop])
    if (ask.keys.has(key)) edits.set(key, undefined);
  for (const [key, value] of Object.entries(merged.set)) edits.set(key, JSON.stringify(value));
  edits.set(capKeyFor(endpoint), String(merged.outputCap));
  if (ask.stream) edits.set('stream_options', streamOptions(ask));
  if (isOpenRouter(endpoint.provider)) edits.set('provider', JSON.stringify(openRouterPreferences(request)));
  else for (const [key, edit] of plainEdits(ask, merged)) edits.set(key, edit);
  const messages = editedMessages(request);
  if (messages !== undefined) edits.set('messages', messages);
  const tools = unitedTools(request);
  if (tools !== undefined) edits.set('tools', tools);
  return splice(ask.source, edits);
}

/** OpenAI's reasoning models refuse `max_tokens`; most others know nothing else. */
export function capKeyFor(endpoint: Endpoint): string {
  return ['openai', 'azure'].includes(endpoint.provider.catalog) ? 'max_completion_tokens' : 'max_tokens';
}

/** Usage is always asked for: without it nothing could be billed exactly. */
function streamOptions(ask: Ask): string {
  const own = ask.values['stream_options'];
  return JSON.stringify({ ...(typeof own === 'object' ? (own as JsonObject) : {}), include_usage: true });
}

/** Away from OpenRouter its keys go, and its `reasoning` object becomes the field that the wire has for it. */
function plainEdits(ask: Ask, merged: Merged): Map<string, Edit> {
  const edits = new Map<string, Edit>();
  for (const key of openRouterKeys) if (ask.keys.has(key)) edits.set(key, undefined);
  const reasoning = (merged.set['reasoning'] ?? ask.values['reasoning']) as JsonObject | undefined;
  if (reasoning === undefined && !ask.keys.has('reasoning')) return edits;
  edits.set('reasoning', undefined);
  const effort = reasoning?.['effort'];
  if (typeof effort === 'string' && ask.values['reasoning_effort'] === undefined)
    edits.set('reasoning_effort', JSON.stringify(effort));
  return edits;
}

/** Words of `sort` that OpenRouter does not know. */
const ourSorts: ReadonlySet<unknown> = new Set(['balance', 'effective_cost']);

/**
 * What OpenRouter is told of routing: the caller's preferences without names that are ours, and a `max_price`
 * equal to the price that the worst case was computed with, so that it never serves dearer.
 */
function openRouterPreferences({ provider, endpoint, ownProviders, now, ask }: Outgoing): JsonObject {
  const foreign = (names: readonly string[] | undefined): readonly string[] | undefined => {
    const rest = names?.filter((name) => !ownProviders.has(name));
    return rest && rest.length > 0 ? rest : undefined;
  };
  const { only, ignore, order, sort, max_price: own, ...rest } = provider;
  const rate = isPriced(endpoint.price) ? rateAt(endpoint.price, ask.needs.promptBound, now) : undefined;
  const held =
    rate?.input !== undefined && rate.output !== undefined
      ? { prompt: toPerMillion(rate.input), completion: toPerMillion(rate.output) }
      : undefined;
  const price = held || own ? { ...own, ...held, ...(own && held ? lesser(own, held) : {}) } : undefined;
  return {
    ...(rest as JsonObject),
    ...optional('sort', ourSorts.has(sortWord(sort)) ? undefined : sort),
    ...optional('only', foreign(only)),
    ...optional('ignore', foreign(ignore)),
    ...optional('order', foreign(order)),
    ...optional('max_price', price as JsonValue | undefined),
  };
}

function lesser(
  own: { readonly prompt?: number; readonly completion?: number },
  held: { readonly prompt: number; readonly completion: number },
): JsonObject {
  return {
    prompt: Math.min(own.prompt ?? Infinity, held.prompt),
    completion: Math.min(own.completion ?? Infinity, held.completion),
  };
}

/** The messages, where they cannot pass as they are: ids to fit, or a system prompt of the preset to stand before them. */
function editedMessages({ ask, preset, endpoint, keeps }: Outgoing): Edit {
  const fitted = fittedMessages(ask.source, grammarOf(endpoint), keeps);
  const prompt = preset?.systemPrompt;
  if (prompt === undefined) return fitted;
  const bytes = bytesOf(ask.source, 'messages') ?? Buffer.from('[]');
  const system = JSON.stringify({ role: 'system', content: prompt });
  return [`[${system},`, fitted === undefined ? bytes.subarray(1) : fitted.slice(1)];
}

/** Preset tools in their order, replaced where the request brings one of the same name; then the request's others. */
function unitedTools({ ask, preset, merged }: Outgoing): string | undefined {
  const own = preset?.tools ?? [];
  if (own.length === 0) return undefined;
  const sent = merged.drop.includes('tools') ? undefined : valueOf(ask.source, 'tools');
  const tools = Array.isArray(sent) ? sent.map((tool: JsonValue) => asObject(tool)) : [];
  const brought = new Map(tools.map((tool) => [toolIdentity(tool), tool]));
  const first = own.map((tool) => brought.get(toolIdentity(tool)) ?? tool);
  const known = new Set(own.map(toolIdentity));
  return JSON.stringify([
    ...first,
    ...[...brought].filter(([identity]) => !known.has(identity)).map(([, tool]) => tool),
  ]);
}

/** Function tools by name, advisers and sub-agents by type and name, other hosted tools by type. */
export function toolIdentity(tool: JsonObject): string {
  const name = asObject(tool['function'])['name'] ?? asObject(tool['parameters'])['name'];
  return `${asText(tool['type'])}:${asText(name)}`;
}
