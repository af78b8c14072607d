/** The faults that the emulator plays on command, how people name them, and which are armed now. */
import { suggest } from '../core/suggest.ts';

/** What each fault does, for help texts, and the other words that mean it. */
const table = {
  rate_limit: { words: ['429', 'rate'], does: '429 with Retry-After and the vendor’s error body' },
  server_error: { words: ['500'], does: '500 with the vendor’s error body' },
  overloaded: { words: ['529', '503'], does: '529 on the anthropic wire, 503 on openai-chat' },
  html_502: { words: ['502', 'html'], does: '502 with an HTML page, as from a proxy in front' },
  empty_200: { words: ['empty', '200'], does: '200 with nothing in it; a stream without a single event' },
  error_in_stream: { words: ['error'], does: '200, start-up events, then an error before any content' },
  error_after_content: {
    words: ['break'],
    does: 'an error event after some content; 500 when not streaming',
  },
  stall: { words: ['hang', 'timeout'], does: 'takes the request and never answers' },
  stall_mid_stream: { words: ['freeze'], does: 'goes silent after some content' },
  reset: { words: ['rst'], does: 'resets the connection before the answer' },
  refused: { words: ['down'], does: 'nobody listens: the connection is refused' },
  cut: { words: ['truncate'], does: 'ends in mid-answer without a finish' },
  unknown_model: { words: ['404', 'unknown'], does: '404: the model does not exist' },
  out_of_credit: {
    words: ['402', 'credit', 'quota'],
    does: 'out of credit, in the vendor’s own way (402, 429 or 400)',
  },
  slow: { words: ['latency'], does: 'late first token (--delay) and few tokens per second (--tps)' },
} as const satisfies Record<string, { words: readonly string[]; does: string }>;

export type FaultKind = keyof typeof table;

export const faultKinds = Object.keys(table) as readonly FaultKind[];

export type Fault = {
  /** Canonical slug, or `*` for every model that has no fault of its own. */
  readonly model: string;
  readonly kind: FaultKind;
  /** Seconds in `Retry-After` of `rate_limit`; 30 when absent. */
  readonly retryAfter?: number;
  /** Ms before the first token under `slow`; 3,000 when absent. */
  readonly delayMs?: number;
  /** Tokens per second under `slow`; 5 when absent. */
  readonly tokensPerSecond?: number;
  /** Disarms after so many requests. Under `refused` a request is one call of `originFor`. */
  readonly times?: number;
  /** Tokens of content before `error_after_content`, `stall_mid_stream` and `cut`; 5 when absent. */
  readonly afterTokens?: number;
};

/** The fault meant by `word`: a kind, in any case and with `-` for `_`, or an alias such as `429`. */
export function parseFault(word: string): FaultKind | undefined {
  const name = word.trim().toLowerCase().replaceAll('-', '_');
  return faultKinds.find((kind) => kind === name || (table[kind].words as readonly string[]).includes(name));
}

/** The nearest fault name or alias to a word that `parseFault` does not know. */
export function suggestFault(word: string): string | undefined {
  return suggest(
    word,
    faultKinds.flatMap((kind) => [kind, ...table[kind].words]),
  );
}

/** One line for each kind: name, aliases, what happens. */
export const faultHelp: string = faultKinds
  .map((kind) => `${kind.padEnd(20)} ${table[kind].words.join(', ').padEnd(20)} ${table[kind].does}`)
  .join('\n');

/** The faults that are armed, at most one for each model. */
export type FaultBoard = {
  /** Replaces the fault of that model. Throws a RangeError that names the field for numbers that make no sense. */
  set(fault: Fault): void;
  /** Disarms the fault of one model, or every fault; returns how many there were. */
  clear(model?: string): number;
  /** As they stand now: `times` is what is left. */
  list(): readonly Fault[];
  /** The fault that a request for this model would meet. */
  find(model: string): Fault | undefined;
  /** The same, and counts the request against `times`. */
  take(model: string): Fault | undefined;
};

export function faultBoard(): FaultBoard {
  const armed = new Map<string, Fault>();
  const find = (model: string): Fault | undefined => armed.get(model) ?? armed.get('*');
  return {
    find,
    list: () => [...armed.values()],
    set(fault) {
      validate(fault);
      armed.set(fault.model, fault);
    },
    clear(model) {
      if (model !== undefined) return armed.delete(model) ? 1 : 0;
      const count = armed.size;
      armed.clear();
      return count;
    },
    take(model) {
      const fault = find(model);
      if (fault?.times === 1) armed.delete(fault.model);
      else if (fault?.times !== undefined) armed.set(fault.model, { ...fault, times: fault.times - 1 });
      return fault;
    },
  };
}

function validate(fault: Fault): void {
  const { retryAfter, delayMs, tokensPerSecond, times, afterTokens } = fault;
  const whole = (name: string, value: number | undefined, least: number): void => {
    if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
    throw new RangeError(`fault.${name} must be a whole number of at least ${least}, not ${value}`);
  };
  whole('retryAfter', retryAfter, 0);
  whole('delayMs', delayMs, 0);
  whole('times', times, 1);
  whole('afterTokens', afterTokens, 1);
  if (tokensPerSecond !== undefined && !(tokensPerSecond > 0)) {
    throw new RangeError(`fault.tokensPerSecond must be above 0, not ${tokensPerSecond}`);
  }
}
