/** LiteLLM's model groups, with the fallbacks between them, become presets. */
import { catalogOf } from '../core/build-endpoints.ts';
import type { Catalogue } from '../core/catalog.ts';
import { defaultFailover } from '../core/defaults.ts';
import type { FailoverBody, MemberBody, PreferencesBody, PresetBody } from '../core/document-preset.ts';
import { printDuration } from '../core/duration.ts';
import { aliasProblem } from '../core/slug.ts';
import type { Draft } from './draft.ts';
import { readDefault, readFallbacks } from './litellm-fallbacks.ts';
import type { Placed } from './litellm-providers.ts';
import { amountOf, fieldsOf, isFields, isNothing, textOf, type Fields } from './loose.ts';
import { nameGiver, slugFor } from './names.ts';
import { below, type At, type Report, type Source } from './report.ts';

/** How callers reach what was written: model groups by the name of their preset. */
export type Groups = {
  /** Model group → its preset. */
  readonly presets: ReadonlyMap<string, string>;
  /** Other names that callers use → a preset. */
  readonly aliases: Readonly<Record<string, string>>;
};

type Routing = {
  /** Model group → groups, for all failures; `*` = for all groups that have none of their own. */
  readonly general: ReadonlyMap<string, readonly string[]>;
  readonly context: ReadonlyMap<string, readonly string[]>;
  readonly content: ReadonlyMap<string, readonly string[]>;
  readonly strategy: string;
  /** Of the router, in seconds. */
  readonly timeouts: Fields;
};

/** Longer chains cannot be written. */
const longestChain = 32;

type Target = {
  readonly draft: Draft;
  readonly report: Report;
  readonly catalogue: Catalogue;
  /** Somewhere a limit in dollars holds, so what has no price cannot serve. */
  readonly limited: boolean;
};

/** Writes the presets into the draft, which has the providers and models by now. */
export function writePresets(
  placed: readonly Placed[],
  sources: readonly Source[],
  { draft, report, catalogue, limited }: Target,
): Groups {
  const groups = new Map<string, Placed[]>();
  for (const one of placed) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  const routing = readRouting(sources, groups, report);
  const serving = servingIn(draft, catalogue);
  const give = nameGiver();
  const presets = new Map<string, string>();
  const aliases: Record<string, string> = {};
  for (const [group, own] of groups) {
    const ordered = own.toSorted((a, b) => (a.order ?? Infinity) - (b.order ?? Infinity) || 0);
    const chain = chainOf(group, ordered, { groups, routing });
    const usable = chain.filter((one) => one.priced || !limited);
    const at = below(own[0]?.at ?? { source: { name: '', locate: () => undefined }, path: [] }, 'model_name');
    for (const one of chain)
      if (!usable.includes(one) && one.group === group) report.lost(one.at, unpriced(one));
    if (!usable.some((one) => one.group === group)) {
      report.lost(
        at,
        `${group}: none of its models has a price, and limits in dollars hold; no preset was written`,
      );
      continue;
    }
    const name = give(slugFor(group, 'group'));
    draft.presets.set(name, presetOf(group, { ordered, usable, serving }, routing, report));
    presets.set(group, name);
    report.carried(at, `presets.${name}${name === group ? '' : `, for callers still ${group}`}`);
    if (aliasProblem(group) === undefined) aliases[group] = name;
    else report.lost(at, `${group} cannot be an alias: callers name @preset/${name} instead`);
  }
  return { presets, aliases: { ...aliases, ...groupAliases(sources, presets, report) } };
}

function unpriced({ slug, provider }: Placed): string {
  return `${slug} at ${provider} has no known price, and limits in dollars hold, so it was left out of the chain: give it one under models and add it`;
}

type Around = {
  readonly groups: ReadonlyMap<string, readonly Placed[]>;
  readonly routing: Routing;
};

/** The group's own deployments, then those of its fallbacks. */
function chainOf(group: string, own: readonly Placed[], { groups, routing }: Around): readonly Placed[] {
  const { general, context, content } = routing;
  const next = [
    ...(general.get(group) ?? general.get('*') ?? []),
    ...(context.get(group) ?? []),
    ...(content.get(group) ?? []),
  ];
  return [...own, ...next.flatMap((name) => (name === group ? [] : (groups.get(name) ?? [])))];
}

type Parts = {
  /** Of the group itself. */
  readonly ordered: readonly Placed[];
  /** Of the whole chain. */
  readonly usable: readonly Placed[];
  readonly serving: Serving;
};

function presetOf(
  group: string,
  { ordered, usable, serving }: Parts,
  routing: Routing,
  report: Report,
): PresetBody {
  const inOrder = usable.filter((one, index) => usable.findIndex(({ slug }) => slug === one.slug) === index);
  const at = ordered[0]?.at;
  if (
    at &&
    new Set(ordered.map(({ slug }) => slug)).size > 1 &&
    ordered.every(({ order }) => order === undefined)
  )
    report.changed(
      below(at, 'model_name'),
      `${group}: its deployments were balanced; they are different models, so now the first serves and the others are its fallbacks`,
    );
  const provider = preferencesOf(usable, serving, routing.strategy);
  const failover = failoverOf(group, ordered, routing, report);
  return {
    models: inOrder.slice(0, longestChain).map(memberOf),
    ...(Object.keys(provider).length > 0 && { provider }),
    ...(Object.keys(failover).length > 0 && { failover }),
  };
}

function memberOf({ slug, parameters }: Placed): MemberBody {
  return Object.keys(parameters).length === 0 ? slug : { model: slug, parameters: { ...parameters } };
}

