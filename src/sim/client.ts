/** A client: writes down what it gets and when, reads slowly, leaves early. */
import type { Departed, Reply } from '../ports.ts';
import type { VirtualClock } from './clock.ts';
import type { RequestPlan } from './universe.ts';

/** What reached the client. Moments are ticks of the clock that never steps back. */
export type Seen = {
  status: number | undefined;
  headers: Readonly<Record<string, string>>;
  headAt: number | undefined;
  /** What came before the head or behind the end, or twice. */
  readonly misuse: string[];
  readonly writes: { readonly at: number; readonly text: string }[];
  ended: 'end' | 'abort' | undefined;
  endedAt: number | undefined;
  leftAt: number | undefined;
  /** It was told that the gateway must stop. */
  stoppedAt: number | undefined;
};

export type Client = { readonly reply: Reply; readonly seen: Seen; depart(why: Departed): void };

export function makeClient(plan: RequestPlan, clock: VirtualClock): Client {
  const seen = nothingSeen();
  let gone: ((why: Departed) => void) | undefined;
  let drained: (() => void) | undefined;
  let full = false;
  let count = 0;
  const over = (): boolean => seen.ended !== undefined || seen.leftAt !== undefined;

  const depart = (why: Departed): void => {
    if (over() || seen.stoppedAt !== undefined) return;
    if (why === 'client') seen.leftAt = clock.ticks();
    else seen.stoppedAt = clock.ticks();
    gone?.(why);
  };
  const leaveAt = (when: 'after' | 'head' | 'content'): void => {
    if (plan.leaves?.when === when) clock.after(plan.leaves.ms, () => depart('client'));
  };
  const write = (chunk: Uint8Array | string | undefined): void => {
    if (chunk === undefined || seen.leftAt !== undefined) return;
    if (seen.headAt === undefined) seen.misuse.push('bytes before the head');
    if (seen.ended) seen.misuse.push('bytes behind the end');
    seen.writes.push({ at: clock.ticks(), text: Buffer.from(chunk).toString() });
    if (++count === 2) leaveAt('content');
  };
  const end = (how: 'end' | 'abort'): void => {
    if (seen.leftAt !== undefined) return;
    if (seen.ended) seen.misuse.push(`${how} behind ${seen.ended}`);
    seen.ended ??= how;
    seen.endedAt ??= clock.ticks();
  };
  const drainLater = (ms: number): void => {
    full = true;
    clock.after(ms, () => {
      full = false;
      const callback = drained;
      drained = undefined;
      if (seen.leftAt === undefined) callback?.();
    });
  };
  const reply: Reply = {
    head(status, headers) {
      if (seen.headAt !== undefined) seen.misuse.push('a second head');
      seen.status ??= status;
      seen.headers = headers;
      seen.headAt ??= clock.ticks();
      leaveAt('head');
    },
    write(chunk) {
      write(chunk);
      if (plan.slow === undefined || seen.leftAt !== undefined) return true;
      if (!full) drainLater(plan.slow);
      return false;
    },
    end(chunk) {
      write(chunk);
      end('end');
    },
    abort: () => end('abort'),
    drained: (callback) => (drained = callback),
    gone: (callback) => (gone = callback),
  };
  leaveAt('after');
  return { reply, seen, depart };
}

function nothingSeen(): Seen {
  return {
    status: undefined,
    headers: {},
    headAt: undefined,
    misuse: [],
    writes: [],
    ended: undefined,
    endedAt: undefined,
    leftAt: undefined,
    stoppedAt: undefined,
  };
}
