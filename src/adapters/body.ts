/** Reads request bodies: bounded each and all together, decoded, and never slower than they come. */
import type { IncomingMessage } from 'node:http';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { Transform } from 'node:stream';
import { refuse } from '../core/problem.ts';

const megabyte = 1024 * 1024;
/** Agent requests with images reach tens of megabytes. */
export const maxBodyBytes = 64 * megabyte;
/** All bodies in memory at one time. A request over it is asked to come again. */
const maxAllBytes = 512 * megabyte;

let held = 0;

/** A body in memory; `release` returns its share of the budget, once. */
export type Body = { readonly bytes: Buffer; release(): void };

const decoders: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
]);

/** Reads and decodes the body. Rejects with Refused: too large, unknown or broken encoding, cut off, no memory. */
export function readBody(request: IncomingMessage): Promise<Body> {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() || 'identity';
  const decode = decoders.get(encoding);
  if (encoding !== 'identity' && !decode) {
    return Promise.reject(
      refuse(
        'unsupported_encoding',
        `The content-encoding ${encoding.slice(0, 40)} is not understood: send gzip, br, zstd, deflate or none.`,
      ),
    );
  }
  const type = request.headers['content-type'];
  if (type !== undefined && !/^(application\/([\w.+-]+\+)?json|text\/plain)\b/i.test(type)) {
    return Promise.reject(
      refuse(
        'unsupported_content_type',
        `The content-type ${type.slice(0, 60)} is not understood: send application/json.`,
      ),
    );
  }
  if (Number(request.headers['content-length']) > maxBodyBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => collect(request, decode?.(), { resolve, reject }));
}

function tooLarge(): Error {
  return refuse('body_too_large', `The request body is larger than ${maxBodyBytes / megabyte} MB.`);
}

type Settle = { resolve(body: Body): void; reject(error: Error): void };

function collect(request: IncomingMessage, decoder: Transform | undefined, settle: Settle): void {
  const source = decoder ? request.pipe(decoder) : request;
  const chunks: Buffer[] = [];
  let size = 0;
  let over = false;
  const finish = (result: Error | undefined): void => {
    if (over) return;
    over = true;
    if (result) {
      held -= size;
      request.unpipe();
      decoder?.destroy();
      settle.reject(result);
      return;
    }
    settle.resolve(bodyOf(chunks, size));
  };
  source.on('data', (chunk: Buffer) => {
    if (over) return;
    size += chunk.length;
    held += chunk.length;
    chunks.push(chunk);
    if (size > maxBodyBytes) finish(tooLarge());
    else if (held > maxAllBytes)
      finish(
        refuse('busy', 'The gateway is reading as many request bodies as it has memory for.', {
          retryAfter: 1,
        }),
      );
  });
  source.on('end', () => finish(undefined));
  request.on('error', () => finish(refuse('body_incomplete', 'The request body broke off.')));
  request.on('close', () => {
    if (!request.complete) finish(refuse('body_incomplete', 'The request body broke off.'));
  });
  decoder?.on('error', () => {
    if (!request.complete && request.destroyed)
      finish(refuse('body_incomplete', 'The request body broke off.'));
    else
      finish(
        refuse(
          'invalid_request',
          'The request body cannot be decoded: it does not match its content-encoding.',
        ),
      );
  });
}

function bodyOf(chunks: readonly Buffer[], size: number): Body {
  let released = false;
  const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
  return {
    bytes,
    release: () => {
      if (!released) held -= size;
      released = true;
    },
  };
}
