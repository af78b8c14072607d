/**
 * Everything the gateway knows about providers' errors lives in this file: what a reply means, whether another
 * endpoint may be tried, when to come back. Rows are in order of precedence; each was taught by a captured
 * message (failure.test.ts has them) or by the provider's documentation.
 */
import { asObject, someText } from './json.ts';
import { optional } from './optional.ts';
import { retryAfterMs } from './retry-after.ts';

/** The failure classes; see the table of rules below for what falls into each. */
export type FailureClass =
  /** The request itself is wrong: every endpoint would refuse it. */
  | 'caller'
  /** The endpoint rejects something the caller did not write, or that was translated. */
  | 'unsupported'
  /** Too long for this model. */
  | 'context'
  | 'moderation'
  | 'auth'
  /** Out of credit or quota: hours, not seconds. */
  | 'quota'
  | 'rate_limit'
  /** Larger than this account's per-minute allowance; waiting does not help. */
  | 'too_large_for_rate'
  | 'overloaded'
  | 'server_error'
  | 'timeout'
  | 'connection'
  | 'model_gone'
  | 'client_gone'
  | 'budget';

export type Failure = {
  readonly class: FailureClass;
  /** HTTP status of the reply; 0 = none. */
  readonly status: number;
  /** The provider's words, shortened. For records; shown to the caller only when the request was at fault. */
  readonly message: string;
  /** The provider's own code or type. */
  readonly code?: string;
  /** The request field that the provider named. */
  readonly param?: string;
  /** When the provider said to come back, in ms; clamped. */
  readonly retryAfterMs?: number;
};

/** A provider's error, read from a reply or from an event inside a stream. */
export type ErrorReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, or the payload of the event; the first 64 KB are enough. */
  readonly body: string;
};

/** What the sender knows about the request that failed. */
export type Sent = {
  /** Top-level keys that the caller wrote. */
  readonly callerKeys: { has(key: string): boolean };
  /** True when the request was translated from another wire. */
  readonly translated: boolean;
  /** What a provider may echo and nobody may see: credentials. */
  readonly secrets: readonly string[];
};

/**
 * May another endpoint be tried? Two facts decide: the failure, and whether any content reached the client.
 * `unsupported` and `too_large_for_rate` always may: another endpoint can have other limits.
 */
export function mayTryNext(
  failure: FailureClass,
  committed: boolean,
  on: ReadonlySet<FailureClass>,
): boolean {
  if (committed) return false;
  switch (failure) {
    case 'caller':
    case 'client_gone':
      return false;
    case 'unsupported':
    case 'too_large_for_rate':
    case 'budget':
      return true;
    default:
      return on.has(failure);
  }
}

/** Reads a provider's refusal, which came at `now` (epoch ms). Pure: the same reply is always the same failure. */
export function classify(reply: ErrorReply, sent: Sent, now: number): Failure {
  const said = readError(reply);
  // Bounded: the patterns below are not linear, and a hostile provider may send megabytes.
  const words = `${said.code ?? ''} ${said.type ?? ''} ${said.message}`.slice(0, 2_000).toLowerCase();
  const status = said.status;
  const rule = rules.find((row) => row.when(status, words, said));
  const found = rule?.class ?? byStatus(status);
  return {
    class: found === 'caller' && blamesUs(said, words, sent) ? 'unsupported' : found,
    status: reply.status,
    message: masked(said.message, sent).slice(0, 500),
    ...optional('code', maskedSome(said.code ?? said.type, sent)),
    ...optional('param', maskedSome(said.param ?? said.field, sent)),
    ...optional('retryAfterMs', waitOf(reply, said, now)),
  };
}

function waitOf({ headers }: ErrorReply, { status, retryDelay }: Said, now: number): number | undefined {
  return retryAfterMs({ headers, ...optional('retryDelay', retryDelay), limited: status === 429, now });
}

function masked(text: string, { secrets }: Sent): string {
  return secrets.reduce((safe, secret) => (secret === '' ? safe : safe.replaceAll(secret, '***')), text);
}

