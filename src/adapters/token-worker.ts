/** The thread that counts tokens. It remembers pieces it has counted: an agent's prompts repeat nearly all of theirs. */
import { hash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { parentPort } from 'node:worker_threads';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { jsonTokens, sumOfPieces } from '../core/token-guard.ts';
import type { CountAnswer, CountOrder } from './token-counter.ts';

/** Counts remembered, of 4 to 8 KB of text each, by the digest of the text. Least recently used first. */
const remembered = new Map<string, number>();
const mostRemembered = 16_384;

/** What looks like a special token is plain text in a request. */
const plain = { disallowedSpecial: new Set<string>() };
const tokens = (text: string): number => countTokens(text, plain);

function countPiece(piece: Uint8Array): number {
  const key = hash('sha256', piece, 'base64');
  const known = remembered.get(key);
  remembered.delete(key);
  const count =
    known ?? jsonTokens(Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString(), tokens);
  remembered.set(key, count);
  const [oldest] = remembered.size > mostRemembered ? remembered.keys() : [];
  if (oldest !== undefined) remembered.delete(oldest);
  return count;
}

/** What was counted before it grew late is remembered, so asking again gets further. */
function countAll({ bytes, lengths, withinMs }: CountOrder): CountAnswer {
  const until = performance.now() + withinMs;
  let sum = 0;
  let from = 0;
  for (const length of lengths) {
    const count = sumOfPieces(bytes.subarray(from, from + length), (piece) =>
      performance.now() > until ? undefined : countPiece(piece),
    );
    if (count === undefined) return 'late';
    sum += count;
    from += length;
  }
  return sum;
}

function tell(answer: CountAnswer): void {
  parentPort?.postMessage(answer);
}

parentPort?.on('message', (order: CountOrder) => tell(countAll(order)));
tell('ready');
