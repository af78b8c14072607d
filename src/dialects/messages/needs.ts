/** What a Messages request needs of an endpoint, read from its bytes: parsed only where there is media in it. */
import type { Needs, Source } from '../../core/ask.ts';
import { asObject, asText } from '../../core/json.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { bytesOf, valueOf } from '../json-source.ts';
import {
  cacheWrites,
  hostedTool,
  plainWeight,
  promptNeeds,
  ReadLater,
  weigh,
  type Weight,
} from '../weight.ts';

/** Tokens that providers add around one message. */
const framePerMessage = 8;

/** `values` are the small top-level values. Throws JsonFault. */
export function readNeeds(source: Source, values: JsonObject): Needs {
  const tools = bytesOf(source, 'tools');
  const written = ['system', 'tools', 'output_config', 'output_format'].reduce(
    (sum, key) => sum + (bytesOf(source, key)?.length ?? 0),
    0,
  );
  const messages = bytesOf(source, 'messages') ?? Buffer.alloc(0);
  const weight = readWeight(source, messages);
  const hasTools =
    tools !== undefined && tools[0] === 0x5b && !/^\[\s*\]$/.test(tools.toString('latin1', 0, 64));
  const frame = framePerMessage * count(messages, '"role"');
  const format = asObject(asObject(values['output_config'])['format'] ?? values['output_format']);
  const cached = ['system', 'messages', 'tools', 'cache_control'].map((key) => bytesOf(source, key));
  return {
    ...promptNeeds(weight, { written, tools: hasTools, frame }),
    tools: hasTools,
    jsonSchema: format['type'] === 'json_schema',
    reasoning: ['enabled', 'adaptive', 'between_tools'].includes(
      asText(asObject(values['thinking'])['type']),
    ),
    answers: 1,
    openRouterOnly: openRouterOnly(values, tools),
    later: new ReadLater({
      unbounded: () => weight.unbounded ?? hostedPart(source, values),
      cacheWrites: () => cacheWrites(cached),
    }),
  };
}

/** Named here, so that an endpoint elsewhere is left out instead of the feature being stripped in silence. */
function openRouterOnly(values: JsonObject, tools: Buffer | undefined): readonly string[] {
  const found = ['plugins', 'transforms'].filter((key) => {
    const value = values[key];
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  });
  return tools?.includes('"openrouter:') === true ? [...found, 'server tools'] : found;
}

/** Base64 is not text: a request that has any is parsed, wherever in a tool's result it may stand. */
function readWeight(source: Source, messages: Buffer): Weight {
  return ['"image"', '"document"', '"container_upload"'].some((mark) => messages.includes(mark))
    ? weigh(valueOf(source, 'messages') as JsonValue, 'messages')
    : plainWeight(messages.length);
}

/** What the provider adds by itself, as much as it likes. */
function hostedPart(source: Source, values: JsonObject): string | undefined {
  const servers = values['mcp_servers'];
  if (Array.isArray(servers) && servers.length > 0) return 'mcp_servers[0]: run by the provider';
  if (values['container'] !== undefined) return 'container: kept by the provider';
  return hostedTool(() => valueOf(source, 'tools'));
}

function count(bytes: Buffer, mark: string): number {
  let found = 0;
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + mark.length)) found++;
  return found;
}
