/** The yardstick: nginx passing requests on, one worker, keep-alive to the upstream, nothing parsed, nothing logged. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { NotInstalled, type Candidate, type Site } from './candidates.ts';
import { isOutage, type LaneName } from './lanes.ts';
import { childrenOf } from './kernel.ts';
import type { MockPorts } from './messages.ts';
import { answers, freePort } from './processes.ts';

/** Debian puts it where a user's PATH does not look. */
const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** Starts nginx. Rejects with NotInstalled where there is none. */
export async function nginx({ processes, mock, folder }: Site): Promise<Candidate> {
  const command = places.map((place) => join(place, 'nginx')).find(existsSync);
  if (command === undefined) throw new NotInstalled('nginx is not installed: there is no yardstick');
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, configuration(port, mock, folder));
  const log = join(folder, 'log');
  const child = processes.start({
    role: 'gateway',
    command,
    args: ['-p', folder, '-c', file, '-e', log],
    log,
  });
  await answers(`http://127.0.0.1:${port}/ready`, child, 'nginx');
  const version = /nginx\/([\d.]+)/.exec(spawnSync(command, ['-v'], { encoding: 'utf8' }).stderr)?.[1];
  return {
    name: 'nginx',
    title: `nginx ${version ?? ''}`,
    port,
    pids: childrenOf(child.pid ?? 0),
    question: (lane) =>
      lane === 'crossing' || isOutage(lane)
        ? undefined
        : { path: `${prefixes[lane] ?? ''}/v1/chat/completions`, model: 'mock-1' },
    run: { child, log },
  };
}

const prefixes: Partial<Record<LaneName, string>> = { failover: '/500', limited: '/429' };

/** A failing primary is the first server of its group; the backup takes what it refuses. */
function configuration(port: number, mock: MockPorts, folder: string): string {
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${join(folder, kind)};`)
    .join('\n');
  return `${user}daemon off;
worker_processes 1;
pid ${join(folder, 'pid')};
error_log ${join(folder, 'log')} error;
events { worker_connections 4096; }
http {
${temporary}
  access_log off;
  tcp_nodelay on;
  keepalive_requests 100000000;
  client_max_body_size 64m;
  client_body_buffer_size 1m;
  upstream good { server 127.0.0.1:${mock.good}; keepalive 256; keepalive_requests 100000000; }
  upstream chain {
    server 127.0.0.1:${mock.failing} max_fails=0;
    server 127.0.0.1:${mock.good} backup;
    keepalive 256;
    keepalive_requests 100000000;
  }
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_buffering off;
  proxy_next_upstream error timeout http_500 http_429 non_idempotent;
  server {
    listen 127.0.0.1:${port};
    location = /ready { return 204; }
    location /v1/ { proxy_pass http://good; }
    location /500/ { proxy_pass http://chain; }
    location /429/ { proxy_pass http://chain; }
  }
}
`;
}
