/** Accounts at providers, as LiteLLM's `litellm_params` name them: address, credential, headers. */
import { knownProviders } from '../catalog/providers.ts';
import { isPrivateHost } from '../core/address.ts';
import { headerProblem } from '../core/check-provider.ts';
import type { ProviderBody } from '../core/document-provider.ts';
import { secretForm } from '../core/secret-text.ts';
import { chatServers, knownPrefixes, unspoken } from './litellm-names.ts';
import { entryOf, fieldsOf, isNothing, textOf, type Fields } from './loose.ts';
import { nameGiver, slugFor } from './names.ts';
import { below, type At, type Report } from './report.ts';
import { masked } from './secret-signs.ts';

export type Account = {
  /** What the provider would best be called. */
  readonly name: string;
  /** Whose models and prices these are, where the catalogue knows them; absent = an address of its own. */
  readonly catalog?: string;
  /** Whose list prices hold, where the address is another one. */
  readonly pricedLike?: string;
  readonly body: Omit<ProviderBody, 'api_key'>;
  /** `env:NAME`. */
  readonly credential?: string;
  /** On a private network: what nobody priced costs nothing there. */
  readonly local: boolean;
};

export type Accounts = {
  /** The account behind a deployment; undefined, and reported, where nothing here can call it. */
  readonly of: (prefix: string, params: Fields, at: At) => Account | undefined;
};

export function createAccounts(report: Report): Accounts {
  const secret = secretKeeper(report);
  return {
    of: (prefix, params, at) => {
      const place = addressOf(prefix, params, at, report);
      if (place === undefined) return undefined;
      const headers = headersOf(params, place.name, at, { secret, report });
      const given = params['api_key'] ?? params['azure_ad_token'];
      const usual = knownProviders.get(place.catalog ?? '')?.env[0];
      const credential = isNothing(given)
        ? usual && `env:${usual}`
        : secret(given, `${place.name}_key`, below(at, 'api_key'));
      const { name, catalog, pricedLike, local, ...body } = place;
      return {
        name,
        local,
        body: { ...body, ...(Object.keys(headers).length > 0 && { headers }) },
        ...(catalog !== undefined && { catalog }),
        ...(pricedLike !== undefined && { pricedLike }),
        ...(credential !== undefined && { credential }),
      };
    },
  };
}

type Address = Pick<Account, 'name' | 'catalog' | 'pricedLike' | 'local'> &
  Pick<ProviderBody, 'wire' | 'base_url' | 'auth'>;

function addressOf(prefix: string, params: Fields, at: At, report: Report): Address | undefined {
  const given = params['api_base'] ?? params['base_url'];
  const base = baseOf(given, below(at, 'api_base'), report);
  const catalog = entryOf(knownPrefixes, prefix);
  const known = knownProviders.get(catalog ?? '');
  if (known && (base === undefined || sameAddress(base, known.baseUrl)))
    return { name: known.name, catalog: known.name, wire: known.wire, base_url: known.baseUrl, local: false };
  if (prefix === 'azure' || prefix === 'azure_ai') return azureAddress(base, params, at, report);
  const segment = known?.wire === 'anthropic' ? '/v1' : entryOf(chatServers, prefix)?.segment;
  if (known === undefined && segment === undefined) {
    report.lost(
      at,
      `${entryOf(unspoken, prefix) ?? `nothing here speaks to ${JSON.stringify(prefix)}`}; left out`,
    );
    return undefined;
  }
  if (base === undefined) {
    report.lost(at, `has no api_base, so nobody knows where ${prefix} is; left out`);
    return undefined;
  }
  const ending = segment === undefined || base.endsWith(segment) ? '' : segment;
  if (ending !== '')
    report.changed(below(at, 'api_base'), `${base}${ending}: the version segment is part of it`);
  return {
    name: hostName(base, prefix),
    wire: known?.wire ?? 'openai-chat',
    base_url: base + ending,
    local: isPrivateHost(URL.parse(base)?.hostname ?? ''),
    ...(known && { pricedLike: known.name }),
  };
}

/** Azure's v1 surface takes the deployment's name as the model and needs no api-version. */
function azureAddress(base: string | undefined, params: Fields, at: At, report: Report): Address | undefined {
  const origin = URL.parse(base ?? '')?.origin;
  if (origin === undefined) {
    report.lost(at, 'has no api_base, so nobody knows which Azure resource it is; left out');
    return undefined;
  }
  if (!isNothing(params['api_version']))
    report.changed(below(at, 'api_version'), 'is not sent: /openai/v1 of the resource needs none');
  return {
    name: `azure-${hostName(origin, 'resource')}`,
    wire: 'openai-chat',
    base_url: `${origin}/openai/v1`,
    auth: { header: 'api-key' },
    pricedLike: 'openai',
    local: false,
  };
}

