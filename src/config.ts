/** Environment → Config, or every mistake at once. The only reader of the process's environment. */
import { resolve } from 'node:path';
import { parseDuration } from './core/duration.ts';
import { optional } from './core/optional.ts';

export type Config = {
  /** Loopback unless told otherwise. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Absolute path. */
  readonly dataDir: string;
  readonly adminKey?: string;
  readonly secret?: string;
  /** How long running requests may finish after SIGTERM, in ms. */
  readonly drainMs: number;
  /** For `env:` references, and to find the keys of real providers. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** The environment asks for something that cannot be; one line for each mistake. */
export class BadEnvironment extends Error {}

/** Reads the environment. Throws BadEnvironment. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const mistakes: string[] = [];
  const port = Number(env['PORT'] || '7400');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    mistakes.push(`PORT must be a port number, 0 to 65535, not "${env['PORT'] ?? ''}"`);
  const drainMs = parseDuration(env['SPILLWAY_DRAIN'] || '10m');
  if (drainMs === undefined)
    mistakes.push(
      `SPILLWAY_DRAIN must be a duration such as 30s or 10m, not "${env['SPILLWAY_DRAIN'] ?? ''}"`,
    );
  const adminKey = env['SPILLWAY_ADMIN_KEY'] || undefined;
  if (adminKey !== undefined && !/^[\x21-\x7e]{16,512}$/.test(adminKey))
    mistakes.push('SPILLWAY_ADMIN_KEY must be 16 or more visible ASCII characters');
  if (mistakes.length > 0) throw new BadEnvironment(mistakes.join('\n'));
  return {
    host: env['HOST'] || '127.0.0.1',
    port,
    dataDir: resolve(env['SPILLWAY_DATA_DIR'] || './data'),
    ...optional('adminKey', adminKey),
    ...optional('secret', env['SPILLWAY_SECRET'] || undefined),
    drainMs: drainMs ?? 0,
    env,
  };
}