function maskedSome(text: string | undefined, sent: Sent): string | undefined {
  return text === undefined ? undefined : masked(text, sent).slice(0, 200);
}

type Said = {
  readonly status: number;
  readonly message: string;
  readonly type?: string;
  readonly code?: string;
  readonly param?: string;
  /** Of Google's BadRequest, e.g. `generation_config.temperature`: by its own names, whatever the caller's are. */
  readonly field?: string;
  /** Google's RetryInfo, e.g. `34s`. */
  readonly retryDelay?: string;
};

type Rule = {
  readonly class: FailureClass;
  when(status: number, words: string, said: Said): boolean;
};

const clientError = (status: number): boolean => status >= 400 && status < 500;

const tooLong = new RegExp(
  [
    'context[_ ](length|window|limit)|maximum context|(available )?context size',
    '(prompt|input) is too long|too many (input )?tokens|exceeded model token limit',
    "exceeds? the (model'?s )?(maximum|max) (number of )?(input )?tokens|input token count .{0,120} exceeds",
    // Text Generation Inference, and what is built on it; DashScope.
    '`inputs` (tokens|must have less)|range of input length should be',
  ].join('|'),
);

const outOfCredit = new RegExp(
  [
    'insufficient_quota|exceeded_?(your_)?current_quota|exceeded your current quota|spend limit reached',
    'credit balance is too low|insufficient (balance|credits?|funds)|out of credits?',
    'billing_(error|hard_limit_reached|not_active)|arrearage|enable billing|billing account',
    'usage limits?\\b.{0,120}(regain|reached)|(used all|run out of) .{0,80}credits',
  ].join('|'),
);

const rules: readonly Rule[] = [
  // OpenAI `context_length_exceeded`; Anthropic "prompt is too long: N tokens > M maximum"; all others in words.
  { class: 'context', when: (status, words) => clientError(status) && status !== 429 && tooLong.test(words) },
  // 429 "Request too large for gpt-4o … on tokens per min" (OpenAI), the same as a 413 (Groq): waiting does not help.
  {
    class: 'too_large_for_rate',
    when: (status, words) => status === 413 || (status === 429 && words.includes('request too large')),
  },
  // Google answers 429 RESOURCE_EXHAUSTED for both; one that says when to come back is a rate limit.
  { class: 'rate_limit', when: (status, _words, said) => status === 429 && said.retryDelay !== undefined },
  // Anthropic: a 400, or a 429 about a spend limit; DeepSeek: 402; OpenAI and Moonshot: 429; xAI: 403 about credits; Alibaba: 400.
  {
    class: 'quota',
    when: (status, words) => status === 402 || (clientError(status) && outOfCredit.test(words)),
  },
  // Moonshot: its own engine is full, whoever asks.
  {
    class: 'overloaded',
    when: (status, words) => status === 429 && words.includes('engine_overloaded_error'),
  },
  { class: 'rate_limit', when: (status) => status === 429 },
  {
    class: 'moderation',
    when: (status, words) =>
      clientError(status) &&
      /content[_ ]policy|content[_ ]filter|content management policy|moderation|flagged|safety (system|settings)|prohibited_content|data_?inspection_?failed|content exists risk/.test(
        words,
      ),
  },
  // Google: a bad key is a 400 (API_KEY_INVALID). A 403 counts as auth only when it names the key, or whose it is.
  {
    class: 'auth',
    when: (status, words) =>
      status === 401 ||
      ((status === 400 || status === 403) &&
        /api[_ ]key|x-api-key|credentials?\b|authentication_error|invalid_authentication|organization has been disabled/.test(
          words,
        )),
  },
  // Retired or restricted ids come as 404, 410, 403, or as a 400 in words; Google's restriction to countries as well.
  {
    class: 'model_gone',
    when: (status, words) =>
      status === 404 ||
      status === 410 ||
      status === 403 ||
      ((status === 400 || status === 422) &&
        (/\bmodel_(not_found|decommissioned|deprecated)\b|not a valid model|no endpoints found|(invalid|unknown) model\b|location is not supported/.test(
          words,
        ) ||
          /\bmodel\b.{0,120}\b(does not exist|not found|deprecated|retired|decommissioned|no longer (available|supported)|is not (available|supported)|not exist)/.test(
            words,
          ))),
  },
  // "overloaded" and "capacity" come with 503, 529, 500 and inside 200 streams.
  {
    class: 'overloaded',
    when: (status, words) =>
      status >= 500 && /overloaded|over capacity|at capacity|no capacity|capacity exceeded/.test(words),
  },
];