/** An address without what must not stand in one; a variable of the environment cannot be one here. */
function baseOf(given: unknown, at: At, report: Report): string | undefined {
  const text = textOf(given);
  if (text === undefined) return undefined;
  const variable = /^os\.environ\/(.+)$/.exec(text)?.[1];
  const url = variable === undefined ? URL.parse(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) {
    const clean = `${url.origin}${url.pathname}`.replace(/\/+(chat\/completions|messages)?\/*$/, '');
    if (url.search !== '' || url.username !== '')
      report.changed(at, `${clean}: an address has no query and no credential here`);
    return clean;
  }
  const name = slugFor(variable ?? 'address', 'address');
  const placeholder = `https://${name.replaceAll(/[_.]/g, '-')}.invalid/v1`;
  report.changed(
    at,
    variable === undefined
      ? `${placeholder}: this is no address; put the right one there`
      : `${placeholder}: an address cannot come from the environment; put that of ${variable} there`,
  );
  return placeholder;
}

function sameAddress(a: string, b: string): boolean {
  const plain = (text: string): string => text.replace(/\/v1(beta)?$/, '');
  return plain(a) === plain(b);
}

/** `http://gpu-7.lan:8000/v1` → `gpu-7`; an address that says nothing gets the prefix of the model. */
function hostName(address: string, prefix: string): string {
  const host = URL.parse(address)?.hostname ?? '';
  const [first = ''] = host.replace(/^(api|llm|www)\./, '').split('.');
  const name = slugFor(/^(\d+|localhost|\[.*)$/.test(first) ? prefix.replaceAll('_', '-') : first, 'server');
  return knownProviders.has(name) ? `${name}-own` : name;
}

type Kept = { readonly secret: SecretKeeper; readonly report: Report };

type SecretKeeper = (value: unknown, hint: string, at: At) => string | undefined;

/** A secret as a reference. One that stands in clear is never written anywhere: a variable is named for it. */
function secretKeeper(report: Report): SecretKeeper {
  const names = new Map<string, string>();
  const give = nameGiver();
  return (value, hint, at) => {
    const text = textOf(value);
    if (text === undefined) return undefined;
    const variable = /^os\.environ\/([A-Za-z_]\w*)$/.exec(text)?.[1];
    if (variable !== undefined) return `env:${variable}`;
    const wanted = `imported-${hint}`.toUpperCase().replaceAll(/\W/g, '_');
    const name = names.get(text) ?? give(wanted).replaceAll('-', '_');
    names.set(text, name);
    report.changed(at, `env:${name}: the secret stands here in clear and was not copied; set ${name} to it`);
    return `env:${name}`;
  };
}

function headersOf(params: Fields, name: string, at: At, { secret, report }: Kept): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const field of ['headers', 'extra_headers']) {
    for (const [header, value] of Object.entries(fieldsOf(params[field]))) {
      const place = below(at, field, header);
      if (isNothing(value)) continue;
      const text = textOf(value) ?? '';
      const problem =
        headerProblem(header) ?? (isPlain(text) || isVariable(text) ? undefined : 'is no value of a header');
      if (problem !== undefined) report.lost(place, `${problem}; left out`);
      else headers[header] = shown(header, text) ?? secret(text, `${name}_${header}`, place) ?? '';
    }
  }
  const organization = textOf(params['organization']);
  if (organization === undefined) return headers;
  const place = below(at, 'organization');
  const header = 'openai-organization';
  if (isVariable(organization) || isPlain(organization))
    headers[header] =
      shown(header, organization) ?? secret(organization, `${name}_organization`, place) ?? '';
  return headers;
}

/** Headers that say who asks for what, and open nothing. */
const harmless =
  /^(accept|anthropic-(beta|version)|content-type|http-referer|openai-(beta|organization|project)|referer|user-agent|x-title)$/i;

/** The value of a header that may be read by everybody: what a name does not rule out may be a credential. */
function shown(header: string, value: string): string | undefined {
  const plain = harmless.test(header) && secretForm(value) === 'literal' && masked(value) === value;
  return plain && !isVariable(value) ? value : undefined;
}

function isVariable(value: unknown): boolean {
  return textOf(value)?.startsWith('os.environ/') === true;
}

function isPlain(value: string): boolean {
  return /^[\x20-\x7e]+$/.test(value);
}
