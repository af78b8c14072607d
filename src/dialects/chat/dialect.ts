/** Chat completions as an inbound dialect. */
import type { Dialect } from '../dialect.ts';
import { parseMerged } from '../json-source.ts';
import { heartbeat } from '../sse.ts';
import { readConversation } from './conversation.ts';
import { chatError, chatErrorEvent } from './error.ts';
import { ChatPass, passAnswer } from './pass.ts';
import { readChat } from './read.ts';
import { spliceChat } from './splice.ts';
import { chatAnswer, ChatWriter } from './write.ts';

export const chatDialect: Dialect = {
  api: 'chat',
  sameWire: 'openai-chat',
  read: readChat,
  splice: spliceChat,
  conversation: (out) => readConversation(parseMerged(spliceChat(out)), out.merged.outputCap),
  pass: (identity) => new ChatPass(identity),
  passWhole: passAnswer,
  write: (identity, reader) => new ChatWriter(identity, reader),
  writeWhole: chatAnswer,
  error: chatError,
  errorEvent: chatErrorEvent,
  heartbeat,
};
