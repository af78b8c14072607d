/** The routes of `/v1` and `/api/v1`, which are the same thing: one that serves, and those that only look. */
import type { IncomingMessage } from 'node:http';
import { readBody, type Body } from './adapters/body.ts';
import type { HttpReply } from './adapters/http-reply.ts';
import { keyView } from './control/key-view.ts';
import type { Objects } from './control/object-operations.ts';
import type { Generations, Spend } from './control/operations.ts';
import { endpointList, generationView, modelById, modelPage } from './control/views.ts';
import type { Api } from './core/ask.ts';
import { problem, Refused, refuse } from './core/problem.ts';
import type { JsonValue, Key, Snapshot } from './core/snapshot.ts';
import { messagesDialect } from './dialects/messages/dialect.ts';
import { dialects } from './dialects/table.ts';
import type { Dialect } from './dialects/dialect.ts';
import { answerPresets, isPresetPath } from './data-plane-presets.ts';
import type { World } from './ports.ts';
import { problemAnswer } from './problem-answer.ts';
import { authenticate, type Digest, type Headers } from './request/authenticate.ts';
import { countTokens } from './request/count-tokens.ts';
import { serve } from './serve.ts';

export type DataPlane = {
  readonly world: World;
  readonly snapshot: () => Snapshot;
  readonly digest: Digest;
  readonly generations: Generations;
  readonly spend: Spend;
  readonly objects: Objects;
};

/** Answers a request whose path, without the version prefix, is `path`; `query` is what came after it. */
export async function answerData(
  plane: DataPlane,
  request: IncomingMessage,
  reply: HttpReply,
  target: Target,
): Promise<void> {
  try {
    const dialect = served.get(target.path);
    if (request.method === 'POST' && dialect) await answer(plane, request, reply, { dialect, verb: serve });
    else if (request.method === 'POST' && target.path === countRoute)
      await answer(plane, request, reply, { dialect: messagesDialect, verb: countTokens });
    else if (isPresetPath(target.path)) sendJson(reply, await answerPresets(plane, request, target));
    else look(plane, request, reply, target);
  } catch (error) {
    if (!(error instanceof Refused)) plane.world.fault(error, request.url ?? '');
    if (!reply.fresh) reply.abort();
    else
      reply.tell(
        problemAnswer(
          error instanceof Refused
            ? error.problem
            : problem('internal', 'Something went wrong inside the gateway.'),
          request,
          plane.world.ids.generation(),
        ),
      );
  }
}

/** `query` as it stands in the address: few routes read it. */
export type Target = { readonly path: string; readonly query: string };

const countRoute = '/messages/count_tokens';

type Service = { readonly dialect: Dialect; readonly verb: typeof serve };

async function answer(
  plane: DataPlane,
  request: IncomingMessage,
  reply: HttpReply,
  { dialect, verb }: Service,
): Promise<void> {
  let body: Body | undefined;
  const read = async (): Promise<Buffer> => {
    body = await readBody(request);
    return body.bytes;
  };
  try {
    await verb({ dialect, headers: request.headers as Headers, body: read }, reply, {
      world: plane.world,
      snapshot: plane.snapshot(),
      digest: plane.digest,
    });
  } finally {
    body?.release();
  }
}

const routes: Readonly<Record<Api, string>> = {
  chat: '/chat/completions',
  responses: '/responses',
  messages: '/messages',
  embeddings: '/embeddings',
};
/** Route → the dialect that is spoken there. */
const served: ReadonlyMap<string, Dialect> = new Map(
  Object.values(dialects).map((dialect) => [routes[dialect.api], dialect]),
);
/** Part of the contract, and not spoken yet: said by name, so that nobody hunts for a mistake of theirs. */
const later: ReadonlySet<string> = new Set(Object.values(routes));

function look(plane: DataPlane, request: IncomingMessage, reply: HttpReply, { path, query }: Target): void {
  request.resume();
  if (served.has(path) || path === countRoute) throw refuse('method_not_allowed', `${path} takes POST.`);
  if (later.has(path))
    throw refuse('route_not_found', `${path} is not served by this version; POST /v1/chat/completions is.`);
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw refuse('route_not_found', `There is no ${request.method ?? ''} ${path.slice(0, 100)} here.`);
  const snapshot = plane.snapshot();
  const now = plane.world.clock.now();
  const key = authenticate(request.headers as Headers, snapshot, { digest: plane.digest, now });
  if (path === '/models') sendJson(reply, modelPage(snapshot, key));
  else if (path === '/generation')
    sendJson(reply, { data: generation(plane, key, new URLSearchParams(query).get('id') ?? '') });
  else if (path === '/key') sendJson(reply, { data: keyView(key, plane.spend, now) });
  else if (path.startsWith('/models/'))
    sendJson(reply, model(plane, { snapshot, key, id: path.slice('/models/'.length) }));
  else throw refuse('route_not_found', `There is no GET ${path.slice(0, 100)} here.`);
}

/** A generation is shown to the key that made it, to nobody else. */
function generation({ generations }: DataPlane, key: Key, id: string): JsonValue {
  const record = id === '' ? undefined : generations.find(id);
  if (!record || record.key !== key.name || record.workspace !== key.workspace) {
    throw refuse(
      'generation_not_found',
      id === '' ? 'Name the generation: ?id=gen-…' : 'There is no such generation of this key.',
      { param: 'id' },
    );
  }
  return generationView(record);
}

type ModelQuestion = { readonly snapshot: Snapshot; readonly key: Key; readonly id: string };

function model({ world }: DataPlane, { snapshot, key, id }: ModelQuestion): JsonValue {
  const slug = id.endsWith('/endpoints') ? id.slice(0, -'/endpoints'.length) : id;
  const found = modelById(snapshot, key, slug);
  const endpoints = found && id !== slug ? endpointList(snapshot, slug, world.pace) : undefined;
  if (endpoints) return { data: endpoints };
  if (!found || id !== slug)
    throw refuse('model_not_found', `There is no model ${JSON.stringify(slug.slice(0, 120))} for this key.`);
  return found;
}

function sendJson(reply: HttpReply, value: JsonValue): void {
  const body = Buffer.from(JSON.stringify(value));
  reply.head(200, {
    'content-type': 'application/json',
    'content-length': String(body.length),
    'cache-control': 'no-store',
  });
  reply.end(body);
}
