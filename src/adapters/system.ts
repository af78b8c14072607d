/** The real clock, dice and digest. */
import { hash, randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Clock, Ids } from '../ports.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  ticks: () => performance.now(),
  after: (ms, fire) => {
    const timer = setTimeout(fire, ms);
    return () => clearTimeout(timer);
  },
};

/** Sortable by time: 10 characters of milliseconds, then 96 random bits. */
export const systemIds: Ids = {
  generation: () => `gen-${Date.now().toString(36).padStart(9, '0')}${randomText()}`,
};

/** Random bytes are drawn in one go for many ids: a system call each would cost more than the rest of an id. */
const poolIds = 256;
const bytesPerId = 12;
let pool = Buffer.alloc(0);
let drawn = 0;

function randomText(): string {
  if (drawn >= pool.length) {
    pool = randomBytes(poolIds * bytesPerId);
    drawn = 0;
  }
  drawn += bytesPerId;
  return pool.toString('hex', drawn - bytesPerId, drawn);
}

/** SHA-256 in hex. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}
