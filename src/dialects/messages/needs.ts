/** What a Messages request needs of an endpoint, read from its bytes: parsed only where there is media in it. */
import type { Needs, Source } from '../../core/ask.ts';
import { asObject, asText } from '../../core/json.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { bytesOf, valueOf } from '../json-source.ts';

/** Bytes per token of English and code is close to four; the bound counts every byte as a token. */
const bytesPerToken = 4;
/** The dearest image of any catalogued model, in tokens. */
const tokensPerImage = 5_000;
/** What providers add around messages and tools; the tool constant covers Anthropic's injected prompt. */
const framing = { request: 16, message: 8, tools: 800 };

/** `values` are the small top-level values. Throws JsonFault. */
export function readNeeds(source: Source, values: JsonObject): Needs {
  const tools = bytesOf(source, 'tools');
  const media = readMedia(source);
  const lengths = ['system', 'tools', 'output_config', 'output_format'].map(
    (key) => bytesOf(source, key)?.length ?? 0,
  );
  const textBytes = lengths.reduce((sum, length) => sum + length, media.textBytes);
  const hasTools =
    tools !== undefined && tools[0] === 0x5b && !/^\[\s*\]$/.test(tools.toString('latin1', 0, 64));
  const frame = framing.request + framing.message * media.messages + (hasTools ? framing.tools : 0);
  const format = asObject(asObject(values['output_config'])['format'] ?? values['output_format']);
  return {
    tools: hasTools,
    vision: media.images > 0,
    pdf: media.files > 0,
    audio: false,
    jsonSchema: format['type'] === 'json_schema',
    reasoning: ['enabled', 'adaptive', 'between_tools'].includes(
      asText(asObject(values['thinking'])['type']),
    ),
    promptTokens: Math.ceil(textBytes / bytesPerToken) + media.images * tokensPerImage + frame,
    promptBound: textBytes + media.images * tokensPerImage + frame,
    answers: 1,
    openRouterOnly: openRouterOnly(values, tools),
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

type Media = { textBytes: number; messages: number; images: number; files: number };

/** Base64 is not text: a request that has any is parsed, wherever in a tool's result it may stand. */
function readMedia(source: Source): Media {
  const bytes = bytesOf(source, 'messages') ?? Buffer.alloc(0);
  const media: Media = { textBytes: bytes.length, messages: count(bytes, '"role"'), images: 0, files: 0 };
  if (bytes.includes('"image"') || bytes.includes('"document"'))
    weigh(valueOf(source, 'messages') as JsonValue, media);
  return media;
}

function weigh(value: JsonValue | undefined, media: Media): void {
  if (Array.isArray(value)) for (const item of value as readonly JsonValue[]) weigh(item, media);
  else if (typeof value === 'object' && value !== null) weighBlock(value as JsonObject, media);
}

function weighBlock(block: JsonObject, media: Media): void {
  const source = asObject(block['source']);
  const image = block['type'] === 'image';
  const file = block['type'] === 'document' && source['type'] !== 'text' && source['type'] !== 'content';
  if (image) media.images += 1;
  if (file) media.files += 1;
  if ((image || file) && source['type'] === 'base64') media.textBytes -= asText(source['data']).length;
  else weigh(source['content'], media);
  weigh(block['content'], media);
}

function count(bytes: Buffer, mark: string): number {
  let found = 0;
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + mark.length)) found++;
  return found;
}
