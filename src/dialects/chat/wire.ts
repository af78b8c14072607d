/** The `openai-chat` wire as an upstream. */
import type { WireCodec } from '../dialect.ts';
import { ChatReader, readChatAnswer } from './answer.ts';
import { writeChat } from './request.ts';

export const chatWire: WireCodec = {
  wire: 'openai-chat',
  address: () => ({ path: '/chat/completions', headers: {} }),
  request: writeChat,
  reader: () => new ChatReader(),
  readWhole: readChatAnswer,
};
