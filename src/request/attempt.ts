/**
 * One upstream call, from the first byte sent to the first content or the failure. A small state machine fed by
 * the exchange; it reaches its verdict exactly once, and whatever comes later changes nothing.
 *
 * connecting → waiting → starting → flowing   a stream; `starting` holds events back until there is content
 *                      → collecting           a whole answer
 *                      → refusal              an error status whose body is being read
 *                      → over
 */
import { classify, type ErrorReply, type Failure, type Sent } from '../core/failure.ts';
import type { Draft } from '../core/optional.ts';
import type { Timeouts } from '../core/snapshot.ts';
import { BadAnswer, type AnswerFacts, type StreamTranslator, type WholeAnswer } from '../dialects/dialect.ts';
import { SseReader, type SseEvent } from '../dialects/sse.ts';
import type { Breakage, Cancel, Clock, Exchange, Upstream, UpstreamCall, UpstreamSink } from '../ports.ts';
import { isErrorBody, maxErrorBytes } from './error-body.ts';

/** What an attempt needs to know. */
export type AttemptOrder = {
  readonly call: UpstreamCall;
  readonly stream: boolean;
  readonly translator: StreamTranslator;
  readonly whole: (body: Buffer) => WholeAnswer;
  readonly timeouts: Timeouts;
  readonly firstTokenMs: number;
  readonly sent: Sent;
};

export type Verdict =
  | { readonly kind: 'whole'; readonly answer: WholeAnswer }
  /** Content has arrived; the stream waits to be consumed. */
  | { readonly kind: 'stream'; readonly stream: OpenStream }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** How a stream that had begun came to its end. */
export type StreamEnd =
  | { readonly kind: 'complete' }
  | { readonly kind: 'broken'; readonly failure: Failure };

export type StreamConsumer = { out(bytes: Uint8Array): void; ended(end: StreamEnd): void };

export type OpenStream = {
  readonly translator: StreamTranslator;
  /** Delivers what was held back, then everything as it comes. Once. */
  consume(consumer: StreamConsumer): void;
  pause(): void;
  resume(): void;
};

/** What is known of a call, whatever became of it. Durations in ms since it began. */
export type CallFacts = AnswerFacts & {
  readonly status: number;
  readonly firstTokenMs?: number;
  /** True once the request was written: from then on it may be billed. */
  readonly written: boolean;
  /** Nobody waited for it any longer, and it was read to its end all the same. */
  readonly drained?: true;
};

/** An answer larger than this is no model output. */
const maxAnswerBytes = 64 * 1024 * 1024;
/** After the last event the upstream closes by itself, which keeps its connection usable; if not, we do. */
const lingerMs = 1_000;
/** A refusal's body comes with its head; one that dawdles is judged by what has come. */
const refusalMs = 1_000;

type Phase = 'connecting' | 'waiting' | 'starting' | 'flowing' | 'collecting' | 'refusal' | 'over';

export class Attempt implements UpstreamSink {
  readonly verdict: Promise<Verdict>;
  readonly #order: AttemptOrder;
  readonly #clock: Clock;
  readonly #began: number;
  readonly #exchange: Exchange;
  readonly #sse = new SseReader();
  #stopTotal: Cancel = () => undefined;
  #stopTimer: Cancel = () => undefined;
  #stopLinger: Cancel = () => undefined;
  #decide: (verdict: Verdict) => void = () => undefined;
  #phase: Phase = 'connecting';
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #chunks: Buffer[] = [];
  #size = 0;
  #held: Uint8Array[] = [];
  #end: StreamEnd | undefined;
  #consumer: StreamConsumer | undefined;
  #firstToken: number | undefined;
  #written = false;
  #lastData = 0;
  #answer: WholeAnswer | undefined;
  #committed = false;
  /** Why nobody waits for it any longer: it is read on for its usage alone, and fails with this in any case. */
  #left: Failure | undefined;
  #drained = false;
  /** Nobody waits, and the answer is complete: how fast its client reads holds up nothing any longer. */
  #lingers = false;

