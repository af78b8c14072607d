/** Lets tokens out at the pace of a model, and no faster than they are read. */

export type Pace = {
  /** Ms before the first token. */
  readonly firstTokenMs: number;
  /** Above 0; Infinity = all at once. */
  readonly tokensPerSecond: number;
};

export type Pump = {
  /** The reader has caught up. */
  resume(): void;
  /** Nothing is let out afterwards, and `done` is not called. */
  stop(): void;
};

export type Flow = {
  readonly count: number;
  readonly pace: Pace;
  /** Lets one token out; false = the reader is behind: wait for `resume`. */
  readonly emit: (index: number) => boolean;
  /** Called once, after the last token. */
  readonly done: () => void;
};

export function startPump({ count, pace, emit, done }: Flow): Pump {
  const interval = Math.max(1, 1_000 / pace.tokensPerSecond);
  let state: 'running' | 'waiting' | 'stopped' = 'running';
  let next = 0;
  let since = performance.now() + pace.firstTokenMs;
  let timer = setTimeout(tick, pace.firstTokenMs);

  function tick(): void {
    for (let due = tokensDue(); due > 0 && next < count && state === 'running'; due--) {
      if (!emit(next++)) state = 'waiting';
    }
    if (state !== 'running') return;
    if (next < count) timer = setTimeout(tick, interval);
    else done();
  }

  /** What the time since the last look allows, at least one token. */
  function tokensDue(): number {
    if (pace.tokensPerSecond === Infinity) return count;
    const elapsed = performance.now() - since;
    since += elapsed;
    return Math.max(1, Math.floor((elapsed * pace.tokensPerSecond) / 1_000));
  }

  return {
    resume() {
      if (state !== 'waiting') return;
      state = 'running';
      since = performance.now();
      timer = setTimeout(tick, interval);
    },
    stop() {
      state = 'stopped';
      clearTimeout(timer);
    },
  };
}
