/** Finds the running gateway and talks to it. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { optional } from '../core/optional.ts';
import type { Shell } from './shell.ts';
import { Stop } from './stop.ts';

/** Where the gateway answers, and what opens it. */
export type Gateway = {
  /** Origin, without a path. */
  readonly url: string;
  readonly adminKey?: string;
  readonly inferenceKey?: string;
};

/** What a running server leaves in its data dir, readable by its own user only. */
export type LocalFile = {
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  readonly inferenceKey?: string;
};

export type Answer = { readonly status: number; readonly body: unknown };

/** Decides from the environment and the server's local file. Its secrets go to its own gateway and nowhere else. */
export function chooseGateway(env: Shell['env'], local: LocalFile | undefined): Gateway {
  const set = (name: string): string | undefined => env[name] || undefined;
  const url = origin(set('SPILLWAY_URL') ?? local?.url ?? `http://127.0.0.1:${set('PORT') ?? '7400'}`);
  const own = local && origin(local.url) === url ? local : undefined;
  return {
    url,
    ...optional('adminKey', set('SPILLWAY_ADMIN_KEY') ?? own?.token),
    ...optional('inferenceKey', set('SPILLWAY_KEY') ?? own?.inferenceKey),
  };
}

function origin(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Stop(`SPILLWAY_URL is not a web address: "${url}" (write it like http://127.0.0.1:7400)`);
  }
  return new URL(url).origin;
}

/** The gateway that this shell means. */
export async function findGateway(shell: Shell): Promise<Gateway> {
  return chooseGateway(shell.env, await readLocalFile(shell));
}

export function localFilePath(shell: Shell): string {
  return resolve(shell.cwd, shell.env['SPILLWAY_DATA_DIR'] || './data', 'local.json');
}

async function readLocalFile(shell: Shell): Promise<LocalFile | undefined> {
  const path = localFilePath(shell);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new Stop(
      `cannot read ${path}: ${error.code ?? error.message}. Run as the user that runs the gateway, or set SPILLWAY_URL and SPILLWAY_ADMIN_KEY`,
    );
  });
  return text === undefined ? undefined : parseLocalFile(text, path);
}

/** A folder may come from anywhere; a file in it must not send documents and keys to another machine. */
export function parseLocalFile(text: string, path: string): LocalFile {
  const value = parse(text) as Partial<LocalFile> | undefined;
  if (typeof value?.url !== 'string' || typeof value.token !== 'string' || !URL.canParse(value.url)) {
    throw new Stop(`${path} is damaged; start the gateway again to have it written anew`);
  }
  if (!isLoopback(new URL(value.url).hostname)) {
    throw new Stop(
      `${path} points to another machine (${value.url}); set SPILLWAY_URL to reach a remote gateway`,
    );
  }
  return value as LocalFile;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Calls the gateway; throws a `Stop` only when nobody answers. */
export async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { redirect: 'error', ...init });
  } catch (error) {
    throw unreachable(new URL(url).origin, error);
  }
}

function unreachable(url: string, error: unknown): Stop {
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  const detail = cause?.code ?? cause?.message;
  if (cause?.code === 'UND_ERR_HEADERS_TIMEOUT')
    return new Stop(
      `the gateway at ${url} has not answered within 5 minutes; it may still be waiting for a provider`,
    );
  if (cause?.code === 'UND_ERR_SOCKET')
    return new Stop(`the gateway at ${url} closed the connection before it answered`);
  const why = detail === undefined || detail === 'ECONNREFUSED' ? '' : ` (${detail})`;
  return new Stop(`no gateway answers at ${url}${why}: start one with \`npm start\`, or set SPILLWAY_URL`);
}

/** Requests to the control plane. `path` follows `/api/admin/`. */
export type Admin = {
  readonly gateway: Gateway;
  /** The answer of a successful call; any other status is a `Stop` with the gateway's own sentence. */
  readonly call: <T>(method: string, path: string, body?: unknown) => Promise<T>;
  /** The answer, whatever its status. */
  readonly exchange: (method: string, path: string, body?: unknown) => Promise<Answer>;
  /** An open answer, for streams and plain text. */
  readonly open: (path: string, signal?: AbortSignal) => Promise<Response>;
};

/** The control plane of the gateway that this shell means. */
export async function connectAdmin(shell: Shell): Promise<Admin> {
  const gateway = await findGateway(shell);
  const exchange: Admin['exchange'] = async (method, path, body) => {
    const response = await send(`${gateway.url}/api/admin/${path}`, {
      method,
      headers: adminHeaders(gateway, body),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: parse(await response.text()) };
  };
  return {
    gateway,
    exchange,
    call: async <T>(method: string, path: string, body?: unknown) => {
      const answer = await exchange(method, path, body);
      if (answer.status >= 400) throw refusal(answer, gateway);
      return answer.body as T;
    },
    open: async (path, signal) => {
      const init = { headers: adminHeaders(gateway), ...(signal ? { signal } : {}) };
      const response = await send(`${gateway.url}/api/admin/${path}`, init);
      if (response.ok) return response;
      throw refusal({ status: response.status, body: parse(await response.text()) }, gateway);
    },
  };
}

function adminHeaders(gateway: Gateway, body?: unknown): Record<string, string> {
  return {
    ...(gateway.adminKey === undefined ? {} : { authorization: `Bearer ${gateway.adminKey}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
}

/** An error answer as a sentence. */
export function refusal(answer: Answer, gateway: Gateway): Stop {
  if (answer.status === 401) return new Stop(accessDenied(gateway));
  const error = (answer.body as { error?: { message?: string; path?: string } } | undefined)?.error;
  if (!error?.message)
    return new Stop(`${gateway.url} answered ${answer.status}; is that a Spillway gateway?`);
  return new Stop(error.path ? `${error.path}: ${error.message}` : error.message);
}

function accessDenied(gateway: Gateway): string {
  if (gateway.adminKey === undefined) {
    return `the gateway at ${gateway.url} wants an admin key: set SPILLWAY_ADMIN_KEY, or SPILLWAY_DATA_DIR to its data dir`;
  }
  return `the gateway at ${gateway.url} does not accept this admin key: check SPILLWAY_ADMIN_KEY, or whether another gateway answers there`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
