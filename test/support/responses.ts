/** The pieces that tests of the Responses dialect share: a request on its way to an endpoint of any wire. */
import type { Wire } from '../../src/core/catalog.ts';
import type { Merged } from '../../src/core/merge.ts';
import type { Endpoint, JsonObject, Preset } from '../../src/core/snapshot.ts';
import type { Outgoing } from '../../src/dialects/dialect.ts';
import { responsesDialect } from '../../src/dialects/responses/dialect.ts';

/** An endpoint `raw-1` of the wire, of a model that thinks and calls tools. */
export function endpointOf(wire: Wire): Endpoint {
  return {
    id: 'acme/one@acme',
    model: { slug: 'acme/one', endpoints: [] } as unknown as Endpoint['model'],
    provider: {
      name: 'acme',
      wire,
      baseUrl: 'https://acme.test/v1',
      credentials: [],
      auth: { header: 'authorization', scheme: 'Bearer ' },
      headers: {},
      catalog: 'acme',
      data: {},
    },
    providerModel: 'raw-1',
    wire,
    features: new Set(['tools', 'reasoning', 'vision', 'json_schema']),
  };
}

export type Given = {
  readonly wire?: Wire;
  readonly merged?: Partial<Merged>;
  readonly preset?: Partial<Preset>;
  /** Signatures that were issued where the request goes. */
  readonly kept?: readonly string[];
};

/** The request `body`, capped at 1,000 tokens. */
export function outgoing(body: JsonObject | string, given: Given = {}): Outgoing {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    ask: responsesDialect.read(Buffer.from(text)),
    merged: { set: {}, drop: [], outputCap: 1_000, warnings: [], ...given.merged },
    endpoint: endpointOf(given.wire ?? 'openai-responses'),
    ...(given.preset ? { preset: given.preset as Preset } : {}),
    provider: {},
    ownProviders: new Set(),
    keeps: (signature) => given.kept?.includes(signature) === true,
    now: 0,
  };
}
