/**
 * Which requests ended badly for their clients of late: bounded, in memory, digests alone. While a caller has none
 * nothing is looked at; while it has, lengths are compared before anything is hashed.
 */
import { hash } from 'node:crypto';
import type { Retries } from '../ports.ts';

/** Clients come again within seconds, after a `Retry-After` within a minute or so. */
const windowMs = 120_000;
/** Requests of one caller, and callers, at most: the oldest are forgotten. */
const keptOfCaller = 16;
const keptCallers = 5_000;

type Ended = {
  readonly generation: string;
  readonly length: number;
  readonly digest: string;
  readonly until: number;
};

/** `now` is ms on a clock that never steps back. */
export function memoryRetries(now: () => number): Retries {
  const callers = new Map<string, readonly Ended[]>();
  const keep = (caller: string, ended: readonly Ended[]): void => {
    // Deleted first, so that the caller moves behind those that were heard of before it.
    callers.delete(caller);
    if (ended.length > 0) callers.set(caller, ended.slice(-keptOfCaller));
    const [oldest] = callers.keys();
    if (callers.size > keptCallers && oldest !== undefined) callers.delete(oldest);
  };
  const fresh = (caller: string): readonly Ended[] =>
    callers.get(caller)?.filter(({ until }) => now() < until) ?? [];
  const alike = (caller: string, body: Uint8Array): readonly Ended[] => {
    if (!callers.has(caller)) return [];
    const asLong = fresh(caller).filter(({ length }) => length === body.length);
    if (asLong.length === 0) return [];
    const digest = digestOf(body);
    return asLong.filter((ended) => ended.digest === digest);
  };
  return {
    of: (caller, body) => alike(caller, body).at(-1)?.generation,
    note(caller, body, generation) {
      const until = now() + windowMs;
      keep(caller, [...fresh(caller), { generation, length: body.length, digest: digestOf(body), until }]);
    },
    forget(caller, body) {
      const served = new Set(alike(caller, body));
      if (served.size === 0) return;
      keep(
        caller,
        fresh(caller).filter((ended) => !served.has(ended)),
      );
    },
  };
}

function digestOf(body: Uint8Array): string {
  return hash('sha256', body, 'base64');
}
