/** What the messages of a request weigh when some of them are no text: the same parts are found in every dialect. */
import type { Api, Ask, LaterNeeds, Needs } from '../core/ask.ts';
import { asObject, asText } from '../core/json.ts';
import type { CacheWrites } from '../core/price.ts';
import type { JsonObject, JsonValue } from '../core/snapshot.ts';
import { imageTokens, sizeOf } from './image-size.ts';
import { bytesOf } from './json-source.ts';

/** Bytes per token of English and code is close to four; the bound counts every byte as a token. */
const bytesPerToken = 4;

export type Weight = {
  /** UTF-8 bytes of everything but the media's own. */
  readonly textBytes: number;
  readonly images: number;
  readonly imageTokens: number;
  readonly files: number;
  readonly audio: number;
  /** The first part without a proven bound, by its place: `messages[2].content[1]: a document`. */
  readonly unbounded?: string;
};

/** Bytes that are known to be text. */
export function plainWeight(textBytes: number): Weight {
  return { textBytes, images: 0, imageTokens: 0, files: 0, audio: 0 };
}

/** Weighs a parsed value that stands at `path`; what a tool is called with is text, whatever it looks like. */
export function weigh(value: JsonValue | undefined, path: string): Weight {
  const scale: Scale = { ...plainWeight(0), base64: 0 };
  put(value, path, scale);
  const { base64, ...found } = scale;
  return { ...found, textBytes: Buffer.byteLength(JSON.stringify(value) ?? '') - base64 };
}

type Scale = { -readonly [name in keyof Weight]: Weight[name] } & { base64: number };

function put(value: JsonValue | undefined, path: string, scale: Scale): void {
  if (Array.isArray(value))
    (value as readonly JsonValue[]).forEach((item, place) => put(item, `${path}[${place}]`, scale));
  else if (typeof value === 'object' && value !== null) putPart(value as JsonObject, path, scale);
}

function putPart(part: JsonObject, path: string, scale: Scale): void {
  const kind = kindOf(part);
  if (kind === 'image') {
    const data = inline(part);
    scale.images += 1;
    scale.imageTokens += imageTokens(data === undefined ? undefined : sizeOf(data));
    scale.base64 += data?.length ?? 0;
  } else if (kind !== undefined) {
    if (kind === 'a document') scale.files += 1;
    if (kind === 'audio') scale.audio += 1;
    const data = inline(part);
    // A document that comes along is bounded by what the model can read at most; one that lies elsewhere is not.
    if (kind !== 'a document' || data === undefined) scale.unbounded ??= `${path}: ${kind}`;
    scale.base64 += data?.length ?? 0;
  }
  if (asObject(part['audio'])['id'] !== undefined) scale.unbounded ??= `${path}.audio: kept by the provider`;
  for (const key of ['content', 'output']) put(part[key], `${path}.${key}`, scale);
  put(asObject(part['source'])['content'], `${path}.source.content`, scale);
}

const kinds: Readonly<Record<string, string>> = {
  image_url: 'image',
  input_image: 'image',
  computer_screenshot: 'image',
  image: 'image',
  file: 'a document',
  input_file: 'a document',
  document: 'a document',
  container_upload: 'a document',
  input_audio: 'audio',
  video_url: 'a video',
  input_video: 'a video',
  item_reference: 'kept by the provider',
};

/** The words that a request must contain for there to be anything but text in it. */
export const mediaWords: readonly string[] = [...Object.keys(kinds), 'file_data', 'file_id'];

function kindOf(part: JsonObject): string | undefined {
  const type = asText(part['type']);
  const written = ['text', 'content'].includes(asText(asObject(part['source'])['type']));
  return type === 'document' && written ? undefined : Object.hasOwn(kinds, type) ? kinds[type] : undefined;
}

/** The base64 that a part carries, without what stands before it in a `data:` URL. */
function inline(part: JsonObject): string | undefined {
  const source = asObject(part['source']);
  if (source['type'] === 'base64') return asText(source['data']);
  const { image_url: image, file, input_audio: audio, file_data: own } = part;
  const text = [image, asObject(image)['url'], own, asObject(file)['file_data']].find(
    (url) => typeof url === 'string',
  );
  const heard = asObject(audio)['data'];
  if (typeof heard === 'string') return heard;
  const comma = typeof text === 'string' && text.startsWith('data:') ? text.indexOf(';base64,') : -1;
  return comma === -1 ? undefined : asText(text).slice(comma + 8);
}

