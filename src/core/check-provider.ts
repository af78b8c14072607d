/** Are providers and the overlay on the catalogue sensible? */
import { catalogOf } from './build-endpoints.ts';
import { isPrivateHost } from './address.ts';
import { checkLimits } from './check-limits.ts';
import { checkReference, type CheckInput } from './check-names.ts';
import type { OverlayEndpointBody } from './document-provider.ts';
import { error, warning, type Mistake, type Path } from './mistake.ts';
import type { Setting } from './settings.ts';
import { modelSlugProblem } from './slug.ts';
import { suggest } from './suggest.ts';

export function checkProvider(setting: Setting<'provider'>, input: CheckInput): readonly Mistake[] {
  const { path, body } = setting;
  const workspaces = body.workspaces === undefined || body.workspaces === 'all' ? [] : body.workspaces;
  return [
    ...checkBaseUrl(body.base_url, [...path, 'base_url']),
    ...Object.keys(body.headers ?? {}).flatMap((header) => checkHeader(header, [...path, 'headers', header])),
    ...workspaces.flatMap((name, index) =>
      checkReference(
        {
          kind: 'workspace',
          name,
          path: [...path, 'workspaces', index],
          known: input.workspaces,
        },
        input,
      ),
    ),
    ...checkServesAnything(setting, input),
    ...checkLimits(body.limits, path, input),
  ];
}

function checkBaseUrl(text: string, path: Path): readonly Mistake[] {
  const url = URL.parse(text);
  if (url === null || url.host === '')
    return [error(path, 'must be an absolute address such as https://api.deepseek.com/v1')];
  if (!['http:', 'https:', 'emulator:'].includes(url.protocol))
    return [error(path, `must begin with https:// (or http://, or emulator:// for the built-in provider)`)];
  if (url.username !== '' || url.password !== '')
    return [error(path, 'must not contain a credential: its place is api_key')];
  if (url.search !== '' || url.hash !== '') return [error(path, 'must not contain ? or #')];
  const added = /\/(chat\/completions|responses|messages|embeddings)\/*$/.exec(url.pathname)?.[1];
  if (added !== undefined) return [error(path, `must end before /${added}: the wire adds that`)];
  if (url.protocol === 'http:' && !isPrivateHost(url.hostname))
    return [warning(path, 'is not encrypted: prompts and the credential travel in clear; use https://')];
  if (url.pathname.replaceAll('/', '') === '' && url.protocol !== 'emulator:')
    return [
      warning(path, 'has no version segment such as /v1; the wire adds only /chat/completions, /messages, …'),
    ];
  return [];
}

/** Headers that belong to the connection, or to the credential. */
const notYours = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'content-type',
  'upgrade',
  'te',
  'trailer',
]);

function checkHeader(header: string, path: Path): readonly Mistake[] {
  const problem = headerProblem(header);
  return problem === undefined ? [] : [error(path, problem)];
}

/** Why a provider cannot be given this header; undefined = it can. */
export function headerProblem(header: string): string | undefined {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(header)) return 'is not the name of an HTTP header';
  return notYours.has(header.toLowerCase()) ? 'is set by the connection itself: remove it' : undefined;
}

function checkServesAnything(setting: Setting<'provider'>, input: CheckInput): readonly Mistake[] {
  const { snapshot, broken } = input;
  for (const endpoints of snapshot.endpoints.values()) {
    if (endpoints.some(({ provider }) => provider.name === setting.name)) return [];
  }
  if ([...broken].some((object) => object.startsWith('model '))) return [];
  const catalogs = new Set(
    [...snapshot.catalogue.models.values()].flatMap(({ offers }) => offers.map((offer) => offer.provider)),
  );
  const catalog = catalogOf(setting.name, setting.body);
  if (catalogs.has(catalog)) return [];
  const near = suggest(catalog, catalogs);
  const at = setting.body.catalog === undefined ? setting.path : [...setting.path, 'catalog'];
  const hint = near === undefined ? '' : ` Did you mean catalog: ${near}?`;
  return [
    warning(
      at,
      `serves nothing: the catalogue knows no models of ${JSON.stringify(catalog)}, and no endpoint under models names this provider.${hint}`,
    ),
  ];
}

export function checkModel({ name, path, body }: Setting<'model'>, input: CheckInput): readonly Mistake[] {
  const { models, aliases } = input.snapshot.catalogue;
  const known = models.get(name)?.offers.length !== 0;
  const canonical = aliases.get(name);
  const slug = known ? undefined : modelSlugProblem(name);
  const mistakes: Mistake[] = [];
  if (canonical !== undefined && !known)
    mistakes.push(error(path, `is another name of ${canonical}: write that slug`));
  else if (slug !== undefined) mistakes.push(error(path, slug));
  const served = input.snapshot.endpoints.get(name) ?? [];
  if (!known && body.endpoints === undefined && served.length === 0) {
    const near = suggest(
      name,
      [...models.keys()].filter((other) => other !== name),
    );
    const hint =
      near === undefined
        ? 'give it endpoints: [{ provider: …, model: … }]'
        : `did you mean ${near}? Else give it endpoints`;
    mistakes.push(error(path, `is not in the catalogue, and nothing serves it; ${hint}`));
  }
  return [
    ...mistakes,
    ...checkOverlayEndpoints(body.endpoints ?? [], { name, path }, input),
    ...checkLimits(body.limits, path, input),
  ];
}

function checkOverlayEndpoints(
  endpoints: readonly OverlayEndpointBody[],
  model: { readonly name: string; readonly path: Path },
  input: CheckInput,
): readonly Mistake[] {
  const seen = new Set<string>();
  return endpoints.flatMap((endpoint, index) => {
    const path = [...model.path, 'endpoints', index];
    const provider = endpoint.provider;
    const missing = checkReference(
      {
        kind: 'provider',
        name: provider,
        path: [...path, 'provider'],
        known: input.snapshot.providers.keys(),
      },
      input,
    );
    const mistakes: Mistake[] = [...missing, ...checkPrice(endpoint, path)];
    if (seen.has(provider))
      mistakes.push(error([...path, 'provider'], `has an endpoint for ${provider} already`));
    seen.add(provider);
    const served = input.snapshot.endpoints
      .get(model.name)
      ?.some((other) => other.provider.name === provider);
    if (missing.length === 0 && served !== true && input.snapshot.providers.has(provider))
      mistakes.push(
        error(
          [...path, 'model'],
          `is missing: the catalogue does not know what ${provider} calls this model`,
        ),
      );
    return mistakes;
  });
}

function checkPrice({ price }: OverlayEndpointBody, path: Path): readonly Mistake[] {
  if (price === undefined) return [];
  const paid = (price.input ?? 0) > 0 || (price.output ?? 0) > 0;
  if (price.free === true && paid)
    return [error([...path, 'price', 'free'], 'contradicts the prices beside it')];
  if (price.free === true || ((price.input ?? 0) > 0 && (price.output ?? 0) > 0)) return [];
  return [warning([...path, 'price'], 'does not count: it needs input and output above 0, or free: true')];
}
