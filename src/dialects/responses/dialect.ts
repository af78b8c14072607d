/** The Responses API as an inbound dialect. */
import type { Conversation } from '../../core/conversation.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import type { Dialect, Outgoing } from '../dialect.ts';
import { guarded, parseMerged } from '../json-source.ts';
import { heartbeat } from '../sse.ts';
import { readConversation } from './conversation.ts';
import { responsesError, responsesErrorEvent } from './error.ts';
import { passAnswer, ResponsesPass } from './pass.ts';
import { readResponses } from './read.ts';
import { mergedRequest, spliceResponses, spliceWarnings, uncarried } from './splice.ts';
import { nameTools, toldNames } from './tool-names.ts';
import { responsesAnswer, ResponsesWriter, type Asked } from './write.ts';

/** The request as it goes out, merged with its preset. */
function requestOf(out: Outgoing): JsonObject {
  return parseMerged([guarded(() => mergedRequest(out))]);
}

/** With the request, calls of freeform and namespaced tools are told under the names that the client gave them. */
function askedIn(out: Outgoing): Asked {
  const request = requestOf(out);
  return { request, names: toldNames(nameTools(request['tools'])) };
}

function conversation(out: Outgoing): Conversation {
  const read = readConversation(requestOf(out), out.merged.outputCap);
  return { ...read, warnings: [...uncarried(out.merged.set), ...read.warnings] };
}

export const responsesDialect: Dialect = {
  api: 'responses',
  sameWire: 'openai-responses',
  read: readResponses,
  splice: (out) => guarded(() => spliceResponses(out)),
  spliceWarnings,
  conversation,
  pass: (identity) => new ResponsesPass(identity),
  passWhole: passAnswer,
  write: (identity, reader, out) => new ResponsesWriter(identity, reader, askedIn(out)),
  writeWhole: (parts, identity, out) => responsesAnswer(parts, identity, askedIn(out)),
  error: responsesError,
  errorEvent: responsesErrorEvent,
  heartbeat,
};
