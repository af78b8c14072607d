/** The emulated vendors' HTTP API: route, read, decide, play. Every vendor lives under a path of its own name. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { cost, type Price } from '../core/price.ts';
import { zero } from '../core/money.ts';
import { nothing } from '../core/usage.ts';
import { readPrompt } from './anthropic-ask.ts';
import { anthropicWire } from './anthropic-wire.ts';
import { answer } from './answer.ts';
import { BadAsk, type Ask } from './ask.ts';
import type { Books } from './bill.ts';
import type { Directory, Listing } from './directory.ts';
import type { FaultBoard } from './faults.ts';
import { embeddingsWire, geminiEmbeddingsWire } from './embeddings-wire.ts';
import { geminiWire } from './gemini-wire.ts';
import { dict, parse, type Dict } from './json.ts';
import { openaiWire } from './openai-wire.ts';
import { play, sendJson, type Turn } from './play.ts';
import { responsesWire } from './responses-wire.ts';
import type { PromptCache } from './prompt-cache.ts';
import type { Pace } from './pump.ts';
import { scriptFor, type FailureKind, type Script } from './script.ts';
import { tokensOf, type FailureDetails, type Wire } from './wire.ts';

/** What all requests share. */
export type Stage = {
  readonly directory: Directory;
  readonly faults: FaultBoard;
  readonly cache: PromptCache;
  readonly books: Books;
  readonly pace: Pace;
};

/** Bodies above this are answered with 413. */
const mostBytes = 64 * 1_024 * 1_024;

/** One request on its way. */
type Call = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly wire: Wire;
  readonly vendor: string;
  readonly requestId: string;
};

export function listener(stage: Stage): RequestListener {
  return (request, response) => {
    handle(stage, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  };
}

async function handle(stage: Stage, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, vendor = '', path = ''] = /^\/([^/?]+)\/v1(?:beta)?(\/[^?]*)/.exec(request.url ?? '') ?? [];
  const requestId = `req_${randomBytes(12).toString('hex')}`;
  const call: Call = { request, response, wire: wireOf(path, request), vendor, requestId };
  const generate = request.method === 'POST' ? generateContent.exec(path) : null;
  if (generate) {
    const [, id = '', stream] = generate;
    const inPath = { model: decodeURIComponent(id), stream: stream === 'streamG' };
    return withBody(call, (body) => converse(stage, call, { ...body, ...inPath }));
  }
  switch (`${request.method} ${path}`) {
    case 'GET /models':
      return sendJson(response, 200, headersOf(call), call.wire.models(vendor, stage.directory.list(vendor)));
    case 'POST /messages/count_tokens':
      return withBody(call, (body) => countTokens(call, body));
    case 'POST /messages':
    case 'POST /chat/completions':
    case 'POST /responses':
    case 'POST /embeddings':
      return withBody(call, (body) => converse(stage, call, body));
    default:
      return refuse(call, 'unknown_route');
  }
}

/** Gemini's model and whether to stream stand in the path. */
const generateContent = /^\/models\/([^/:]+):(?:(streamG|g)enerateContent|batchEmbedContents)$/;

function wireOf(path: string, request: IncomingMessage): Wire {
  if (path.startsWith('/chat/')) return openaiWire;
  if (path === '/responses') return responsesWire;
  if (path === '/embeddings') return embeddingsWire;
  if (path.endsWith(':batchEmbedContents')) return geminiEmbeddingsWire;
  if (path.startsWith('/models/') || request.url?.includes('/v1beta/') === true) return geminiWire;
  return path.startsWith('/messages') || 'anthropic-version' in request.headers ? anthropicWire : openaiWire;
}

