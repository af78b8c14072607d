/** An upstream that answers as the test says, byte for byte, and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export type Asked = {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
};

export type TestUpstream = {
  /** With the version segment. */
  readonly url: string;
  readonly asked: readonly Asked[];
  /** Changes what it does from now on. */
  answer(with_: Answer): void;
};

export type Answer = (response: ServerResponse, asked: Asked) => void;

export async function startUpstream(t: TestContext, first: Answer): Promise<TestUpstream> {
  const asked: Asked[] = [];
  let answer = first;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) };
      asked.push(one);
      answer(response, one);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    answer: (next) => {
      answer = next;
    },
  };
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value));
  };
}

/** A stream of these bytes, written in pieces of `size` bytes. */
export function sse(bytes: Buffer | string, size = Infinity): Answer {
  return (response) => {
    const all = Buffer.from(bytes);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let at = 0; at < all.length; at += size)
      response.write(all.subarray(at, Math.min(all.length, at + size)));
    response.end();
  };
}

/** A complete chat completion. */
export function completion(text: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'upstream-model',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
    ...more,
  };
}