const sorts: Readonly<Record<string, NonNullable<PreferencesBody['sort']>>> = {
  'latency-based-routing': 'latency',
  'cost-based-routing': 'price',
};

/** The providers that would be asked for a model. */
type Serving = (slug: string) => readonly string[];

function servingIn({ providers, models }: Draft, catalogue: Catalogue): Serving {
  return (slug) => {
    const offered = new Set(catalogue.models.get(slug)?.offers.map(({ provider }) => provider));
    const own = new Set(models.get(slug)?.endpoints?.map(({ provider }) => provider));
    return [...providers].flatMap(([name, body]) =>
      own.has(name) || offered.has(catalogOf(name, body)) ? name : [],
    );
  };
}

/** Kept to its own providers where others would serve the same models; balanced where several do. */
function preferencesOf(chain: readonly Placed[], serving: Serving, strategy: string): PreferencesBody {
  const providers = [...new Set(chain.map(({ provider }) => provider))];
  const slugs = new Set(chain.map(({ slug }) => slug));
  const others = [...slugs].flatMap(serving).some((name) => !providers.includes(name));
  const shared = [...slugs].filter(
    (slug) => new Set(chain.filter((one) => one.slug === slug).map(({ provider }) => provider)).size > 1,
  );
  if (shared.length === 0) return others ? { only: providers } : {};
  const ordered = chain.some(({ order, slug }) => order !== undefined && shared.includes(slug));
  return {
    ...(ordered ? { order: providers } : { sort: sorts[strategy] ?? 'balance' }),
    ...(others && { only: providers }),
  };
}

function failoverOf(
  group: string,
  ordered: readonly Placed[],
  routing: Routing,
  report: Report,
): FailoverBody {
  const [first] = ordered;
  const { timeouts } = routing;
  const response = seconds(first?.params['timeout'] ?? timeouts['timeout'] ?? timeouts['request_timeout']);
  const begin = seconds(first?.params['stream_timeout'] ?? timeouts['stream_timeout']);
  const differ = ordered.some(({ params }) => params['timeout'] !== first?.params['timeout']);
  if (first && differ)
    report.changed(
      below(first.at, 'litellm_params', 'timeout'),
      `the deployments of ${group} differ in it: the first one's holds for all`,
    );
  const usual = response === defaultFailover.timeouts.response;
  const long = Math.max(response ?? 0, begin ?? 0) > defaultFailover.timeouts.total;
  const limits = {
    ...(begin !== undefined && { first_token: printDuration(begin) }),
    ...(response !== undefined && !usual && { response: printDuration(response) }),
    ...(long && { total: printDuration(Math.max(response ?? 0, begin ?? 0)) }),
  };
  return {
    ...(routing.content.has(group) && { on: [...failoverOn, 'moderation'] }),
    ...(Object.keys(limits).length > 0 && { timeouts: limits }),
  };
}

const failoverOn = [...defaultFailover.on] as NonNullable<FailoverBody['on']>;

/** Seconds as ms, where a timeout may be so long. */
function seconds(value: unknown): number | undefined {
  const ms = Math.round((amountOf(value) ?? 0) * 1_000);
  return ms > 0 && ms <= 86_400_000 ? ms : undefined;
}

function readRouting(sources: readonly Source[], groups: Around['groups'], report: Report): Routing {
  const general = new Map<string, readonly string[]>();
  const context = new Map<string, readonly string[]>();
  const content = new Map<string, readonly string[]>();
  const timeouts: Record<string, unknown> = {};
  let strategy = 'simple-shuffle';
  for (const source of sources) {
    for (const section of ['litellm_settings', 'router_settings']) {
      const fields = fieldsOf(fieldsOf(source.value)[section]);
      const at: At = { source, path: [section] };
      readFallbacks(fields, 'fallbacks', at, { into: general, groups, report });
      readFallbacks(fields, 'context_window_fallbacks', at, { into: context, groups, report });
      readFallbacks(fields, 'content_policy_fallbacks', at, { into: content, groups, report });
      readDefault(fields['default_fallbacks'], below(at, 'default_fallbacks'), {
        into: general,
        groups,
        report,
      });
      for (const name of ['timeout', 'request_timeout', 'stream_timeout']) {
        if (isNothing(fields[name])) continue;
        timeouts[name] = fields[name];
        if (seconds(fields[name]) === undefined)
          report.lost(below(at, name), 'must be above 0 and at most a day');
        else report.carried(below(at, name), 'failover.timeouts of every preset');
      }
      strategy = textOf(fields['routing_strategy']) ?? strategy;
    }
  }
  return { general, context, content, strategy, timeouts };
}

/** `model_group_alias`: another name, or `{ model, hidden }`. */
function groupAliases(
  sources: readonly Source[],
  presets: ReadonlyMap<string, string>,
  report: Report,
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const source of sources) {
    const router = fieldsOf(fieldsOf(source.value)['router_settings']);
    for (const [alias, target] of Object.entries(fieldsOf(router['model_group_alias']))) {
      const at: At = { source, path: ['router_settings', 'model_group_alias', alias] };
      const group = textOf(isFields(target) ? target['model'] : target) ?? '';
      const preset = presets.get(group);
      const problem =
        preset === undefined ? `there is no model group ${JSON.stringify(group)}` : aliasProblem(alias);
      if (preset === undefined || problem !== undefined) report.lost(at, problem ?? '');
      else {
        found[alias] = preset;
        report.carried(at, `an alias of the preset ${preset}`);
      }
    }
  }
  return found;
}
