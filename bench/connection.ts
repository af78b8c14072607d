/** Hand-made HTTP on sockets, so that the load generator costs little: what is written, and how answers are checked. */
import { connect, type Socket } from 'node:net';
import { AnswerReader, type Answer } from './answer-reader.ts';
import type { Order } from './messages.ts';
import { requestBody } from './traffic.ts';

/** `tokens` for a stream of that many. */
export function requestBytes({ port, path, headers, model, size }: Order, tokens?: number): Buffer {
  const body = requestBody({ model, size, ...(tokens === undefined ? {} : { tokens }) });
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Throws where an answer is not what was ordered; `tokens` is what a stream must have brought. */
export function check({ status, head, body }: Answer, { expect }: Order, tokens?: number): void {
  if (status !== 200) throw new Error(`status ${status}: ${body.slice(0, 300)}`);
  for (const [name, value] of Object.entries(expect))
    if (!head.includes(`\r\n${name}: ${value}`)) throw new Error(`no ${name}: ${value} in ${head}`);
  const ended =
    tokens === undefined
      ? body.startsWith('{') && body.endsWith('}') && body.includes('"finish_reason":"stop"')
      : body.endsWith('data: [DONE]\n\n') && countTokens(body) === tokens;
  if (!ended) throw new Error(`an answer is not complete: …${body.slice(-300)}`);
}

export function countTokens(body: string): number {
  return body.split('"content":" token"').length - 1;
}

export type Connection = { readonly socket: Socket; readonly failed: Promise<never> };

/** Opens a connection whose answers go to `whole` and `part`; what goes wrong on it rejects `failed`. */
export async function open(
  port: number,
  sink: ConstructorParameters<typeof AnswerReader>[0],
): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const reader = new AnswerReader(sink);
  const failed = new Promise<never>((_resolve, reject) => {
    socket.on('error', reject);
    socket.on('end', () => reject(new Error(`the connection was closed: ${reader.unfinished()}`)));
    socket.on('data', (bytes: Buffer) => {
      try {
        reader.push(bytes);
      } catch (error) {
        reject(error);
      }
    });
  });
  failed.catch(() => undefined);
  await Promise.race([new Promise<void>((resolve) => socket.once('connect', resolve)), failed]);
  return { socket, failed };
}
