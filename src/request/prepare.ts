/** What an attempt at one endpoint will send, and how its answer will be read. Nothing is sent here. */
import type { Ask } from '../core/ask.ts';
import type { PlanStep } from '../core/chain.ts';
import { firstTokenMs } from '../core/patience.ts';
import { once } from '../core/once.ts';
import type { Route } from '../core/resolve.ts';
import type { Endpoint, Provider } from '../core/snapshot.ts';
import type { Counted } from '../core/token-bound.ts';
import type { AnswerIdentity, Dialect, StreamTranslator } from '../dialects/dialect.ts';
import { code } from '../dialects/table.ts';
import type { Signatures } from '../ports.ts';
import type { AttemptOrder } from './attempt.ts';
import type { Headers } from './authenticate.ts';
import type { Thread } from './conversation.ts';

/** What is the same for every attempt of a request. */
export type Request = {
  readonly generation: string;
  /** Epoch ms. */
  readonly at: number;
  readonly dialect: Dialect;
  readonly ask: Ask;
  readonly route: Route;
  readonly workspace: string;
  readonly signatures: Signatures;
  /** The client's headers; an allow-list of them travels. */
  readonly headers: Headers;
  readonly ownProviders: { has(name: string): boolean };
  /** Whom a refusal for money names. */
  readonly contact: string | undefined;
  /** Which conversation this is; read only where something depends on it. */
  readonly thread: Thread;
  /** The exact count of its tokens; made only where a bound by bytes does not fit. */
  readonly counted: () => Promise<Counted | undefined>;
};

export type Prepared = {
  readonly order: AttemptOrder;
  /** What the preset, the model or the wire changed or could not carry. */
  readonly warnings: readonly string[];
  /** True when something the caller sent cannot be carried: `require_parameters` leaves the endpoint out for it. */
  readonly incomplete: boolean;
};

/** A whole answer tells nothing before its end. */
const untold: StreamTranslator = {
  event: () => ({ content: false, last: false }),
  finished: () => false,
  facts: () => ({ outputSeen: 0, outputBytes: 0 }),
  closing: () => new Uint8Array(),
};

/** Prepares an attempt. Throws Refused when the request cannot be understood well enough to cross wires. */
export function prepare(
  request: Request,
  { endpoint, merged, tierDrop }: PlanStep,
  credential = endpoint.provider.credentials[0],
): Prepared {
  const { ask, route, dialect, workspace, signatures } = request;
  const coded = code(dialect, {
    ask,
    merged,
    endpoint,
    preset: route.preset,
    provider: route.provider,
    ownProviders: request.ownProviders,
    keeps: (signature) => signatures.issuerOf(workspace, signature) === issuerOf(endpoint),
    now: request.at,
  });
  const identity: AnswerIdentity = {
    generation: request.generation,
    model: endpoint.model.slug,
    created: Math.floor(request.at / 1_000),
    answers: ask.needs.answers,
  };
  return {
    order: {
      call: {
        method: 'POST',
        url: `${endpoint.provider.baseUrl}${coded.path}`,
        model: endpoint.providerModel,
        headers: headersFor(request, coded.headers, { endpoint, credential }),
        body: coded.body,
      },
      stream: ask.stream,
      translator: ask.stream ? coded.stream(identity) : untold,
      whole: (body) => coded.whole(body, identity),
      timeouts: route.failover.timeouts,
      firstTokenMs: firstTokenMs(route.failover.timeouts, ask.needs),
      sent: { callerKeys: ask.keys, translated: coded.translated, secrets: secretsOf(endpoint.provider) },
    },
    warnings: (tierDrop === undefined ? [] : [tierDrop]).concat(merged.warnings, coded.warnings, coded.notes),
    incomplete: coded.warnings.length > 0,
  };
}

/** Whatever was configured for the provider alone; short values are no secrets and would mask ordinary words. */
const secretsOf = once((provider: Provider): readonly string[] =>
  [...provider.credentials, ...Object.values(provider.headers)].filter((value) => value.length >= 8),
);

/** Signatures are verified by the vendor, whichever account they were made with. */
export function issuerOf({ provider, model }: Endpoint): string {
  return `${provider.catalog}/${model.slug.split('/')[0] ?? ''}`;
}

/** The client's headers that travel, each only to the wire it means something to. Credentials and cookies never do. */
const travelling = ['openai-beta', 'traceparent'];
const travellingToAnthropic = ['anthropic-beta', 'anthropic-version', 'traceparent'];

type Bound = { readonly endpoint: Endpoint; readonly credential: string | undefined };

/** The wire's own, those of the client that travel, the provider's, and its credential; later ones win. */
function headersFor(
  { headers, ask }: Request,
  wires: Readonly<Record<string, string>>,
  { endpoint, credential }: Bound,
): Record<string, string> {
  const out: Record<string, string> = { ...wires };
  for (const name of endpoint.wire === 'anthropic' ? travellingToAnthropic : travelling) {
    const value = headers[name];
    if (value !== undefined) out[name] = value;
  }
  addCredentials(out, endpoint, credential);
  out['content-type'] = 'application/json';
  out['accept'] = ask.stream ? 'text/event-stream' : 'application/json';
  return out;
}

/** The provider's own headers and credential. */
export function credentials(
  endpoint: Endpoint,
  secret = endpoint.provider.credentials[0],
): Record<string, string> {
  const out: Record<string, string> = {};
  addCredentials(out, endpoint, secret);
  return out;
}

function addCredentials(
  out: Record<string, string>,
  { provider }: Endpoint,
  secret: string | undefined,
): void {
  for (const name in provider.headers) out[name] = provider.headers[name] ?? '';
  const { header, scheme } = provider.auth;
  if (secret !== undefined) out[header] = scheme === '' ? secret : `${scheme} ${secret}`;
}
