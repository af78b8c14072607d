/** One port for everything: health, the data plane, the control plane and the page; and who may come in. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { HttpReply } from './adapters/http-reply.ts';
import { sha256 } from './adapters/system.ts';
import type { Route } from './adapters/server.ts';
import type { Actor } from './control/operations.ts';
import { refuse, type Refused } from './core/problem.ts';
import type { Snapshot } from './core/snapshot.ts';
import { answerData, type DataPlane } from './data-plane.ts';
import { problemAnswer } from './problem-answer.ts';

export type FrontDoor = {
  readonly plane: DataPlane;
  /** Answers the control plane and the page. */
  readonly control: (request: Request) => Promise<Response>;
  /** False until the banner is printed. */
  readonly ready: () => boolean;
  readonly draining: () => boolean;
  /** On loopback only local names may be asked for, else a web page elsewhere could reach in by DNS rebinding. */
  readonly onlyLocalHosts: boolean;
};

/** Routes a request by its path. */
export function openFrontDoor(door: FrontDoor): Route {
  const control = getRequestListener(door.control);
  return (request, response, reply) => {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark === -1 ? url : url.slice(0, mark);
    if (path === '/healthz' || path === '/readyz') return health(door, path, reply);
    if (door.onlyLocalHosts && !isLocalHost(request.headers.host))
      return refuseAtOnce(door, request, reply, foreignHost());
    const data = dataPath(path);
    if (data !== undefined)
      return toDataPlane(door, { request, reply, path: data, query: mark === -1 ? '' : url.slice(mark + 1) });
    if (request.method === 'HEAD' && (path === '/' || path === '/api/hello')) return answerEmpty(response);
    void control(request, response);
  };
}

/** `/v1/x` and `/api/v1/x` → `/x`, `%2F` in ids decoded; undefined for other paths. */
function dataPath(path: string): string | undefined {
  const rest = path.startsWith('/v1/')
    ? path.slice(3)
    : path.startsWith('/api/v1/')
      ? path.slice(7)
      : undefined;
  if (rest === undefined || !rest.includes('%')) return rest;
  try {
    return decodeURIComponent(rest);
  } catch {
    return rest;
  }
}

type Call = {
  readonly request: IncomingMessage;
  readonly reply: HttpReply;
  readonly path: string;
  readonly query: string;
};

function toDataPlane(door: FrontDoor, { request, reply, path, query }: Call): void {
  if (door.draining())
    return refuseAtOnce(
      door,
      request,
      reply,
      refuse('draining', 'The gateway is shutting down.', { retryAfter: 1 }),
    );
  void answerData(door.plane, request, reply, { path, query });
}

function refuseAtOnce(
  { plane }: FrontDoor,
  request: IncomingMessage,
  reply: HttpReply,
  { problem }: Refused,
): void {
  reply.tell(problemAnswer(problem, request, plane.world.ids.generation()));
}

function health({ ready, draining }: FrontDoor, path: string, reply: HttpReply): void {
  const up = ready() && !(path === '/readyz' && draining());
  const body = `{"status":"${up ? 'ok' : ready() ? 'draining' : 'starting'}"}`;
  reply.head(up ? 200 : 503, {
    'content-type': 'application/json',
    'content-length': String(body.length),
    'cache-control': 'no-store',
    ...(up ? {} : { 'retry-after': '1' }),
  });
  reply.end(body);
}

function answerEmpty(response: ServerResponse): void {
  response.writeHead(200).end();
}

function foreignHost(): Refused {
  return refuse(
    'invalid_request',
    'The Host header names another machine: on loopback this gateway answers to localhost, 127.0.0.1 and [::1]. Set HOST to serve other names.',
  );
}

function isLocalHost(host: string | undefined): boolean {
  return host !== undefined && /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
}

/** Secrets that open the control plane, and whom they stand for. */
export type AdminSecrets = { readonly adminKey: string; readonly localToken: string };

/** Who may come in by a key of their own. `now` is epoch ms. */
export type KnownAdmins = { readonly admins: Snapshot['admins']; readonly now: number };

/** Who asks, by bearer token; compared by hash, so that time tells nothing. */
export function actorOf(
  request: Request,
  { adminKey, localToken }: AdminSecrets,
  { admins, now }: KnownAdmins,
): Actor | undefined {
  const given =
    /^bearer\s+(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ??
    request.headers.get('x-api-key');
  if (!given) return undefined;
  if (sameSecret(given, localToken)) return { name: 'local operator', local: true, role: 'owner' };
  if (sameSecret(given, adminKey)) return { name: 'admin', local: false, role: 'owner' };
  const admin = admins.get(sha256(given));
  if (!admin || admin.disabled || (admin.expiresAt ?? Infinity) <= now) return undefined;
  return { name: admin.name, local: false, role: admin.role };
}

function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(a), 'hex'), Buffer.from(sha256(b), 'hex'));
}
