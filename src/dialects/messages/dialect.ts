/** Anthropic's Messages API as an inbound dialect. */
import type { Dialect } from '../dialect.ts';
import { namedFrame } from '../sse.ts';
import { readConversation } from './conversation.ts';
import { messagesError, messagesErrorEvent } from './error.ts';
import { MessagesPass, passAnswer } from './pass.ts';
import { readMessages } from './read.ts';
import { spliceMessages, spliceWarnings } from './splice.ts';
import { messagesAnswer, MessagesWriter } from './write.ts';

export const messagesDialect: Dialect = {
  api: 'messages',
  sameWire: 'anthropic',
  read: readMessages,
  splice: spliceMessages,
  spliceWarnings,
  conversation: readConversation,
  pass: (identity) => new MessagesPass(identity),
  passWhole: passAnswer,
  write: (identity, reader) => new MessagesWriter(identity, reader),
  writeWhole: messagesAnswer,
  error: messagesError,
  errorEvent: messagesErrorEvent,
  heartbeat: namedFrame('ping', '{"type":"ping"}'),
};
