/** The control plane: every operation of an operator over HTTP, and the page that stands at `/`. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import type { Clock } from '../ports.ts';
import { mountAdmins } from './api-admins.ts';
import { mountDocuments, mountRevisions } from './api-documents.ts';
import { mountEmulator, type EmulatorControls } from './api-emulator.ts';
import { mountGenerations } from './api-generations.ts';
import { mountHealth } from './api-health.ts';
import { mountKeys } from './api-keys.ts';
import { mountLimits } from './api-limits.ts';
import { mountObjects } from './api-objects.ts';
import { mountPresets } from './api-presets.ts';
import { answerError, ApiError, basePath, type ControlApp, type ControlEnv } from './api-operation.ts';
import { mountSpend } from './api-spend.ts';
import { mountWhere } from './api-where.ts';
import { watchSignIns } from './sign-ins.ts';
import { openStreams } from './api-stream.ts';
import { mountSystem, type Explain, type ProcessStatus } from './api-system.ts';
import type { Objects } from './object-operations.ts';
import type {
  ActLog,
  Actor,
  Administration,
  Configuration,
  Generations,
  HealthBook,
  LimitBook,
  Spend,
} from './operations.ts';
import { mountPage } from './page.ts';

export type ControlOptions = {
  readonly configuration: Configuration;
  readonly objects: Objects;
  readonly generations: Generations;
  readonly spend: Spend;
  readonly limits: LimitBook;
  readonly health: HealthBook;
  readonly administration: Administration;
  readonly acts: ActLog;
  /** Absent = no emulator runs. */
  readonly emulator?: EmulatorControls;
  /** Who sends this request; undefined = nobody known, answered with 401. */
  readonly actorOf: (request: Request) => Actor | undefined;
  readonly status: () => ProcessStatus;
  /** Writes a consistent copy of the data to an absolute path. */
  readonly backup: (file: string) => Promise<void>;
  readonly explain: Explain;
  readonly clock: Clock;
  /** Told of errors that are our own bugs. */
  readonly report: (error: unknown) => void;
};

export type Control = {
  /** Answers `/` and everything below `/api/admin`. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Ends the open event streams and refuses new ones, so that the server can drain: call it first. */
  readonly close: () => void;
};

const openApiPath = `${basePath}/openapi.json`;
const bodyBytes = 16 * 1024 * 1024;

export function createControl(options: ControlOptions): Control {
  const { configuration, objects, generations, emulator, clock } = options;
  const app: ControlApp = new OpenAPIHono<ControlEnv>();
  const streams = openStreams(clock);
  const snapshot = () => configuration.snapshot();
  guard(app, options);
  mountPage(app);
  mountOpenApi(app, options.status().version);
  mountSystem(app, { ...options, snapshot, emulator, now: () => clock.now() });
  mountDocuments(app, configuration);
  mountRevisions(app, objects);
  mountObjects(app, objects);
  mountPresets(app, { ...options, snapshot, now: () => clock.now() });
  mountKeys(app, configuration);
  mountLimits(app, { snapshot, book: options.limits, now: () => clock.now() });
  mountGenerations(app, { generations, streams, snapshot });
  mountSpend(app, options.spend, () => clock.now());
  mountHealth(app, { snapshot, health: options.health, now: () => clock.now() });
  mountWhere(app, { snapshot, spend: options.spend, now: () => clock.now() });
  mountAdmins(app, { ...options, now: () => clock.now() });
  mountEmulator(app, snapshot, emulator);
  return { fetch: async (request) => app.fetch(request), close: streams.close };
}

/** What holds for every operation: who asks, how much may be sent, how errors look. */
function guard(app: ControlApp, { actorOf, report, acts, clock }: ControlOptions): void {
  const signIns = watchSignIns(clock);
  app.use(`${basePath}/*`, async (context, next) => {
    const actor = actorOf(context.req.raw);
    if (!actor && context.req.path !== openApiPath) {
      // Who sends no key guesses at none.
      if (presentsKey(context.req.raw) && !(await signIns.refused())) {
        context.header('retry-after', '2');
        throw new ApiError(
          429,
          'too_many_sign_ins',
          'too many keys were refused: wait, and check SPILLWAY_ADMIN_KEY',
        );
      }
      context.header('www-authenticate', 'Bearer');
      throw new ApiError(401, 'unauthorized', 'send the admin key: Authorization: Bearer spw-…');
    }
    if (actor) context.set('actor', actor);
    context.set('note', (act, details) =>
      acts.note({ at: clock.now(), author: actor?.name ?? '', act, details }),
    );
    await next();
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
  });
  const tooLarge = () => {
    throw new ApiError(413, 'body_too_large', `the body is larger than ${bodyBytes / 1024 / 1024} MB`);
  };
  app.use(`${basePath}/*`, bodyLimit({ maxSize: bodyBytes, onError: tooLarge }));
  app.onError((error, context) => answerError(context, error, report));
  app.notFound((context) => {
    const message = `no such operation: ${context.req.method} ${context.req.path}; see ${openApiPath}`;
    return answerError(context, new ApiError(404, 'not_found', message), report);
  });
}

function presentsKey({ headers }: Request): boolean {
  return headers.has('authorization') || headers.has('x-api-key');
}

/** The description is open to everyone: it says nothing that the source does not. */
function mountOpenApi(app: ControlApp, version: string): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'admin', { type: 'http', scheme: 'bearer' });
  app.doc31(openApiPath, {
    openapi: '3.1.0',
    info: {
      title: 'Spillway control plane',
      version,
      description: 'What an operator can do; the CLI uses nothing else.',
    },
    servers: [{ url: '/' }],
  });
}
