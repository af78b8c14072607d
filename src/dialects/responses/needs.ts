/** What a Responses request needs of an endpoint, read from its bytes: parsed only where there is media in it. */
import type { Needs, Source } from '../../core/ask.ts';
import { asObject } from '../../core/json.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { bytesOf, valueOf } from '../json-source.ts';
import { openRouterOnly } from '../openai-fields.ts';
import {
  cacheWrites,
  hostedTool,
  plainWeight,
  promptNeeds,
  ReadLater,
  weigh,
  type Weight,
} from '../weight.ts';

/** Tokens that providers add around one item. */
const framePerItem = 8;

/** `values` are the small top-level values. Throws JsonFault. */
export function readNeeds(source: Source, values: JsonObject): Needs {
  const tools = bytesOf(source, 'tools');
  const written = ['tools', 'instructions', 'text'].reduce(
    (sum, key) => sum + (bytesOf(source, key)?.length ?? 0),
    0,
  );
  const input = bytesOf(source, 'input') ?? Buffer.alloc(0);
  const weight = readWeight(source, input);
  const hasTools =
    tools !== undefined && tools[0] === 0x5b && !/^\[\s*\]$/.test(tools.toString('latin1', 0, 64));
  const frame = framePerItem * (1 + count(input, '"type"') + count(input, '"role"'));
  return {
    ...promptNeeds(weight, { written, tools: hasTools, frame }),
    tools: hasTools,
    jsonSchema: asObject(asObject(values['text'])['format'])['type'] === 'json_schema',
    reasoning: asksReasoning(values['reasoning']),
    answers: 1,
    openRouterOnly: openRouterOnly(values, tools),
    later: new ReadLater({
      unbounded: () =>
        (values['prompt'] === undefined ? undefined : 'prompt: kept by the provider') ??
        weight.unbounded ??
        hostedTool(() => valueOf(source, 'tools')),
      cacheWrites: () => cacheWrites([input, tools, bytesOf(source, 'instructions')]),
    }),
  };
}

/** A summary alone asks for nothing: agents send it with every request, to models that think and to others. */
function asksReasoning(reasoning: JsonValue | undefined): boolean {
  const { effort, enabled, max_tokens: budget } = asObject(reasoning);
  return typeof effort === 'string' ? effort !== 'none' : enabled === true || typeof budget === 'number';
}

/** The items that may be, or may hold, something else than text. */
const marks = [
  'input_image',
  'computer_screenshot',
  'input_file',
  'input_audio',
  'input_video',
  'item_reference',
];

function readWeight(source: Source, input: Buffer): Weight {
  return input[0] === 0x5b && marks.some((mark) => input.includes(`"${mark}"`))
    ? weigh(valueOf(source, 'input') as JsonValue, 'input')
    : plainWeight(input.length);
}

function count(bytes: Buffer, mark: string): number {
  let found = 0;
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + mark.length)) found++;
  return found;
}
