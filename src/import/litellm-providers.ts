/** Accounts become providers, and what the catalogue does not know of their models becomes the overlay on it. */
import type { Catalogue } from '../core/catalog.ts';
import type { LimitBody } from '../core/document-limit.ts';
import type { ModelBody, OverlayEndpointBody, PriceBody, ProviderBody } from '../core/document-provider.ts';
import { isPriced } from '../core/price.ts';
import type { Draft } from './draft.ts';
import type { Account } from './litellm-accounts.ts';
import { featuresOf, listPrice, slugOf, type Deployment, type ModelList } from './litellm-deployments.ts';
import { amountOf, isNothing } from './loose.ts';
import { nameGiver } from './names.ts';
import { below, type Report } from './report.ts';

/** A deployment at its place in the document. */
export type Placed = Deployment & {
  readonly provider: string;
  /** Something is known of what it costs. */
  readonly priced: boolean;
};

/** Writes providers and models into the draft. */
export function placeDeployments(
  { deployments, wildcards }: ModelList,
  draft: Draft,
  catalogue: Catalogue,
  report: Report,
): readonly Placed[] {
  const providers = providersFor([...deployments, ...wildcards], draft);
  const placed = withoutClashes(deployments, providers).map((deployment): Placed => {
    const provider = providers.get(deployment.account) ?? '';
    const price = overlayPrice(deployment, catalogue, report);
    const offer = offerOf(deployment, catalogue);
    const { price: _said, ...rest } = deployment;
    return {
      ...rest,
      provider,
      ...(price && { price }),
      priced: price === undefined ? isPriced(offer?.price) : price.free === true || paid(price),
    };
  });
  for (const one of placed) {
    addEndpoint(one, draft, catalogue);
    if (!one.priced)
      report.changed(
        below(one.at, 'litellm_params', 'model'),
        `nobody said what ${one.slug} costs at ${one.provider}: it never serves under a limit in dollars until it has a price under models`,
      );
  }
  for (const slug of new Set(placed.map((one) => one.slug))) {
    const limits = sharedRates(
      placed.filter((one) => one.slug === slug),
      report,
    );
    if (limits.length > 0) draft.models.set(slug, { ...draft.models.get(slug), limits });
  }
  for (const { group, at, account } of wildcards)
    report.changed(
      below(at, 'model_name'),
      `${group}: every model that the catalogue knows at ${providers.get(account)} may be called by its slug, by keys without allow-lists`,
    );
  return placed;
}

function paid({ input = 0, output = 0 }: PriceBody): boolean {
  return input > 0 && output > 0;
}

type User = { readonly account: Account; readonly group: string; readonly id?: string };

/**
 * One provider for each account. Credentials of one address that serve the very same deployments are one provider with
 * several of them; any others would be tried for models that they may not have.
 */
function providersFor(users: readonly User[], draft: Draft): ReadonlyMap<Account, string> {
  const serves = new Map<string, Set<string>>();
  for (const { account, group, id } of users) {
    const key = identity(account, true);
    serves.set(key, (serves.get(key) ?? new Set()).add(`${group} ${id ?? '*'}`));
  }
  const give = nameGiver();
  const names = new Map<string, string>();
  const found = new Map<Account, string>();
  for (const { account } of users) {
    const served = [...(serves.get(identity(account, true)) ?? [])].toSorted().join('\n');
    const key = `${identity(account, false)}\n${served}`;
    const name = names.get(key) ?? give(account.name);
    names.set(key, name);
    found.set(account, name);
    draft.providers.set(name, withCredential(draft.providers.get(name), account, name));
  }
  return found;
}

function identity({ body, catalog, credential }: Account, whole: boolean): string {
  return JSON.stringify([body, catalog, whole ? credential : '']);
}

function withCredential(before: ProviderBody | undefined, account: Account, name: string): ProviderBody {
  const keys = before?.api_key === undefined ? [] : [before.api_key].flat();
  const { credential, catalog, body } = account;
  const all = credential === undefined || keys.includes(credential) ? keys : [...keys, credential];
  const { wire, base_url, ...rest } = body;
  return {
    wire,
    base_url,
    ...(all.length > 0 && { api_key: all.length === 1 ? (all[0] ?? '') : all }),
    ...rest,
    ...(catalog !== undefined && catalog !== name && { catalog }),
  };
}

/** A provider has one endpoint for each model, so a second name of the same model there is a model of its own. */
function withoutClashes(
  deployments: readonly Deployment[],
  providers: ReadonlyMap<Account, string>,
): readonly Deployment[] {
  const ids = new Map<string, string>();
  return deployments.map((deployment) => {
    const provider = providers.get(deployment.account) ?? '';
    const place = `${deployment.slug}@${provider}`;
    const before = ids.get(place) ?? deployment.id;
    ids.set(place, before);
    if (before === deployment.id) return deployment;
    return { ...deployment, slug: slugOf({ name: provider }, `${provider}/${deployment.id}`), known: false };
  });
}

