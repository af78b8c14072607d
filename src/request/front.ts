/**
 * The client's side of one request: its head is sent once, heartbeats keep it alive until then, and a problem
 * takes the form that the moment allows: an error answer before the head, one error event after it.
 */
import type { Problem } from '../core/problem.ts';
import { statusFor } from '../core/refusal.ts';
import type { AnswerIdentity, Dialect } from '../dialects/dialect.ts';
import type { Cancel, Clock, Reply } from '../ports.ts';
import { metadataOf } from './metadata.ts';
import { retryHeaders, routingHeaders, type Cost, type OutHeaders } from './respond.ts';
import { servedBy, type Trail } from './trail.ts';

/** Clients and proxies give up on silent connections; half a minute is common. */
const heartbeatMs = 15_000;

const eventStream: OutHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
};
const json: OutHeaders = { 'content-type': 'application/json' };

export class Front {
  readonly #reply: Reply;
  readonly #clock: Clock;
  readonly #trail: Trail;
  readonly #dialect: Dialect;
  #headSent = false;
  #stopHeartbeat: Cancel = () => undefined;

  constructor(reply: Reply, clock: Clock, trail: Trail, dialect: Dialect) {
    this.#dialect = dialect;
    this.#reply = reply;
    this.#clock = clock;
    this.#trail = trail;
  }

  /** For streams: a comment every 15 s until the first event, with a head that says the server is not known yet. */
  keepAlive(): void {
    this.#stopHeartbeat = this.#clock.after(heartbeatMs, () => {
      if (!this.#headSent)
        this.#head(200, { ...eventStream, ...this.#routing(), 'x-spillway-pending': 'true' });
      this.#reply.write(this.#dialect.heartbeat);
      this.keepAlive();
    });
  }

  /** Opens the event stream; what serves is known. */
  openStream(): void {
    this.#stopHeartbeat();
    if (!this.#headSent) this.#head(200, { ...eventStream, ...this.#routing() });
  }

  /** Sends a whole JSON answer. */
  whole(pieces: readonly Uint8Array[], cost: Cost): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const headers = routingHeaders(this.#trail, this.#clock.ticks(), cost);
    headers['content-type'] = 'application/json';
    headers['content-length'] = String(length);
    this.#head(200, headers);
    this.#reply.end(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
  }

  problem(told: Problem): void {
    const problem = { ...told, status: statusFor(told, this.#dialect.api, this.#trail.originator) };
    this.#stopHeartbeat();
    const failed = this.#trail.attempts.filter(({ outcome }) => outcome !== 'ok');
    if (this.#headSent) {
      this.#reply.write(this.#dialect.errorEvent(problem, failed, this.identity()));
      this.#reply.abort();
      return;
    }
    const body = Buffer.from(
      JSON.stringify({
        ...this.#dialect.error(problem, failed, this.#trail.id),
        ...(this.#trail.wantsMetadata ? { openrouter_metadata: metadataOf(this.#trail) } : {}),
      }),
    );
    this.#head(problem.status, {
      ...json,
      'content-length': String(body.length),
      ...this.#routing(),
      ...retryHeaders(problem),
    });
    this.#reply.end(body);
  }

  /** How the answer is named in the client's dialect. */
  identity(): AnswerIdentity {
    const served = servedBy(this.#trail);
    return {
      generation: this.#trail.answerId ?? this.#trail.id,
      model: served?.model ?? this.#trail.route?.requested ?? '',
      created: Math.floor(this.#trail.at / 1_000),
      answers: this.#trail.ask?.needs.answers ?? 1,
    };
  }

  close(): void {
    this.#stopHeartbeat();
  }

  #routing(): OutHeaders {
    return routingHeaders(this.#trail, this.#clock.ticks());
  }

  #head(status: number, headers: OutHeaders): void {
    this.#headSent = true;
    this.#reply.head(status, headers);
  }
}