function byStatus(status: number): FailureClass {
  if (status === 503 || status === 529) return 'overloaded';
  if (status === 408 || status === 504 || status === 522 || status === 524) return 'timeout';
  if (status >= 500) return 'server_error';
  return clientError(status) ? 'caller' : 'server_error';
}

/** A 400 that names something the caller did not write, or that was translated, is not the caller's mistake. */
function blamesUs(said: Said, words: string, sent: Sent): boolean {
  const named =
    said.param ??
    said.field ??
    /generatecontentrequest\.([a-z_][\w.[\]]*)/.exec(words)?.[1] ??
    /(?:parameter|argument|field|property|keyword)s?(?: supplied)?(?::\s*[`'"]?|\s+[`'"])([a-z_][\w.[\]]*)/.exec(
      words,
    )?.[1];
  if (named === undefined) return false;
  if (sent.translated) return true;
  // Google names its own fields: the caller's key may stand anywhere in their path, and in camel case.
  const keys = named.match(/[a-z_]\w*/gi)?.map(snakeCase) ?? [named];
  return !(said.field === undefined ? keys.slice(0, 1) : keys).some((key) => sent.callerKeys.has(key));
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Statuses of errors that come inside a 200; Anthropic's types, OpenAI's in streams. */
const statusOfType: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['rate_limit_exceeded', 429],
  ['insufficient_quota', 429],
  ['api_error', 500],
  ['server_error', 500],
  ['timeout_error', 504],
  ['overloaded_error', 529],
]);

function readError(reply: ErrorReply): Said {
  const body = parse(reply.body);
  const error = Array.isArray(body) ? asObject(body[0])['error'] : (asObject(body)['error'] ?? body);
  const type = someText(asObject(error)['type']) ?? someText(asObject(error)['status']);
  const code = asObject(error)['code'];
  return {
    status: reply.status >= 400 ? reply.status : statusInside(code, type),
    message: messageOf(error, body, reply.body),
    ...optional('type', type),
    ...optional('code', typeof code === 'string' ? code : undefined),
    ...optional('param', someText(asObject(error)['param'])),
    ...optional('field', violatedField(asObject(error)['details'])),
    ...optional('retryDelay', retryDelay(asObject(error)['details'])),
  };
}

function statusInside(code: unknown, type: string | undefined): number {
  if (typeof code === 'number' && code >= 400 && code < 600) return code;
  return (
    (typeof code === 'string' ? statusOfType.get(code) : undefined) ?? statusOfType.get(type ?? '') ?? 500
  );
}

function messageOf(error: unknown, body: unknown, raw: string): string {
  const message =
    someText(error) ??
    someText(asObject(error)['message']) ??
    someText(asObject(body)['message']) ??
    someText(asObject(body)['detail']);
  if (message !== undefined) return message;
  const title = /<title>([^<]{1,200})<\/title>/i.exec(raw)?.[1];
  return title ?? raw.slice(0, 500).trim();
}

/** The first that is named: Google tells a field and what is wrong with it. */
function violatedField(details: unknown): string | undefined {
  if (!Array.isArray(details)) return undefined;
  return details
    .flatMap((detail): readonly unknown[] => {
      const violations = asObject(detail)['fieldViolations'];
      return Array.isArray(violations) ? violations : [];
    })
    .map((violation) => someText(asObject(violation)['field']))
    .find((field) => field !== undefined);
}

function retryDelay(details: unknown): string | undefined {
  if (!Array.isArray(details)) return undefined;
  return details
    .map((detail) => someText(asObject(detail)['retryDelay']))
    .find((delay) => delay !== undefined);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
