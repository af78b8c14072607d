/** The Responses API as an inbound dialect. */
import type { JsonObject } from '../../core/snapshot.ts';
import type {
  AnswerIdentity,
  Dialect,
  Outgoing,
  PartReader,
  StreamTranslator,
  WholeAnswer,
} from '../dialect.ts';
import type { Part } from '../../core/conversation.ts';
import { parseJson } from '../json-source.ts';
import { heartbeat } from '../sse.ts';
import { readConversation } from './conversation.ts';
import { responsesError, responsesErrorEvent } from './error.ts';
import { passAnswer, ResponsesPass } from './pass.ts';
import { guarded, readResponses } from './read.ts';
import { mergedRequest, spliceResponses } from './splice.ts';
import { nameTools, toldNames } from './tool-names.ts';
import { responsesAnswer, ResponsesWriter, type Asked } from './write.ts';

/** The request as it goes out, merged with its preset. */
function requestOf(out: Outgoing): JsonObject {
  return guarded(() => parseJson(mergedRequest(out)) as JsonObject);
}

function askedIn(out: Outgoing | undefined): Asked | undefined {
  if (!out) return undefined;
  const request = requestOf(out);
  return { request, names: toldNames(nameTools(request['tools'])) };
}

/**
 * `write` and `writeWhole` take the request too: with it, the calls of freeform and namespaced tools are told under
 * the names that the client gave them, and settings are told back. Without it they are calls of plain functions.
 */
export const responsesDialect = {
  api: 'responses',
  sameWire: 'openai-responses',
  read: readResponses,
  splice: (out) => guarded(() => spliceResponses(out)),
  conversation: (out) => readConversation(requestOf(out), out.merged.outputCap),
  pass: (identity) => new ResponsesPass(identity),
  passWhole: passAnswer,
  write: (identity: AnswerIdentity, reader: PartReader, out?: Outgoing): StreamTranslator =>
    new ResponsesWriter(identity, reader, askedIn(out)),
  writeWhole: (parts: readonly Part[], identity: AnswerIdentity, out?: Outgoing): WholeAnswer =>
    responsesAnswer(parts, identity, askedIn(out)),
  error: responsesError,
  errorEvent: responsesErrorEvent,
  heartbeat,
} as const satisfies Dialect;
