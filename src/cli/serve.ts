/** `serve`: runs the gateway in this process until it is told to stop. */
import { DataRefused } from '../adapters/database.ts';
import type { Notice } from '../adapters/ledger.ts';
import { BadEnvironment, readConfig, type Config } from '../config.ts';
import type { Finding } from '../control/operations.ts';
import type { GatewayEvent } from '../core/event.ts';
import { limitFacts, limitSentence } from '../core/limit-state.ts';
import { optional } from '../core/optional.ts';
import { BadDocument } from '../first-start.ts';
import { version } from '../version.ts';
import { banner } from './banner.ts';
import type { Run } from './command.ts';
import { readTextFile } from './document-file.ts';
import { findingLine, findingSummary } from './print-findings.ts';
import type { Shell } from './shell.ts';
import { exit, Stop } from './stop.ts';

export const serve: Run = async (args, shell) => {
  const path = args.text('config');
  const config = environment(shell);
  const document =
    path === undefined
      ? undefined
      : await readTextFile(shell, path, `cannot read ${path}: there is no such file`);
  const { startGateway } = await import('../main.ts');
  const running = await startGateway({
    config,
    ...optional('document', document),
    fault: (error, where) => shell.err.line(logLine(error, where)),
    notice: (notice) => shell.err.line(noticeLine(notice)),
    event: (event) => shell.err.line(eventLine(event)),
    announce: (started) => {
      printFindings(shell, path ?? 'the demo', started.findings);
      const showAdminKey = started.demo || shell.out.terminal;
      shell.out.write(banner(started, { version, paint: shell.out.paint, showAdminKey }));
    },
  }).catch((error: unknown) => {
    if (error instanceof BadDocument) {
      printFindings(shell, path ?? 'the demo', error.findings);
      throw new Stop(
        `${findingSummary(path ?? 'the demo', error.findings)}; nothing was applied`,
        exit.usage,
      );
    }
    throw reworded(error, config);
  });
  onHangUp(shell, () => running.configuration.rereadSecrets());
  const signal = await told(shell);
  shell.err.line(
    `${signal}: finishing ${running.port === 0 ? '' : 'running requests, '}then stopping; the same signal again stops at once`,
  );
  const force = told(shell).then(() => process.exit(1));
  await Promise.race([running.stop(config.drainMs), force]);
  return exit.ok;
};

function environment(shell: Shell): Config {
  try {
    return readConfig(shell.env);
  } catch (error) {
    if (error instanceof BadEnvironment) throw new Stop(error.message, exit.usage);
    throw error;
  }
}

function printFindings(shell: Shell, name: string, findings: readonly Finding[]): void {
  for (const finding of findings) shell.err.line(findingLine(name, finding, shell.err.paint));
}

/** What stands in the way of a start, in a sentence; anything else is our own bug. */
function reworded(error: unknown, { host, port, dataDir }: Config): unknown {
  if (error instanceof DataRefused) return new Stop(error.message);
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE')
    return new Stop(`port ${port} on ${host} is in use: stop what listens there, or set PORT to another one`);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new Stop(
      `HOST is ${host}, which is no address of this machine (${code}): set it to one, or leave it out for 127.0.0.1`,
    );
  if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EROFS')
    return new Stop(
      `the data directory ${dataDir} cannot be made or used (${code}): set SPILLWAY_DATA_DIR to a directory`,
    );
  if (code === 'EACCES' && (error as NodeJS.ErrnoException).path !== undefined)
    return new Stop(
      `the data directory ${dataDir} may not be written: change its permissions, or set SPILLWAY_DATA_DIR to another one`,
    );
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
    return new Stop(
      `cannot listen on ${host}:${port} (${code}): set HOST and PORT to an address of this machine that you may use`,
    );
  return error;
}

function logLine(error: unknown, where: string): string {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return JSON.stringify({ at: new Date().toISOString(), level: 'error', where, error: detail });
}

/** For people and for programs that read logs: which limit, and how far. */
function noticeLine({ state, percent }: Notice): string {
  const now = Date.now();
  return JSON.stringify({
    at: new Date(now).toISOString(),
    level: 'warning',
    event: 'limit',
    percent,
    message: limitSentence(state, now, undefined),
    limit: limitFacts(state, undefined),
  });
}

/** One line for each change of somebody's health. */
function eventLine({ at, kind, subject, why, until }: GatewayEvent): string {
  return JSON.stringify({
    at: new Date(at).toISOString(),
    level: kind === 'breaker_opened' ? 'warning' : 'info',
    event: kind,
    subject,
    why,
    ...optional('until', until === undefined ? undefined : new Date(until).toISOString()),
  });
}

/** Resolves with the name of the first signal that asks to stop. */
function told(shell: Shell): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve('SIGTERM'));
    process.once('SIGINT', () => resolve('SIGINT'));
    shell.ended.addEventListener('abort', () => resolve('end'));
  });
}

function onHangUp(shell: Shell, reread: () => readonly Finding[]): void {
  process.on('SIGHUP', () => {
    const findings = reread();
    shell.err.line('SIGHUP: env: and file: references were read again');
    printFindings(shell, 'secrets', findings);
  });
}
