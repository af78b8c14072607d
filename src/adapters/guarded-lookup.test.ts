import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { guardedLookup } from './guarded-lookup.ts';
import { httpUpstream } from './upstream.ts';

const book: Readonly<Record<string, readonly string[]>> = {
  'api.example.com': ['93.184.216.34', '2606:2800:220:1::1'],
  'rebound.example.com': ['10.0.0.5', '::1'],
  'mixed.example.com': ['127.0.0.1', '93.184.216.34'],
  'llm.corp.example.com': ['10.0.0.5'],
  'llm.internal': ['10.0.0.5'],
  'nowhere.example.com': [],
};

const lookup = ((host: string, _options: unknown, told: (failure: null, found: LookupAddress[]) => void) =>
  told(
    null,
    (book[host] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  )) as unknown as typeof import('node:dns').lookup;

const rows: readonly (readonly [host: string, found: readonly string[] | RegExp])[] = [
  ['api.example.com', ['93.184.216.34', '2606:2800:220:1::1']],
  ['rebound.example.com', /leads to a private address: an owner may say allow_private/],
  ['mixed.example.com', ['93.184.216.34']],
  ['llm.corp.example.com', ['10.0.0.5']],
  ['llm.internal', ['10.0.0.5']],
  ['nowhere.example.com', /leads nowhere/],
];

for (const [host, expected] of rows)
  test(`${host} leads to ${expected instanceof RegExp ? 'nothing' : expected.join(', ')}`, () => {
    const guard = guardedLookup((name) => name === 'llm.corp.example.com', lookup);
    let told: unknown;
    guard(host, { all: true }, (failure, found) => (told = failure ?? found));
    if (expected instanceof RegExp) assert.match(String(told), expected);
    else
      assert.deepEqual(
        (told as LookupAddress[]).map(({ address }) => address),
        expected,
      );
    guard(host, {}, (failure, address) => (told = failure ?? address));
    if (!(expected instanceof RegExp)) assert.equal(told, expected[0]);
  });

test('a name that leads into this machine is not connected to, and nothing is sent', async (t) => {
  let connections = 0;
  const server = createServer(() => (connections += 1)).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const here = ((_host: string, _options: unknown, told: (failure: null, found: LookupAddress[]) => void) =>
    told(null, [{ address: '127.0.0.1', family: 4 }])) as unknown as typeof lookup;
  const upstream = httpUpstream({ lookup: here });
  t.after(() => upstream.close());
  const url = `http://looks-public.example.com:${port}/v1/models`;
  const call = { method: 'GET', url, model: 'm', headers: {}, body: [] } as const;
  const ignore = (): void => undefined;
  const broken = await new Promise<object>((resolve) =>
    upstream.send(call, { connected: ignore, head: ignore, data: ignore, end: ignore, broken: resolve }),
  );
  assert.partialDeepStrictEqual(broken, { kind: 'unreachable' });
  assert.match(JSON.stringify(broken), /EPRIVATE/);
  assert.equal(connections, 0);
});
