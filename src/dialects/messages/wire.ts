/** The `anthropic` wire: Anthropic's Messages API as an upstream. */
import type { WireCodec } from '../dialect.ts';
import { AnthropicReader, readAnthropicAnswer } from './answer.ts';
import { writeAnthropic } from './request.ts';

/** The API version whose events the reader understands; the client's own header takes its place. */
const anthropicVersion = '2023-06-01';

export const anthropicWire: WireCodec = {
  wire: 'anthropic',
  address: () => ({ path: '/messages', headers: { 'anthropic-version': anthropicVersion } }),
  request: writeAnthropic,
  reader: () => new AnthropicReader(),
  readWhole: readAnthropicAnswer,
};