function offerOf({ account, slug }: Deployment, catalogue: Catalogue): ModelOffer | undefined {
  return catalogue.models.get(slug)?.offers.find(({ provider }) => provider === account.catalog);
}

type ModelOffer = NonNullable<ReturnType<Catalogue['models']['get']>>['offers'][number];

/** The price that must be written: what the source says, else the list price of whoever made the model. */
function overlayPrice(deployment: Deployment, catalogue: Catalogue, report: Report): PriceBody | undefined {
  const { account, at, price, slug } = deployment;
  const inside = below(at, 'litellm_params', 'model');
  if (price !== undefined) {
    if (price.free === true || paid(price)) return price;
    report.lost(
      inside,
      'only one of its two costs per token is above 0, so they do not count: write a price under models by hand',
    );
  }
  if (account.catalog !== undefined && isPriced(offerOf(deployment, catalogue)?.price)) return undefined;
  const listed =
    account.pricedLike === undefined ? undefined : listPrice(catalogue, slug, account.pricedLike);
  if (listed) {
    report.changed(inside, `${slug} is priced like ${account.pricedLike} lists it: check models.${slug}`);
    return listed;
  }
  if (!account.local) return undefined;
  report.changed(inside, `${slug} is on your own network and nobody priced it: it counts as free`);
  return { free: true };
}

function addEndpoint(deployment: Placed, draft: Draft, catalogue: Catalogue): void {
  const { slug, id, price, provider, account, known, info } = deployment;
  const offer = account.catalog === undefined ? undefined : offerOf(deployment, catalogue);
  const model: ModelBody = draft.models.get(slug) ?? {};
  const endpoints: OverlayEndpointBody[] = model.endpoints ?? [];
  const needed = offer?.id !== id || price !== undefined;
  if (!needed || endpoints.some((endpoint) => endpoint.provider === provider)) return;
  const endpoint: OverlayEndpointBody = { provider, model: id, ...(price && { price }) };
  draft.models.set(slug, { ...model, ...(known ? {} : factsOf(info)), endpoints: [...endpoints, endpoint] });
  const notes = [
    known ? '' : 'Not in the catalogue.',
    known || featuresOf(info) ? '' : 'What it can do is a guess: check features.',
    deployment.priced
      ? ''
      : `Nobody said what it costs at ${provider}: add price: { input: …, output: … } there.`,
  ].filter((note) => note !== '');
  if (notes.length > 0) draft.comments.push({ path: ['models', slug], text: notes.join(' ') });
}

/** Where nobody said what a model can do, what nearly all can is assumed; else no request with tools would reach it. */
const assumed: NonNullable<ModelBody['features']> = ['tools', 'json_schema'];

function factsOf(info: Deployment['info']): ModelBody {
  const context = whole(info['max_input_tokens'] ?? info['max_tokens']);
  const longest = whole(info['max_output_tokens']);
  return {
    ...(context !== undefined && { context }),
    ...(longest !== undefined && { max_output: longest }),
    features: featuresOf(info) ?? [...assumed],
  };
}

function whole(value: unknown): number | undefined {
  const amount = Math.floor(amountOf(value) ?? 0);
  return amount >= 1 && amount <= 1e12 ? amount : undefined;
}

const rates = [
  { field: 'rpm', limit: (amount: number): LimitBody => ({ requests: amount, per: 'minute' }) },
  { field: 'tpm', limit: (amount: number): LimitBody => ({ tokens: amount, per: 'minute' }) },
  { field: 'max_parallel_requests', limit: (amount: number): LimitBody => ({ concurrent: amount }) },
] as const;

/** Rates of deployments become one of their model, for all of its endpoints together. */
function sharedRates(deployments: readonly Placed[], report: Report): LimitBody[] {
  const distinct = [...new Map(deployments.map((one) => [`${one.provider} ${one.id}`, one])).values()];
  return rates.flatMap(({ field, limit }) => {
    const said = distinct.filter(({ params }) => !isNothing(params[field]));
    const amounts = distinct.map(({ params }) => whole(params[field]) ?? 0);
    const sum = amounts.reduce((total, amount) => total + amount, 0);
    const all =
      amounts.every((amount) => amount > 0) && sum <= (field === 'max_parallel_requests' ? 1e6 : 1e15);
    for (const { at, slug, params } of said) {
      const place = below(at, 'litellm_params', field);
      if (all) report.changed(place, `models.${slug}.limits: ${sum}, for all its endpoints together`);
      else
        report.lost(
          place,
          `${String(amountOf(params[field]) ?? '?')} for one of several endpoints of ${slug}: limits hold for a model or a provider`,
        );
    }
    return all && said.length > 0 ? [limit(sum)] : [];
  });
}
