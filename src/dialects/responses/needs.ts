/** What a Responses request needs of an endpoint, read from its bytes: parsed only where there is media in it. */
import type { Needs, Source } from '../../core/ask.ts';
import { asObject, asText } from '../../core/json.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { bytesOf, valueOf } from '../json-source.ts';
import { openRouterOnly } from '../openai-fields.ts';

/** Bytes per token of English and code is close to four; the bound counts every byte as a token. */
const bytesPerToken = 4;
/** The dearest image of any catalogued model, in tokens. */
const tokensPerImage = 5_000;
/** What providers add around items and tools. */
const framing = { request: 16, item: 8, tools: 800 };

/** `values` are the small top-level values. Throws JsonFault. */
export function readNeeds(source: Source, values: JsonObject): Needs {
  const tools = bytesOf(source, 'tools');
  const media = readMedia(source);
  const textBytes =
    media.textBytes +
    (tools?.length ?? 0) +
    (bytesOf(source, 'instructions')?.length ?? 0) +
    (bytesOf(source, 'text')?.length ?? 0);
  const hasTools =
    tools !== undefined && tools[0] === 0x5b && !/^\[\s*\]$/.test(tools.toString('latin1', 0, 64));
  const frame = framing.request + framing.item * media.items + (hasTools ? framing.tools : 0);
  return {
    tools: hasTools,
    vision: media.images > 0,
    pdf: media.files > 0,
    audio: media.audio > 0,
    jsonSchema: asObject(asObject(values['text'])['format'])['type'] === 'json_schema',
    reasoning: asksReasoning(values['reasoning']),
    promptTokens: Math.ceil(textBytes / bytesPerToken) + media.images * tokensPerImage + frame,
    promptBound: textBytes + media.images * tokensPerImage + frame,
    answers: 1,
    openRouterOnly: openRouterOnly(values, tools),
  };
}

/** A summary alone asks for nothing: agents send it with every request, to models that think and to others. */
function asksReasoning(reasoning: JsonValue | undefined): boolean {
  const { effort, enabled, max_tokens: budget } = asObject(reasoning);
  return typeof effort === 'string' ? effort !== 'none' : enabled === true || typeof budget === 'number';
}

type Media = {
  readonly textBytes: number;
  readonly items: number;
  readonly images: number;
  readonly files: number;
  readonly audio: number;
};

const kinds: Readonly<Record<string, 'images' | 'files' | 'audio'>> = {
  input_image: 'images',
  computer_screenshot: 'images',
  input_file: 'files',
  input_audio: 'audio',
};

function readMedia(source: Source): Media {
  const input = bytesOf(source, 'input');
  const none = { images: 0, files: 0, audio: 0 };
  if (!input) return { textBytes: 0, items: 0, ...none };
  const plain = input[0] !== 0x5b || !Object.keys(kinds).some((mark) => input.includes(`"${mark}"`));
  if (plain)
    return { textBytes: input.length, items: 1 + count(input, '"type"') + count(input, '"role"'), ...none };
  const items = valueOf(source, 'input') as readonly JsonValue[];
  const found = { ...none };
  let textBytes = 0;
  for (const item of items) {
    const parts = mediaOf(item);
    for (const part of parts) {
      const kind = kinds[asText(part['type'])];
      if (kind) found[kind] += 1;
    }
    // Bytes of media are no text: the item is measured without them.
    textBytes += Buffer.byteLength(JSON.stringify(item)) - parts.reduce((sum, part) => sum + size(part), 0);
  }
  return { textBytes, items: items.length, ...found };
}

/** Parts of a message, or of a tool's output, that are no text. */
function mediaOf(item: JsonValue): readonly JsonObject[] {
  const { content, output } = asObject(item);
  const parts = [content, output].flatMap((list) => (Array.isArray(list) ? list : [asObject(list)]));
  return parts
    .map((part: JsonValue) => asObject(part))
    .filter((part) => Object.hasOwn(kinds, asText(part['type'])));
}

function size(part: JsonObject): number {
  return Buffer.byteLength(JSON.stringify(part));
}

function count(bytes: Buffer, mark: string): number {
  let found = 0;
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + mark.length)) found++;
  return found;
}
