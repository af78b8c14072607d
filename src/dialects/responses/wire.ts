/** The `openai-responses` wire as an upstream. */
import type { WireCodec } from '../dialect.ts';
import { readResponsesAnswer, ResponsesReader } from './answer.ts';
import { writeResponses } from './request.ts';

export const responsesWire: WireCodec = {
  wire: 'openai-responses',
  address: () => ({ path: '/responses', headers: {} }),
  request: writeResponses,
  reader: () => new ResponsesReader(),
  readWhole: readResponsesAnswer,
};
