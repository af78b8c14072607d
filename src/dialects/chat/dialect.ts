/** Chat completions as an inbound dialect. */
import type { Conversation } from '../../core/conversation.ts';
import type { Dialect, Outgoing } from '../dialect.ts';
import type { Preset } from '../../core/snapshot.ts';
import { guarded, parseMerged } from '../json-source.ts';
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
  splice: (out) => guarded(() => spliceChat(out)),
  conversation,
  pass: (identity) => new ChatPass(identity),
  passWhole: passAnswer,
  write: (identity, reader, out) => new ChatWriter(identity, reader, out.endpoint.wire),
  writeWhole: (parts, identity, out) => chatAnswer(parts, identity, out.endpoint.wire),
  error: chatError,
  errorEvent: chatErrorEvent,
  heartbeat,
};

/** The preset's system prompt is put before only now: what is refused is named by its place in the client's own body. */
function conversation(out: Outgoing): Conversation {
  const { systemPrompt: text, ...preset } = out.preset ?? {};
  const bare = out.preset ? { ...out, preset: preset as Preset } : out;
  const request = parseMerged(guarded(() => spliceChat(bare)));
  const read = readConversation(request, out.merged.outputCap);
  if (text === undefined) return read;
  return { ...read, turns: [{ role: 'system', content: [{ type: 'text', text }] }, ...read.turns] };
}