/** Reads the body and answers for what the vendor would refuse in it. */
async function withBody(call: Call, use: (body: Dict) => void): Promise<void> {
  const source = await readBody(call.request);
  if (source === 'gone' || call.response.destroyed) return;
  if (source === 'too_large') return refuse(call, 'too_large');
  const body = parse(source.toString());
  if (body === undefined) return refuse(call, 'invalid_request', { message: 'The body is not valid JSON.' });
  try {
    use(dict(body));
  } catch (error) {
    if (!(error instanceof BadAsk)) throw error;
    refuse(call, 'invalid_request', {
      message: error.message,
      ...(error.param ? { param: error.param } : {}),
    });
  }
}

/** A body that is too large is read to its end all the same, so that the client gets to see the refusal. */
async function readBody(request: IncomingMessage): Promise<Buffer | 'too_large' | 'gone'> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length <= mostBytes) chunks.push(chunk);
    }
  } catch {
    return 'gone';
  }
  return length > mostBytes ? 'too_large' : Buffer.concat(chunks);
}

function countTokens({ response, ...call }: Call, body: Dict): void {
  const input_tokens = readPrompt(body).prompt.reduce((sum, { tokens }) => sum + tokens, 0);
  sendJson(response, 200, headersOf(call), { input_tokens });
}

/** Decides what happens to a request that a vendor would accept, and lets it happen. */
function converse(stage: Stage, call: Call, body: Dict): void {
  const at = Date.now();
  const ask = call.wire.read(body, call.vendor, call.request.headers);
  const listing = stage.directory.find(call.vendor, ask.model);
  const script = scriptFor(stage.faults.take(listing.slug), ask.stream, stage.pace);
  play(call.response, script, prepare(stage, call, { ask, listing, script, at }));
}

type Scene = { readonly ask: Ask; readonly listing: Listing; readonly script: Script; readonly at: number };

function prepare(stage: Stage, call: Call, { ask, listing, script, at }: Scene): Turn {
  const { wire, vendor } = call;
  const answers = script.act === 'answer';
  const prompt = answers ? wire.cached(stage.cache, `${vendor}/${ask.model}`, ask, at) : noPrompt;
  const choices = answers ? answer(ask) : [];
  const id = answers ? wire.newId(vendor) : call.requestId;
  const details = { vendor, requestId: call.requestId, model: ask.model };
  const read: Turn['read'] = (said) => {
    const usage = wire.usage(prompt, said, vendor);
    return { usage, cost: charge(listing.price, usage, at) };
  };
  return {
    stream: ask.stream,
    tokens: tokensOf(choices),
    transcript: wire.transcript({ id, vendor, at, ask, choices, prompt }),
    headers: headersOf(call),
    failure: (kind) => wire.failure(kind, details),
    errorEvent: () => wire.errorEvent(wire.failure('overloaded', details).body),
    read,
    settle(ending, said) {
      // Nothing said, nothing billed, unless the answer was complete.
      const due = ending === 'ok' || said.length > 0 ? read(said) : { usage: nothing, cost: zero };
      const truth = ending === 'cut' && said.length === 0 ? 'failed' : ending;
      stage.books.enter({ id, vendor, model: listing.slug, at, ending: truth, ...due });
    },
  };
}

const noPrompt = { input: 0, cacheRead: 0, cacheWrite: 0, cacheWrite1h: 0 };

function charge(
  price: Price | undefined,
  usage: Parameters<typeof cost>[1],
  at: number,
): ReturnType<typeof cost> {
  return price ? cost(price, usage, at) : zero;
}

function headersOf({ wire, requestId }: Pick<Call, 'wire' | 'requestId'>): Readonly<Record<string, string>> {
  return { [wire.requestIdHeader]: requestId };
}

/** Refuses what never got as far as a model; nothing is entered into the books. */
function refuse(call: Call, kind: FailureKind, more: Partial<FailureDetails> = {}): void {
  const { wire, vendor, requestId, response } = call;
  const { status, body } = wire.failure(kind, { vendor, requestId, model: '', ...more });
  sendJson(response, status, headersOf(call), body);
}
