/** The golden files: one file per case, what goes in beside what is expected of it for every pair of dialects. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Wire } from '../../src/core/catalog.ts';
import { asObject } from '../../src/core/json.ts';
import { optional } from '../../src/core/optional.ts';
import type { JsonObject, JsonValue } from '../../src/core/snapshot.ts';
import type { AnswerFacts, Dialect } from '../../src/dialects/dialect.ts';
import { embeddingsDialect } from '../../src/dialects/embeddings/dialect.ts';
import { code } from '../../src/dialects/table.ts';
import { conversing, eventsIn, onItsWay, plainly, tell, tellWhole, type Conversing } from './crossing.ts';

const folder = join(import.meta.dirname, '../golden');

/** A case, and the topic it is about: its file's name up to the first full stop. */
export type Case<T> = { readonly file: string; readonly topic: string; readonly golden: T };

/** The cases in a folder below `test/golden`. */
export function casesIn<T>(path: string): readonly Case<T>[] {
  return readdirSync(join(folder, path)).map((file) => ({
    file: `${path}/${file}`,
    topic: file.split('.')[0] ?? '',
    golden: JSON.parse(readFileSync(join(folder, path, file), 'utf8')) as T,
  }));
}

export const inbound = { ...conversing, embeddings: embeddingsDialect } as const satisfies Record<
  string,
  Dialect
>;
export type Inbound = keyof typeof inbound;

/** A client's request, and what each wire is sent for it. */
export type GoldenRequest = {
  readonly about: string;
  /** Signatures and the like that were issued where the request goes. */
  readonly kept?: readonly string[];
  readonly request: JsonObject;
  readonly expected: Readonly<Record<Wire, SentRequest | Unsupported>>;
};

export type SentRequest = {
  readonly path: string;
  readonly body: JsonValue;
  readonly warnings: readonly string[];
};
/** A pair that does not exist, or a request that cannot cross: why. */
export type Unsupported = { readonly unsupported: string };

/** The models that stand for each wire: what Claude and Gemini take depends on which of them it is. */
const models: Readonly<Record<Wire, string>> = {
  'openai-chat': 'raw-1',
  'openai-responses': 'raw-1',
  anthropic: 'claude-sonnet-4-5',
  gemini: 'gemini-2.5-flash',
};

/** What the wire is sent. */
export function requestOf(
  dialect: Inbound,
  { request, kept }: GoldenRequest,
  wire: Wire,
): SentRequest | Unsupported {
  const keeps = (signature: string): boolean => kept?.includes(signature) === true;
  try {
    const out = onItsWay(inbound[dialect], request, { wire, model: models[wire], keeps });
    const { path, body, warnings } = code(inbound[dialect], out);
    return { path, body: JSON.parse(Buffer.concat(body).toString()) as JsonValue, warnings };
  } catch (error) {
    if (error instanceof Error) return { unsupported: error.message };
    throw error;
  }
}

/** An upstream's answer, streamed and whole, and what clients of each dialect get of it. */
export type GoldenAnswer = {
  readonly about: string;
  /** The data of each event. */
  readonly stream: readonly JsonValue[];
  readonly whole: JsonObject;
  /** What the gateway knows of it in the end: the tokens in disjoint buckets, why it ended. */
  readonly facts: Known;
  readonly expected: Readonly<Record<Conversing, ToldAnswer>>;
};

export type Known = Pick<AnswerFacts, 'usage' | 'finish' | 'nativeFinish'>;
export type ToldAnswer = { readonly stream: readonly JsonValue[]; readonly whole: JsonValue };

/** What a client of the dialect gets, and what is known of the answer, streamed and whole. */
export function answerOf(
  dialect: Conversing,
  { stream, whole }: Pick<GoldenAnswer, 'stream' | 'whole'>,
  wire: Wire,
): { readonly told: ToldAnswer; readonly facts: readonly Known[] } {
  const coded = plainly(dialect, wire);
  const told = tell(coded, eventsIn([Buffer.from(stream.map(frameOf).join(''))]));
  const { body, facts } = tellWhole(coded, whole);
  const events = eventsIn([Buffer.from(told.raw)]).map(({ data }) => dataOf(data));
  return {
    told: {
      stream: [...events, ...(told.error === undefined ? [] : [told.error])],
      whole: withoutOurs(JSON.parse(body) as JsonValue),
    },
    facts: [known(told.facts), known(facts)],
  };
}

function known({ usage, finish, nativeFinish }: AnswerFacts): Known {
  return {
    ...optional('usage', usage),
    ...optional('finish', finish),
    ...optional('nativeFinish', nativeFinish),
  };
}

function frameOf(data: JsonValue): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

function dataOf(data: Buffer): JsonValue {
  const text = data.toString();
  return text === '[DONE]' ? text : withoutOurs(JSON.parse(text) as JsonValue);
}

/** Members of a response that tell of the answer; the others repeat the request's settings. */
const ofTheAnswer: ReadonlySet<string> = new Set(
  'id object created_at status error incomplete_details model output usage'.split(' '),
);
/** The bill, which every answer gets in the same way. */
const ofTheBill: ReadonlySet<string> = new Set(['cost', 'is_byok', 'cost_details', 'spillway']);

function withoutOurs(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((one: JsonValue) => withoutOurs(one));
  if (typeof value !== 'object' || value === null) return value;
  const object = asObject(value);
  const entries = Object.entries(object)
    .filter(([key]) => object['object'] !== 'response' || ofTheAnswer.has(key))
    .map(([key, one]) => [key, key === 'usage' ? withoutBill(one) : withoutOurs(one)]);
  return Object.fromEntries(entries) as JsonObject;
}

function withoutBill(usage: JsonValue): JsonValue {
  if (usage === null) return null;
  return Object.fromEntries(Object.entries(asObject(usage)).filter(([key]) => !ofTheBill.has(key)));
}
