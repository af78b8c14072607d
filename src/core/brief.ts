/** Which failures are so brief that a warm cache is worth one more try at the same endpoint. Pure. */
import type { Failure } from './failure.ts';

/** Ms. */
const plainPause = 250;
const longestPause = 2_000;
/** A rate limit is left alone for a second at least, whatever its `Retry-After` says. */
const limitedPause = 1_000;

/**
 * How long to wait before the only retry, in ms; undefined = it is no use. A timeout has cost its time already, and a
 * refused credential, an empty account or a model that is gone are not over in a moment.
 */
export function pauseBefore({ class: why, retryAfterMs: asked }: Failure): number | undefined {
  switch (why) {
    case 'rate_limit':
      return asked !== undefined && asked <= longestPause ? Math.max(asked, limitedPause) : undefined;
    case 'overloaded':
    case 'server_error':
    case 'connection':
      return asked === undefined ? plainPause : asked <= longestPause ? asked : undefined;
    default:
      return undefined;
  }
}
