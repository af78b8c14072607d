/** Server-sent events of the control plane. A reader that does not keep up is let go, so memory stays bounded. */
import type { Clock } from '../ports.ts';

const heartbeatMs = 15_000;
/** Events that wait for a slow reader before it is let go. */
const backlog = 1_000;

/** Starts the source of events; returns how to stop it. */
export type Source = (send: (event: object) => void) => () => void;

export type Streams = {
  /** An answer that carries the events of `source` until the reader leaves; undefined once closed. */
  readonly open: (source: Source) => Response | undefined;
  /** Ends every open stream and opens no more: a follower that comes back at once would keep the server up. */
  readonly close: () => void;
};

export function openStreams(clock: Clock): Streams {
  const running = new Set<() => void>();
  let closed = false;
  const headers = {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  };
  return {
    open: (source) => (closed ? undefined : new Response(eventStream(source, clock, running), { headers })),
    close: () => {
      closed = true;
      for (const end of running) end();
    },
  };
}

function eventStream(source: Source, clock: Clock, running: Set<() => void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let stop: () => void = () => undefined;
  const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    let cancelBeat: () => void = () => undefined;
    const end = (): void => {
      stop();
      controller.close();
    };
    const write = (text: string): void => {
      if ((controller.desiredSize ?? 0) < -backlog) end();
      else controller.enqueue(encoder.encode(text));
    };
    const beat = (): void => {
      cancelBeat = clock.after(heartbeatMs, beat);
      write(': still here\n\n');
    };
    const unfollow = source((event) => write(`data: ${JSON.stringify(event)}\n\n`));
    stop = () => {
      running.delete(end);
      cancelBeat();
      unfollow();
    };
    running.add(end);
    beat();
  };
  return new ReadableStream({ start, cancel: () => stop() });
}
