/** Presets as requests use them: names resolved, durations in ms, defaults filled in. */
import { backgroundFrom, ruleFrom } from './build-route.ts';
import { defaultBelow, defaultFailover } from './defaults.ts';
import type { Catalogue } from './catalog.ts';
import type {
  FailoverBody,
  FloorBody,
  MemberBody,
  PreferencesBody,
  PresetBody,
  TimeoutsBody,
} from './document-preset.ts';
import { parseDuration } from './duration.ts';
import { limitsFrom } from './limit.ts';
import { once } from './once.ts';
import { present } from './present.ts';
import { presetAddress, type Setting } from './settings.ts';
import type {
  Failover,
  Floor,
  Member,
  Preset,
  PresetEntry,
  PresetVersion,
  ProviderPreferences,
  Timeouts,
} from './snapshot.ts';

/** Other names of models; none of them is a slug. */
type Aliases = Catalogue['aliases'];

/** A preset with all its versions. Limits belong to the preset, not to a version: old ones carry the active ones'. */
export function buildPresetEntry(setting: Setting<'preset'>, { aliases }: Catalogue): PresetEntry {
  return entriesWith(aliases)(setting);
}

const entriesWith = once((aliases: Aliases) =>
  once((setting: Setting<'preset'>) => entryFrom(setting, aliases)),
);

function entryFrom(setting: Setting<'preset'>, aliases: Aliases): PresetEntry {
  const active = {
    ...buildPreset(setting.name, setting.version, setting.body, aliases),
    version: setting.version,
  };
  const versions = new Map<number, Preset>([[setting.version, active]]);
  for (const [version, body] of setting.older ?? []) {
    const { limits: _own, ...old } = buildPreset(setting.name, version, body, aliases);
    versions.set(version, present({ ...old, limits: active.limits }));
  }
  const { draft: body, rollout } = setting;
  const draft = body && buildPreset(setting.name, 'draft', body, aliases);
  const rolledOut = rollout && versions.get(rollout.version);
  const status = setting.archived ? 'archived' : setting.body.disabled === true ? 'disabled' : 'active';
  return {
    active,
    versions,
    status,
    ...(draft ? { draft: present({ ...draft, limits: active.limits }) } : {}),
    ...(rollout && rolledOut ? { rollout: { preset: rolledOut, percent: rollout.percent } } : {}),
  };
}

function buildPreset(name: string, version: PresetVersion, body: PresetBody, aliases: Aliases): Preset {
  const { workspace, slug } = presetAddress(name);
  return present({
    slug,
    version,
    workspace,
    description: body.description,
    sharedWith: body.shared_with === 'all' ? ('all' as const) : body.shared_with && new Set(body.shared_with),
    chain: (body.models ?? []).map((member) => memberFrom(member, aliases)),
    systemPrompt: body.system_prompt,
    parameters: body.parameters ?? {},
    tools: body.tools ?? [],
    provider: body.provider === undefined ? {} : preferencesFrom(body.provider),
    locked: new Set(body.locked),
    floor: body.floor === undefined ? undefined : floorFrom(body.floor),
    failover: body.failover === undefined ? defaultFailover : failoverFrom(body.failover),
    limits: limitsFrom(body.limits),
    route: body.route?.map(ruleFrom),
    background: body.background === undefined ? undefined : backgroundFrom(body.background),
  });
}

/** The model's name in a chain entry, as it was written. */
export function memberModel(member: MemberBody): string {
  return typeof member === 'string' ? member : member.model;
}

function memberFrom(member: MemberBody, aliases: Aliases): Member {
  const parameters = typeof member === 'string' ? {} : (member.parameters ?? {});
  return { model: canonicalModel(memberModel(member), aliases), parameters };
}

/** The canonical slug of a slug or alias; a variant (`:nitro`) stays on it. Unknown names stay as they are. */
export function canonicalModel(name: string, aliases: Aliases): string {
  const slug = aliases.get(name);
  if (slug !== undefined) return slug;
  const colon = name.indexOf(':');
  if (colon < 0) return name;
  const plain = name.slice(0, colon);
  return (aliases.get(plain) ?? plain) + name.slice(colon);
}

function preferencesFrom(body: PreferencesBody): ProviderPreferences {
  const { max_price: prices, sort, preferred_min_throughput, preferred_max_latency, ...same } = body;
  const usd = (price: number | string | undefined): number | undefined =>
    price === undefined ? undefined : Number(price);
  return present({
    ...same,
    sort: carried(sort),
    preferred_min_throughput: carried(preferred_min_throughput),
    preferred_max_latency: carried(preferred_max_latency),
    max_price:
      prices &&
      present({
        prompt: usd(prices.prompt),
        completion: usd(prices.completion),
        request: usd(prices.request),
        image: usd(prices.image),
        audio: usd(prices.audio),
      }),
  });
}

/** A number or word as it is, a map without absent entries. */
function carried<T extends string | number>(
  value: T | Readonly<Record<string, string | number | undefined>> | undefined,
): T | Readonly<Record<string, string | number>> | undefined {
  return typeof value === 'object' ? (present(value) as Readonly<Record<string, string | number>>) : value;
}

function floorFrom(body: FloorBody): Floor {
  return present({
    tier: body.tier,
    context: body.context,
    features: body.features ?? [],
    below: body.below ?? defaultBelow,
  });
}

function failoverFrom(body: FailoverBody): Failover {
  return present({
    on: body.on === undefined ? defaultFailover.on : new Set(body.on),
    timeouts: body.timeouts === undefined ? defaultFailover.timeouts : timeoutsFrom(body.timeouts),
    order: body.order ?? defaultFailover.order,
    attempts: body.attempts ?? defaultFailover.attempts,
    maxCostMultiplier: body.max_cost_multiplier,
    stay: ms(body.stay) ?? defaultFailover.stay,
  });
}

function timeoutsFrom(body: TimeoutsBody): Timeouts {
  const standard = defaultFailover.timeouts;
  return present({
    connect: ms(body.connect) ?? standard.connect,
    firstToken: ms(body.first_token),
    response: ms(body.response) ?? standard.response,
    idle: ms(body.idle) ?? standard.idle,
    total: ms(body.total) ?? standard.total,
    startBy: ms(body.start_by) ?? standard.startBy,
  });
}

function ms(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}
