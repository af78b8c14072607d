/**
 * `POST /messages/count_tokens`: how many tokens a request would have. A primary of Anthropic's is asked; for any
 * other, or when it cannot say, the number is estimated. Nothing is held, nothing is billed, nothing is recorded.
 */
import { makePlan, type PlanStep } from '../core/chain.ts';
import { asCount, asObject } from '../core/json.ts';
import { optional } from '../core/optional.ts';
import { problem, Refused, type Problem } from '../core/problem.ts';
import { resolve, type Route } from '../core/resolve.ts';
import type { Ask } from '../core/ask.ts';
import type { Key, Snapshot } from '../core/snapshot.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { readSource, splice } from '../dialects/json-source.ts';
import type { Cancel, Reply, UpstreamCall, World } from '../ports.ts';
import { conversationOf } from './conversation.ts';
import { authenticate, type Digest, type Headers } from './authenticate.ts';
import { prepare } from './prepare.ts';
import { retryHeaders } from './respond.ts';
import { routeFacts } from './route-facts.ts';

/** Agents ask two dozen times at once, and wait. */
const patienceMs = 10_000;
const mostBytes = 64 * 1_024;

/** What Anthropic counts; any other key of a request is refused there. */
const counted: ReadonlySet<string> = new Set(
  'model messages system tools tool_choice thinking output_config cache_control context_management mcp_servers'.split(
    ' ',
  ),
);

type Inbound = { readonly dialect: Dialect; readonly headers: Headers; body(): Promise<Buffer> };
type Gateway = { readonly world: World; readonly snapshot: Snapshot; readonly digest: Digest };

/** Answers the request. Never rejects. */
export async function countTokens(inbound: Inbound, reply: Reply, gateway: Gateway): Promise<void> {
  const { world } = gateway;
  const id = world.ids.generation();
  try {
    const tokens = await count(inbound, gateway, { reply, id });
    send(reply, 200, { 'request-id': id }, { input_tokens: tokens });
  } catch (error) {
    if (!(error instanceof Refused)) world.fault(error, id);
    const told: Problem =
      error instanceof Refused
        ? error.problem
        : problem('internal', 'Something went wrong inside the gateway.');
    send(
      reply,
      told.status,
      { 'request-id': id, ...retryHeaders(told) },
      inbound.dialect.error(told, [], id),
    );
  }
}

type Visit = { readonly reply: Reply; readonly id: string };

async function count(inbound: Inbound, gateway: Gateway, visit: Visit): Promise<number> {
  const { snapshot, digest, world } = gateway;
  const at = world.clock.now();
  const key = authenticate(inbound.headers, snapshot, { digest, now: at });
  const ask = inbound.dialect.read(await inbound.body());
  const seed = (): string => conversationOf(ask, inbound.headers, digest) ?? ask.user ?? visit.id;
  const route = resolve(ask, key, snapshot, routeFacts(ask, inbound.headers, at, seed));
  const { health } = world;
  const input = { ask, route, workspace: key.workspace, snapshot, now: at, ...optional('health', health) };
  const [first] = makePlan(input).steps;
  if (first?.endpoint.wire !== 'anthropic') return ask.needs.promptTokens;
  const call = callFor({ inbound, gateway, ask, route, key, at, id: visit.id }, first);
  return (await exchange(call, world, visit.reply)) ?? ask.needs.promptTokens;
}

type Context = {
  readonly inbound: Inbound;
  readonly gateway: Gateway;
  readonly ask: Ask;
  readonly route: Route;
  readonly key: Key;
  readonly at: number;
  readonly id: string;
};

/** The request as it would be sent, without what says how to answer. */
function callFor({ inbound, gateway, ask, route, key, at, id }: Context, step: PlanStep): UpstreamCall {
  const { call } = prepare(
    {
      generation: id,
      at,
      dialect: inbound.dialect,
      ask,
      route,
      workspace: key.workspace,
      signatures: gateway.world.signatures,
      headers: inbound.headers,
      ownProviders: gateway.snapshot.providers,
      contact: undefined,
      thread: { name: () => undefined, hasCacheToLose: () => false },
      counted: () => Promise.resolve(undefined),
    },
    step,
  ).order;
  const source = readSource(Buffer.concat(call.body));
  const others = [...source.members.keys()].filter((name) => !counted.has(name));
  return {
    ...call,
    url: `${call.url}/count_tokens`,
    headers: { ...call.headers, accept: 'application/json' },
    body: splice(source, new Map(others.map((name) => [name, undefined]))),
  };
}

/** The provider's number, or undefined when it cannot say in time. */
function exchange(call: UpstreamCall, world: World, reply: Reply): Promise<number | undefined> {
  return new Promise((settle) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let status = 0;
    let stop: Cancel = () => undefined;
    const done = (tokens?: number): void => {
      stop();
      settle(tokens);
    };
    const running = world.upstream.send(call, {
      connected: () => undefined,
      head: (code) => {
        status = code;
      },
      data: (chunk) => {
        size += chunk.length;
        if (size <= mostBytes) chunks.push(chunk);
      },
      end: () => done(status === 200 ? tokensIn(Buffer.concat(chunks)) : undefined),
      broken: () => done(),
    });
    const abandon = (): void => {
      running.cancel();
      done();
    };
    stop = world.clock.after(patienceMs, abandon);
    reply.gone(abandon);
  });
}

function tokensIn(body: Buffer): number | undefined {
  try {
    return asCount(asObject(JSON.parse(body.toString('utf8')))['input_tokens']);
  } catch {
    return undefined;
  }
}

function send(
  reply: Reply,
  status: number,
  headers: Readonly<Record<string, string>>,
  value: Readonly<Record<string, unknown>>,
): void {
  const body = Buffer.from(JSON.stringify(value));
  reply.head(status, {
    ...headers,
    'content-type': 'application/json',
    'content-length': String(body.length),
    'cache-control': 'no-store',
  });
  reply.end(body);
}
