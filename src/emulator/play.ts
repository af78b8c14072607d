/** Acts out a script on an open response. Each request is settled exactly once, whoever ends it. */
import type { ServerResponse } from 'node:http';
import type { Ending } from '../core/record.ts';
import { startPump } from './pump.ts';
import type { AnswerEnding, FailureKind, Script } from './script.ts';
import type { Reading, Token, Transcript } from './wire.ts';

/** A request whose turn has come. */
export type Turn = {
  readonly stream: boolean;
  readonly tokens: readonly Token[];
  readonly transcript: Transcript;
  /** Headers of every answer. */
  readonly headers: Readonly<Record<string, string>>;
  failure(kind: FailureKind): { readonly status: number; readonly body: object };
  errorEvent(): string;
  /** What the answer used when so much of it has been said. */
  read(said: readonly Token[]): Reading;
  /** Enters it into the books. */
  settle(ending: Ending, said: readonly Token[]): void;
};

export function play(response: ServerResponse, script: Script, turn: Turn): void {
  switch (script.act) {
    case 'fail':
      return fail(response, script, turn);
    case 'reply':
      turn.settle('failed', []);
      response
        .writeHead(script.status, { ...turn.headers, 'content-type': script.contentType })
        .end(script.body);
      return;
    case 'reset':
      turn.settle('failed', []);
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      response.once('close', () => turn.settle('client_gone', []));
      if (script.head) response.writeHead(200, { ...turn.headers, ...eventStream }).flushHeaders();
      return;
    case 'answer':
      return perform(response, script, turn);
  }
}

export function sendJson(response: ServerResponse, status: number, headers: object, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json',
    'content-length': bytes.length,
  });
  response.end(bytes);
}

const eventStream = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

function fail(response: ServerResponse, script: Extract<Script, { act: 'fail' }>, turn: Turn): void {
  turn.settle('failed', []);
  const { status, body } = turn.failure(script.failure);
  const wait = script.retryAfter === undefined ? {} : { 'retry-after': String(script.retryAfter) };
  sendJson(response, script.status ?? status, { ...turn.headers, ...wait }, body);
}

/** How far an answer has got. */
type Progress = { read(): Reading; settle(ending: Ending): Reading };

function perform(response: ServerResponse, script: Extract<Script, { act: 'answer' }>, turn: Turn): void {
  const tokens = turn.tokens.slice(0, script.tokens);
  let said = 0;
  let settled = false;
  const progress: Progress = {
    read: () => turn.read(tokens.slice(0, said)),
    settle(ending) {
      settled = true;
      turn.settle(ending, tokens.slice(0, said));
      return progress.read();
    },
  };
  if (turn.stream) openStream(response, script.ending, turn);
  const pump = startPump({
    count: tokens.length,
    pace: script.pace,
    emit(index) {
      said = index + 1;
      const token = tokens[index];
      return token === undefined || !turn.stream || write(response, turn.transcript.token(token));
    },
    done: () => (turn.stream ? endStream : endBody)(response, script.ending, turn, progress),
  });
  response.on('drain', () => pump.resume());
  response.once('close', () => {
    pump.stop();
    if (!settled) progress.settle('client_gone');
  });
}

function openStream(response: ServerResponse, ending: AnswerEnding, turn: Turn): void {
  // A cut ends with the connection, so that the client sees a FIN and nothing else.
  const close = ending === 'cut' ? { connection: 'close' } : {};
  response.writeHead(200, { ...turn.headers, ...eventStream, ...close });
  response.write(turn.transcript.start());
}

/** False = the client is behind. Hidden tokens have no frame. */
function write(response: ServerResponse, frames: string): boolean {
  return frames === '' || response.write(frames);
}

function endStream(response: ServerResponse, ending: AnswerEnding, turn: Turn, progress: Progress): void {
  switch (ending) {
    case 'finish':
      response.end(turn.transcript.end(progress.settle('ok')));
      return;
    case 'error':
      progress.settle('cut');
      response.end(turn.errorEvent());
      return;
    case 'cut':
      progress.settle('cut');
      response.end();
      return;
    case 'stall':
  }
}

/** Of a body that stalls or is cut the first half is sent. */
function endBody(response: ServerResponse, ending: AnswerEnding, turn: Turn, progress: Progress): void {
  if (ending === 'finish')
    return sendJson(response, 200, turn.headers, turn.transcript.whole(progress.settle('ok')));
  const bytes = Buffer.from(JSON.stringify(turn.transcript.whole(progress.read())));
  const head = { ...turn.headers, 'content-type': 'application/json', 'content-length': bytes.length };
  if (ending !== 'stall') progress.settle('cut');
  response.writeHead(200, head).write(bytes.subarray(0, bytes.length / 2), () => {
    if (ending !== 'stall') response.destroy();
  });
}