/** What providers add around a request, and around tools; the latter covers Anthropic's injected prompt. */
const framing = { request: 16, tools: 800 };

/** Tokens of the prompt, estimated and at most. `written`: bytes of everything else that is text; `frame`: tokens. */
export function promptNeeds(
  weight: Weight,
  {
    written,
    tools,
    frame = 0,
  }: { readonly written: number; readonly tools: boolean; readonly frame?: number },
): Pick<Needs, 'promptTokens' | 'promptBound' | 'beside' | 'images' | 'vision' | 'pdf' | 'audio'> {
  const text = weight.textBytes + written;
  const beside = framing.request + frame + (tools ? framing.tools : 0) + weight.imageTokens;
  return {
    promptTokens: Math.ceil(text / bytesPerToken) + beside,
    promptBound: text + beside,
    beside,
    images: weight.images,
    vision: weight.images > 0,
    pdf: weight.files > 0,
    audio: weight.audio > 0,
  };
}

type Readers = { readonly [name in keyof LaterNeeds]: () => LaterNeeds[name] };

/**
 * Reads each when somebody asks for it, and once. A class, for every object literal with getters gets a hidden class
 * of its own, which keeps the request it belongs to until the next full collection: 16 KB each, a fifth of the CPU time.
 */
export class ReadLater implements LaterNeeds {
  readonly #readers: Readers;
  #unbounded: { readonly value: string | undefined } | undefined;
  #cacheWrites: CacheWrites | undefined;

  constructor(readers: Readers) {
    this.#readers = readers;
  }

  get unbounded(): string | undefined {
    return (this.#unbounded ??= { value: this.#readers.unbounded() }).value;
  }

  get cacheWrites(): CacheWrites {
    return (this.#cacheWrites ??= this.#readers.cacheWrites());
  }
}

/** Tools that the caller runs, in every dialect; the provider runs all others, and reads what they bring. */
const ownTools =
  /^(|function|custom|namespace|local_shell|shell|apply_patch|computer_use_preview|computer|tool_search|bash_\d+|text_editor_\d+|computer_\d+|memory_\d+|tool_search_tool_\w+)$/;

/** The first tool that the provider runs without a cap on how often, by its place; also if `read` cannot read them. */
export function hostedTool(read: () => unknown): string | undefined {
  const tools = readable(read);
  if (tools === undefined) return 'tools: cannot be read';
  const place = tools.findIndex((tool) => {
    const { type, max_uses: uses } = asObject(tool);
    return !ownTools.test(asText(type)) && typeof uses !== 'number';
  });
  return place === -1 ? undefined : `tools[${place}]: a tool that the provider runs`;
}

/** Deep inside a large body nothing has been parsed yet, so it may turn out to be no JSON. */
function readable(read: () => unknown): readonly unknown[] | undefined {
  try {
    const tools = read();
    return Array.isArray(tools) ? (tools as readonly unknown[]) : [];
  } catch {
    return undefined;
  }
}

/** Whether anything in these bytes may ask for a cache of one hour, escaped spellings included. */
export function cacheWrites(pieces: readonly (Buffer | undefined)[]): CacheWrites {
  const marks = ['"1h"', '\\u0031', '\\u0068'];
  return pieces.some((piece) => piece && marks.some((mark) => piece.includes(mark))) ? '1h' : '5m';
}

const textKeys: Readonly<Record<Api, readonly string[]>> = {
  chat: ['messages', 'tools', 'functions', 'response_format'],
  responses: ['input', 'tools', 'instructions', 'text'],
  messages: ['system', 'messages', 'tools', 'output_config', 'output_format'],
  embeddings: ['input'],
};

/**
 * The JSON text that `promptBound` takes a token per byte for: what a tokenizer must count to do better. Undefined
 * where base64 stands in it, which no tokenizer would count as the provider does; then the bound by bytes stays.
 */
export function countedText({ api, source, needs }: Ask): readonly Uint8Array[] | undefined {
  if (needs.vision || needs.pdf || needs.audio) return undefined;
  return textKeys[api].flatMap((key) => bytesOf(source, key) ?? []);
}
