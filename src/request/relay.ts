/**
 * The pump between an upstream's stream and the client. It ends exactly once, with whatever came first: the
 * upstream's end, proper or not, or the client's departure, which cancels the attempt and so breaks the stream.
 * The closing frames wait for the bill, so that the last chunk carries the cost; they are the caller's to write.
 */
import type { Reply } from '../ports.ts';
import type { OpenStream, StreamEnd } from './attempt.ts';

/** Pumps until the end and tells which it was. */
export function relay(stream: OpenStream, reply: Reply): Promise<StreamEnd> {
  return new Promise((resolve) => {
    stream.consume({
      out: (bytes) => {
        if (reply.write(bytes)) return;
        stream.pause();
        reply.drained(() => stream.resume());
      },
      ended: resolve,
    });
  });
}
