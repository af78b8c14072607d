/** One operation of the control plane: its shapes, its code, and how both become a route and a page of OpenAPI. */
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { optional } from '../core/optional.ts';
import { suggest } from '../core/suggest.ts';
import type { Described } from './config-schemas.ts';
import { errorAnswer, noInput } from './api-schemas.ts';
import type { View } from './api-views.ts';
import { includes, type Role } from '../core/role.ts';
import type { JsonObject } from '../core/snapshot.ts';
import { OperationRefused, type Actor } from './operations.ts';

export const basePath = '/api/admin';

export type ControlEnv = {
  Variables: { actor: Actor; note: (act: string, details: JsonObject) => void };
};
export type ControlApp = OpenAPIHono<ControlEnv>;

type None = typeof noInput;

export type Operation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType> = {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below the base path, parameters in braces: `/keys/{name}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** Whoever may do it at least. Not said: a viewer may look (GET), an editor do the rest. */
  readonly role?: Role;
  /** What the audit log calls it. Not said: it only looks, or a revision records it. */
  readonly act?: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** What the description shows of a body that is judged by the rules of the document instead of by its schema. */
  readonly shownBody?: Described;
  readonly answer: A;
  /** 200 unless said otherwise. */
  readonly status?: (answer: View<A>) => 200 | 201 | 409 | 422;
  /** The version of the object that is answered, for `If-Match` of the next change. */
  readonly etag?: (answer: View<A>) => number | undefined;
  readonly run: (input: Input<P, Q, B>) => View<A> | Promise<View<A>>;
};

export type Input<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = {
  readonly actor: Actor;
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
  /** The version in `If-Match: "7"`; absent = not sent, or `*`. */
  readonly ifMatch?: number;
};

/** A request that the control plane refuses: status, code, one sentence, the field at fault. */
export class ApiError extends Error {
  readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 415 | 429 | 500 | 503;
  readonly code: string;
  readonly path: string | undefined;
  constructor(status: ApiError['status'], code: string, message: string, path?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.path = path;
  }
}

/** Adds the operation to the app and to its OpenAPI document. */
export function mount<
  A extends z.ZodType,
  P extends z.ZodType = None,
  Q extends z.ZodType = None,
  B extends z.ZodType = None,
>(app: ControlApp, operation: Operation<P, Q, B, A>): void {
  describe(app, operation);
  const path = basePath + operation.path.replaceAll(/\{(\w+)\}/g, ':$1');
  app.on(operation.method.toUpperCase(), path, async (context) => {
    const actor = context.get('actor');
    checkRole(actor, operation);
    const input = {
      actor,
      params: validate(operation.params, context.req.param()) as z.output<P>,
      query: validate(operation.query, context.req.query()) as z.output<Q>,
      body: validate(operation.body, operation.body && (await readJson(context))) as z.output<B>,
    };
    const ifMatch = readIfMatch(context.req.header('if-match'));
    const answer = await operation.run({ ...input, ...optional('ifMatch', ifMatch) });
    const status = operation.status?.(answer) ?? 200;
    if (operation.act !== undefined && status < 400) context.get('note')(operation.act, detailsOf(input));
    const tag = operation.etag?.(answer);
    if (tag !== undefined) context.header('etag', `"${tag}"`);
    return context.json(answer as object, status);
  });
}

function readIfMatch(text: string | undefined): number | undefined {
  if (text === undefined || text === '*') return undefined;
  const [, version] = /^"(\d{1,15})"$/.exec(text) ?? [];
  if (version !== undefined) return Number(version);
  throw new ApiError(400, 'invalid_request', 'If-Match takes one version in quotes, such as "7"', 'if-match');
}

function detailsOf({ params, query, body }: Input<z.ZodType, z.ZodType, z.ZodType>): JsonObject {
  return { ...(params as JsonObject), ...(query as JsonObject), ...(body as JsonObject) };
}

function roleFor({ role, method }: Pick<Operation<never, never, never, never>, 'role' | 'method'>): Role {
  return role ?? (method === 'get' ? 'viewer' : 'editor');
}

function checkRole(actor: Actor, operation: Parameters<typeof roleFor>[0]): void {
  const needed = roleFor(operation);
  if (includes(actor.role, needed)) return;
  throw new ApiError(
    403,
    'forbidden',
    `${actor.name} is ${articled(actor.role)}, and this needs ${articled(needed)}: an owner can change that: spillway admins role ${actor.name} ${needed}`,
  );
}

function articled(role: Role): string {
  return `${role === 'viewer' ? 'a' : 'an'} ${role}`;
}

/** The common part of every documented route. */
export function describe<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  app: ControlApp,
  operation: Omit<Operation<P, Q, B, A>, 'run' | 'status' | 'etag'>,
  mediaType = 'application/json',
): void {
  const { method, path, tag, summary, params, query, body, shownBody = body, answer } = operation;
  app.openAPIRegistry.registerPath({
    method,
    path: basePath + path,
    tags: [tag],
    summary,
    description: `For ${roleFor(operation)}s${roleFor(operation) === 'owner' ? '' : ' and above'}.`,
    security: [{ admin: [] }],
    request: {
      ...(params instanceof z.ZodObject ? { params } : {}),
      ...(query instanceof z.ZodObject ? { query } : {}),
      ...(shownBody
        ? { body: { required: true, content: { 'application/json': { schema: shownBody } } } }
        : {}),
    },
    responses: {
      200: { description: 'Done', content: { [mediaType]: { schema: answer } } },
      default: { description: 'Refused', content: { 'application/json': { schema: errorAnswer } } },
    },
  });
}

async function readJson(context: Context): Promise<unknown> {
  const type = context.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ApiError(415, 'unsupported_content_type', 'send JSON with content-type: application/json');
  }
  try {
    return await context.req.json();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ApiError(400, 'invalid_json', `the body is not JSON: ${error.message}`);
  }
}

function validate(schema: z.ZodType | undefined, value: unknown): unknown {
  if (!schema) return {};
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // A misspelt field is the reason why another is missing: it is said first.
  const { issues } = result.error;
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (!issue) throw new ApiError(400, 'invalid_request', 'the request is not valid');
  const path = issue.path.join('.');
  throw new ApiError(400, 'invalid_request', explainIssue(issue, schema), path || undefined);
}

function explainIssue(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  if (issue.code !== 'unrecognized_keys') return issue.message;
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const [wrong = ''] = issue.keys;
  const near = suggest(wrong, known);
  return `unknown field "${wrong}"${near ? `: did you mean "${near}"?` : `; there is ${known.join(', ')}`}`;
}

/** Any error as an answer. What is our own bug goes to `report`, never to the caller. */
export function answerError(context: Context, error: unknown, report: (error: unknown) => void): Response {
  const refused = toApiError(error);
  if (!refused) report(error);
  const { status, code, message, path } =
    refused ?? new ApiError(500, 'internal', 'the gateway failed; its log says why');
  return context.json({ error: { code, message, ...optional('path', path) } }, status);
}

function toApiError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (!(error instanceof OperationRefused)) return undefined;
  const codes = { 400: 'invalid_request', 404: 'not_found', 409: 'conflict' } as const;
  return new ApiError(error.status, codes[error.status], error.message);
}