  constructor(order: AttemptOrder, upstream: Upstream, clock: Clock) {
    this.#order = order;
    this.#clock = clock;
    this.#began = clock.ticks();
    this.verdict = new Promise((resolve) => {
      this.#decide = resolve;
    });
    // A whole answer has its own time, most often within the total: then there is nothing more to watch.
    const { connect, response, total } = order.timeouts;
    if (order.stream || connect + response + refusalMs > total)
      this.#stopTotal = clock.after(total, () => this.#fail(timedOut('the answer was not complete in time')));
    this.#exchange = upstream.send(order.call, this);
    // On a connection that was kept the request has been written by now.
    if (this.#phase === 'connecting') this.#arm(connect, 'no connection');
  }

  /** Nobody wants the answer any longer: closes the upstream at once. */
  cancel(failure: Failure): void {
    // A client that leaves when the answer is complete has been served: only the usage is waited for.
    if (this.#phase === 'flowing' && this.#order.translator.finished()) {
      this.#lingers = true;
      this.#arm(lingerMs, 'no usage');
      // It may have read slowly, too.
      this.#exchange.resume();
    } else this.#fail(failure);
  }

  /** Nobody wants the answer any longer, and it is billed all the same: reads on for its usage, at most so long. */
  drain(failure: Failure, ms: number): void {
    if (this.#phase === 'over') return;
    const finished = this.#phase === 'flowing' && this.#order.translator.finished();
    if (!this.#written || this.#phase === 'refusal' || finished) return this.cancel(failure);
    this.#left = failure;
    this.#held = [];
    this.#arm(ms, 'no end');
    this.#exchange.resume();
  }

  facts(): CallFacts {
    const answer = this.#answer?.facts ?? this.#order.translator.facts();
    const facts: Draft<CallFacts> = { ...answer, status: this.#status, written: this.#written };
    if (this.#firstToken !== undefined) facts.firstTokenMs = this.#firstToken;
    if (this.#drained) facts.drained = true;
    return facts;
  }

  connected(): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'waiting';
    this.#written = true;
    if (this.#order.stream) this.#arm(this.#order.firstTokenMs, 'no first token');
    else this.#arm(this.#order.timeouts.response, 'no answer');
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    if (this.#phase !== 'connecting' && this.#phase !== 'waiting') return;
    this.#status = status;
    this.#headers = headers;
    if (status < 200 || status >= 300) this.#awaitRefusal();
    else if (this.#order.stream && headers['content-type']?.includes('event-stream') === true)
      this.#phase = 'starting';
    else this.#phase = 'collecting';
  }

  data(chunk: Buffer): void {
    this.#lastData = this.#clock.ticks();
    switch (this.#phase) {
      case 'starting':
      case 'flowing':
        this.#guard(() => this.#events(this.#sse.push(chunk)));
        return;
      case 'collecting':
        this.#collect(chunk, maxAnswerBytes);
        return;
      case 'refusal':
        this.#collect(chunk, Infinity);
        if (this.#size >= maxErrorBytes) this.#refuseCollected();
        return;
      case 'connecting':
      case 'waiting':
      case 'over':
        return;
    }
  }

  end(): void {
    if (this.#phase === 'refusal')
      this.#refuse(Buffer.concat(this.#chunks).toString('utf8', 0, maxErrorBytes));
    else if (this.#phase === 'collecting') this.#guard(() => this.#finishWhole(joined(this.#chunks)));
    else if (this.#phase === 'starting' || this.#phase === 'flowing') this.#guard(() => this.#finishStream());
    else if (this.#phase !== 'over')
      this.#fail({ class: 'connection', status: 0, message: 'closed without an answer' });
  }

  broken(breakage: Breakage): void {
    this.#stopLinger();
    if (breakage.kind === 'unreachable') this.#written = false;
    this.#fail({ class: 'connection', status: this.#status, message: breakage.message });
  }

  #events(events: readonly SseEvent[]): void {
    const pieces: Uint8Array[] = [];
    let last = false;
    for (const event of events) {
      const step = this.#order.translator.event(event);
      if (step.error) return this.#fail(this.#classified(step.error), pieces);
      if (step.out) pieces.push(step.out);
      if (step.content && this.#phase === 'starting') this.#commit();
      last = step.last;
      if (last) break;
    }
    if (pieces.length > 0) this.#deliver(pieces);
    if (last) this.#settle();
  }

  #deliver(pieces: Uint8Array[]): void {
    if (this.#left) return;
    if (!this.#consumer) {
      this.#held.push(...pieces);
      return;
    }
    this.#consumer.out(pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces));
  }

  #commit(): void {
    this.#phase = 'flowing';
    if (this.#left) return;
    this.#committed = true;
    this.#firstToken = this.#clock.ticks() - this.#began;
    this.#watchIdle(this.#order.timeouts.idle);
    this.#decide({
      kind: 'stream',
      stream: {
        translator: this.#order.translator,
        consume: (consumer) => this.#consume(consumer),
        // A client that reads slowly is no silence of the endpoint.
        pause: () => {
          if (this.#lingers) return;
          this.#stopTimer();
          this.#exchange.pause();
        },
        resume: () => {
          if (this.#phase !== 'flowing' || this.#left || this.#lingers) return;
          this.#lastData = this.#clock.ticks();
          this.#watchIdle(this.#order.timeouts.idle);
          this.#exchange.resume();
        },
      },
    });
  }

  #consume(consumer: StreamConsumer): void {
    const held = this.#held;
    this.#consumer = consumer;
    this.#held = [];
    if (held.length > 0) this.#deliver(held);
    if (this.#end) consumer.ended(this.#end);
  }

  /** The upstream closed: an event without its blank line still counts. */
  #finishStream(): void {
    const rest = this.#sse.end();
    if (rest) this.#events([rest]);
    if (this.#phase === 'starting' || this.#phase === 'flowing') this.#settle();
  }

  #settle(): void {
    if (this.#phase === 'flowing' && this.#order.translator.finished()) return this.#complete();
    const message = this.#phase === 'starting' ? 'the stream was empty' : 'the stream ended in the middle';
    this.#fail({ class: 'server_error', status: this.#status, message });
  }

  #finishWhole(body: Buffer): void {
    if (body.length === 0)
      return this.#fail({ class: 'server_error', status: this.#status, message: 'the answer was empty' });
    if (this.#order.stream || isErrorBody(body)) return this.#refuse(body.toString('utf8', 0, maxErrorBytes));
    this.#answer = this.#order.whole(body);
    if (this.#left) return this.#drainedBy(this.#left);
    this.#firstToken = this.#clock.ticks() - this.#began;
    this.#over();
    this.#decide({ kind: 'whole', answer: this.#answer });
  }

  /** The status says enough; a body that does not end is not waited for. */
  #awaitRefusal(): void {
    this.#phase = 'refusal';
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(refusalMs, () => this.#refuseCollected());
  }

  #refuseCollected(): void {
    this.#refuse(Buffer.concat(this.#chunks).toString('utf8', 0, maxErrorBytes));
  }

  #refuse(body: string): void {
    this.#fail(this.#classified({ status: this.#status, headers: this.#headers, body }));
  }

  #classified(reply: ErrorReply): Failure {
    return classify(reply, this.#order.sent, this.#clock.now());
  }

  #collect(chunk: Buffer, most: number): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > most)
      this.#fail({ class: 'server_error', status: this.#status, message: 'the answer is too large' });
  }

  #complete(undelivered: Uint8Array[] = []): void {
    if (undelivered.length > 0) this.#deliver(undelivered);
    const exchange = this.#exchange;
    const left = this.#left;
    this.#stopLinger = this.#clock.after(lingerMs, () => exchange.cancel());
    if (left) return this.#drainedBy(left);
    this.#over();
    this.#conclude({ kind: 'complete' });
  }

  #drainedBy(left: Failure): void {
    this.#drained = true;
    this.#over();
    this.#broke(left);
  }

  #broke(failure: Failure): void {
    if (this.#committed) this.#conclude({ kind: 'broken', failure });
    else this.#decide({ kind: 'failed', failure: { ...failure, status: failure.status || this.#status } });
  }

  /** What came before the failure in the same chunk still goes out. */
  #fail(failure: Failure, undelivered: Uint8Array[] = []): void {
    if (this.#phase === 'over') return;
    const flowing = this.#phase === 'flowing';
    // Whatever happens after the dialect's own sign of the end changes nothing: the answer is complete.
    if (flowing && this.#order.translator.finished()) return this.#complete(undelivered);
    if (flowing && undelivered.length > 0) this.#deliver(undelivered);
    this.#over();
    this.#exchange.cancel();
    this.#broke(this.#left ?? failure);
  }

  #conclude(end: StreamEnd): void {
    this.#end = end;
    this.#consumer?.ended(end);
  }

  #over(): void {
    this.#phase = 'over';
    this.#stopTimer();
    this.#stopTotal();
  }

  #arm(ms: number, what: string): void {
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(ms, () => this.#fail(timedOut(`${what} within ${ms} ms`)));
  }

  /** One timer that looks back when it fires, instead of one re-armed for every chunk. */
  #watchIdle(ms: number): void {
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(ms, () => {
      const idle = this.#clock.ticks() - this.#lastData;
      if (idle >= this.#order.timeouts.idle)
        this.#fail(timedOut(`nothing came for ${this.#order.timeouts.idle} ms`));
      else this.#watchIdle(this.#order.timeouts.idle - idle);
    });
  }

  /** An answer that the codec cannot read is this endpoint's failure, whatever is wrong with it. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof BadAnswer && error.reply) return this.#fail(this.#classified(error.reply));
      const known = error instanceof BadAnswer || error instanceof RangeError;
      // Any other error may quote the answer, which belongs in no record.
      this.#fail({
        class: 'server_error',
        status: this.#status,
        message: known ? error.message : 'the answer cannot be read',
      });
    }
  }
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  return first && chunks.length === 1 ? first : Buffer.concat(chunks);
}

function timedOut(message: string): Failure {
  return { class: 'timeout', status: 0, message };
}
