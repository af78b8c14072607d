/**
 * The upstream of the bench, a process of its own: chat completions on bare sockets, as cheap as can be, so that it
 * is never what is measured. Other ports are dead, each in a way of its own.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { keepClosedPort } from '../src/emulator/closed-port.ts';
import type { MockPorts } from './messages.ts';
import { anthropicEvents, answerBody, refusals, streamEvents, tokensPerSecond } from './traffic.ts';

type Question = { readonly path: string; readonly body: string };
type Answerer = (socket: Socket, question: Question) => void;

const headEnd = Buffer.from('\r\n\r\n');
/** Only the beginning of a body is looked at: whether it is to be streamed, and how long. */
const lookedAt = 400;

/** Reads requests one after the other; of large bodies only the length and the last byte matter. */
function readRequests(socket: Socket, answer: Answerer): void {
  let head = '';
  let missing = -1;
  let chunks: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => {
    chunks.push(bytes);
    if (missing === -1) {
      const all = chunks.length === 1 ? bytes : Buffer.concat(chunks);
      const end = all.indexOf(headEnd);
      if (end === -1) return;
      head = all.toString('latin1', 0, end + 2);
      const length = Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1] ?? 0);
      chunks = [all.subarray(end + headEnd.length)];
      missing = length - (all.length - end - headEnd.length);
    } else missing -= bytes.length;
    if (missing > 0) return;
    const whole = missing === 0 && chunks.at(-1)?.at(-1) === 0x7d;
    const body = Buffer.concat(
      chunks,
      Math.min(
        lookedAt,
        chunks.reduce((sum, { length }) => sum + length, 0),
      ),
    );
    missing = -1;
    chunks = [];
    if (whole) answer(socket, { path: head.split(' ', 2)[1] ?? '', body: body.toString('latin1') });
    else socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n');
  });
  socket.on('error', () => socket.destroy());
}

const good = framed('200 OK', answerBody());
const refused: Readonly<Record<string, string>> = {
  '500': framed('500 Internal Server Error', refusals[500] ?? ''),
  '429': framed('429 Too Many Requests', refusals[429] ?? ''),
};

function framed(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function answerWell(socket: Socket, { path, body }: Question): void {
  const tokens = Number(/"max_tokens":(\d+)/.exec(body)?.[1] ?? 1);
  if (path.endsWith('/messages')) stream(socket, tokens, anthropicFrames);
  else if (/"stream":true/.test(body)) stream(socket, tokens, chatFrames);
  else socket.write(good);
}

type Frames = { readonly first: string; readonly token: string; readonly last: string };

const chatFrames: Frames = {
  first: chunk(streamEvents.first),
  token: chunk(streamEvents.token),
  last: `${chunk(streamEvents.finish)}${chunk(streamEvents.usage)}${chunk(streamEvents.done)}0\r\n\r\n`,
};
const anthropicFrames: Frames = {
  first: chunk(anthropicEvents.first),
  token: chunk(anthropicEvents.token),
  last: `${chunk(anthropicEvents.last)}0\r\n\r\n`,
};

function stream(socket: Socket, tokens: number, frames: Frames): void {
  let sent = 0;
  const begin = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n${frames.first}`;
  // A single token is the first one, and that is what is timed.
  if (tokens === 1) return void socket.write(`${begin}${frames.token}${frames.last}`);
  socket.write(begin);
  const timer = setInterval(() => {
    socket.write(sent < tokens ? frames.token : frames.last);
    if (sent++ === tokens) clearInterval(timer);
  }, 1_000 / tokensPerSecond);
  socket.once('close', () => clearInterval(timer));
}

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

function refuse(socket: Socket, { path }: Question): void {
  socket.write(refused[path.slice(1, 4)] ?? framed('404 Not Found', '{}'));
}

async function listen(answer: Answerer): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => readRequests(socket, answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const ports: MockPorts = {
  good: await listen(answerWell),
  failing: await listen(refuse),
  stalling: await listen(() => undefined),
  closed: (await keepClosedPort()).port,
};
process.send?.(ports);
process.on('disconnect', () => process.exit());
