/** Which endpoints serve a name: the prebuilt table, and what only OpenRouter can resolve. */
import type { Endpoint, Provider, Snapshot } from './snapshot.ts';

/** The endpoints of a canonical slug in document order; of a name only OpenRouter knows, its endpoint there. */
export function endpointsOf(snapshot: Snapshot, name: string): readonly Endpoint[] {
  const known = snapshot.endpoints.get(name);
  if (known) return known;
  if (!isOpenRouterName(name)) return [];
  return [...snapshot.providers.values()]
    .filter(isOpenRouter)
    .map((provider) => openRouterEndpoint(provider, name, snapshot));
}

export function isOpenRouter(provider: Provider): boolean {
  return provider.catalog === 'openrouter';
}

/** Variants (`a/m:nitro`), latest aliases (`~a/m-latest`) and routers (`openrouter/auto`) mean something only there. */
export function isOpenRouterName(name: string): boolean {
  return (
    /^~?[\w.-]+\/[\w.-]+(?::[a-z-]+)*$/.test(name) &&
    (name.startsWith('~') || name.startsWith('openrouter/') || name.includes(':'))
  );
}

/** Its price is that of the model without its variant, where there is one: OpenRouter is told to stay below it. */
function openRouterEndpoint(provider: Provider, name: string, snapshot: Snapshot): Endpoint {
  const plain = name.split(':')[0] ?? name;
  const base = snapshot.endpoints.get(plain)?.find((endpoint) => endpoint.provider === provider);
  if (base) return { ...base, id: `${name}@${provider.name}`, providerModel: name };
  return {
    id: `${name}@${provider.name}`,
    model: { slug: name, name, features: [], offers: [] },
    provider,
    providerModel: name,
    wire: provider.wire,
    features: new Set(['tools', 'json_schema', 'vision', 'pdf', 'audio', 'reasoning']),
  };
}
