/** Embeddings on Gemini's wire: batchEmbedContents. Facts: Gemini API reference, Embeddings. */
import { asObject } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonValue } from '../../core/snapshot.ts';
import { BadAnswer, type EmbeddingCodec } from '../dialect.ts';
import { parseAnswer } from '../json-answer.ts';
import { readGeminiUsage } from './usage.ts';

export const geminiEmbeddings: EmbeddingCodec = {
  path: ({ providerModel }) => `/models/${encodeURI(providerModel)}:batchEmbedContents`,
  request: (texts, { providerModel }, dimensions) => ({
    requests: texts.map((text) => ({
      model: `models/${providerModel}`,
      content: { parts: [{ text }] },
      ...optional('outputDimensionality', dimensions),
    })),
  }),
  read(body) {
    const answer = parseAnswer(body);
    const embeddings = answer['embeddings'];
    if (!Array.isArray(embeddings) || embeddings.length === 0)
      throw new BadAnswer('the answer has no embeddings');
    return {
      vectors: embeddings.map((one: JsonValue) => numbers(asObject(one)['values'])),
      ...optional('usage', readGeminiUsage(asObject(answer['usageMetadata']))),
    };
  },
};

function numbers(values: JsonValue | undefined): readonly number[] {
  const list = Array.isArray(values) ? values.filter((value) => typeof value === 'number') : [];
  if (list.length === 0) throw new BadAnswer('an embedding of the answer has no values');
  return list;
}
