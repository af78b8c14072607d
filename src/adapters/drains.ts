/** The answers that are read on after their clients left: how many at most, and that a shutdown ends them. */
import type { Drains } from '../ports.ts';

export type OpenDrains = Drains & {
  readonly running: number;
  /** Lets nobody in any longer, stops all, and waits until each has been settled. */
  end(): Promise<void>;
};

/** Each keeps a connection to its provider, what it holds of limits, and its request's body. */
const mostAtOnce = 1_000;
/** What was stopped is settled within moments; a shutdown does not hang on what is not. */
const graceMs = 2_000;

export function openDrains(most = mostAtOnce): OpenDrains {
  const running = new Set<() => void>();
  let closed = false;
  let emptied = (): void => undefined;
  return {
    get running() {
      return running.size;
    },
    enter(stop) {
      if (closed || running.size >= most) return undefined;
      running.add(stop);
      return () => {
        running.delete(stop);
        if (running.size === 0) emptied();
      };
    },
    async end() {
      closed = true;
      if (running.size === 0) return;
      const over = new Promise<void>((resolve) => {
        emptied = resolve;
        setTimeout(resolve, graceMs).unref();
      });
      for (const stop of running) stop();
      await over;
    },
  };
}
