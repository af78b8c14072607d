/** The `gemini` wire: Google's generateContent as an upstream. */
import type { WireCodec } from '../dialect.ts';
import { GeminiReader, readGeminiAnswer } from './answer.ts';
import { geminiEmbeddings } from './embed.ts';
import { writeGemini } from './request.ts';

export const geminiWire: WireCodec = {
  wire: 'gemini',
  address: ({ providerModel }, stream) => ({
    path: `/models/${encodeURI(providerModel)}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    headers: {},
  }),
  request: writeGemini,
  reader: () => new GeminiReader(),
  readWhole: readGeminiAnswer,
  embeddings: geminiEmbeddings,
};
