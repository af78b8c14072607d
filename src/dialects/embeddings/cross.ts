/** Embeddings at a wire that is not OpenAI's: texts go there, vectors come back, in OpenAI's shape for the client. */
import { optional } from '../../core/optional.ts';
import { refuse } from '../../core/problem.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { promptTokens } from '../../core/usage.ts';
import { writeChatUsage } from '../chat/usage.ts';
import {
  BadAnswer,
  type AnswerIdentity,
  type Embedding,
  type EmbeddingCodec,
  type Outgoing,
  type WholeAnswer,
} from '../dialect.ts';
import { valueOf } from '../json-source.ts';

/** Keys that are carried, or that mean nothing to the vectors. */
const understood: ReadonlySet<string> = new Set([
  'model',
  'input',
  'dimensions',
  'encoding_format',
  'user',
  'preset',
  'models',
  'route',
  'provider',
]);

/** Throws Refused where the input is tokens: they are those of another vocabulary. */
export function embedElsewhere({ ask, merged, endpoint }: Outgoing, codec: EmbeddingCodec): Embedding {
  const texts = textsOf(valueOf(ask.source, 'input'));
  const chosen = (key: string): unknown => merged.set[key] ?? ask.values[key];
  const dimensions = chosen('dimensions');
  const packed = chosen('encoding_format') === 'base64';
  const body = codec.request(texts, endpoint, typeof dimensions === 'number' ? dimensions : undefined);
  return {
    path: codec.path(endpoint),
    body: [Buffer.from(JSON.stringify(body))],
    warnings: [...ask.keys.keys()]
      .filter((key) => !understood.has(key))
      .map((key) => `"${key}" cannot be carried to this provider and was dropped`),
    whole: (bytes, identity) => answerOf(codec.read(bytes), { identity, packed, expected: texts.length }),
  };
}

function textsOf(input: unknown): readonly string[] {
  const list = Array.isArray(input) ? input : [input];
  const texts = list.filter((item) => typeof item === 'string');
  if (texts.length === list.length && texts.length > 0) return texts;
  throw refuse('invalid_request', '"input" must be a text or an array of texts for this model.', {
    param: 'input',
  });
}

type Shape = { readonly identity: AnswerIdentity; readonly packed: boolean; readonly expected: number };

function answerOf(
  { vectors, usage }: ReturnType<EmbeddingCodec['read']>,
  { identity, packed, expected }: Shape,
): WholeAnswer {
  if (vectors.length !== expected) throw new BadAnswer('the answer has another number of embeddings');
  const head: JsonObject = {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: packed ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : vector,
    })),
    model: identity.model,
  };
  return {
    facts: { ...optional('usage', usage), outputSeen: 0 },
    compose: (bill) => {
      const tokens = promptTokens(bill.usage);
      const told = writeChatUsage(bill, { prompt_tokens: tokens, total_tokens: tokens });
      return [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"usage":${told}}`)];
    },
  };
}
