/** `spillway import litellm`: a proxy's config.yaml, and what /team/list and /key/list answer, as a document. */
import type { Catalogue } from '../core/catalog.ts';
import { budget, limitsOf, rate } from './budgets.ts';
import { draftText, emptyDraft, type Draft } from './draft.ts';
import { writeAccess, type Found } from './litellm-access.ts';
import { onceEach, tellMissingPages } from './litellm-pages.ts';
import { readModelList } from './litellm-deployments.ts';
import { knownPrefixes } from './litellm-names.ts';
import { writePresets } from './litellm-presets.ts';
import { placeDeployments } from './litellm-providers.ts';
import { tellSettings } from './litellm-settings.ts';
import { entryOf, fieldsOf, isFields, isNothing, listOf } from './loose.ts';
import {
  BadSource,
  below,
  createReport,
  type At,
  type Imported,
  type Report,
  type Source,
} from './report.ts';

/** The document for these files, and what became of everything in them. Throws `BadSource` for other files. */
export function importLiteLlm(sources: readonly Source[], catalogue: Catalogue): Imported {
  const report = createReport();
  const draft = emptyDraft();
  const configs: Source[] = [];
  const teams: Found[] = [];
  const keys: Found[] = [];
  for (const source of sources) {
    const kind = kindOf(source);
    if (kind === 'config') configs.push(source);
    else if (kind === 'teams') teams.push(...objectsIn(source, 'teams'));
    else keys.push(...objectsIn(source, 'keys'));
  }
  const keysOfTeams = teams.flatMap(({ fields, at }) =>
    listOf(fields['keys']).flatMap((key, index) =>
      isFields(key) ? { fields: key, at: below(at, 'keys', index) } : [],
    ),
  );
  const list = readModelList(configs, catalogue, report);
  const placed = placeDeployments(list, draft, catalogue, report);
  for (const source of configs) gatewayLimits(source, draft, report);
  const limited =
    hasBudget([...teams, ...keys, ...keysOfTeams]) || draft.limits.some(({ usd }) => usd !== undefined);
  const byProvider = configs.flatMap((source) => providerBudgets(source, draft, report));
  const groups = writePresets(placed, configs, {
    draft,
    report,
    catalogue,
    limited: limited || byProvider.length > 0,
  });
  if (Object.keys(groups.aliases).length > 0)
    draft.workspaces.set('default', { aliases: { ...groups.aliases } });
  writeAccess(teams, onceEach([...keys, ...keysOfTeams], report), {
    draft,
    report,
    groups,
    accessGroups: list.accessGroups,
    open: list.wildcards.length > 0,
  });
  for (const source of configs) tellSettings(source, report);
  tellMissingPages(sources, report);
  if (draft.limits.length === 0)
    draft.comments.push({
      path: ['presets'],
      text: 'No limit holds for the whole gateway. At the top: limits: [{ usd: 100, per: day }]',
    });
  return { document: draftText(draft, head(sources)), report: report.entries };
}

function head(sources: readonly Source[]): readonly string[] {
  return [
    `Imported from LiteLLM (${sources.map(({ name }) => name.replaceAll(/\s+/g, ' ')).join(', ')}). Read it, set the variables it`,
    'names with env:, and try it: spillway check, spillway explain PRESET -f FILE, spillway apply --dry-run.',
  ];
}

/** By what is in them; a list of teams or keys may stand bare, as /team/list answers. */
function kindOf({ name, value }: Source): 'config' | 'teams' | 'keys' {
  if (isFields(value)) {
    if ('model_list' in value || 'router_settings' in value || 'litellm_settings' in value) return 'config';
    if ('keys' in value && !('team_id' in value)) return 'keys';
    if ('teams' in value || 'team_id' in value) return 'teams';
    if ('token' in value) return 'keys';
  }
  const [first] = listOf(value);
  const fields = fieldsOf(first);
  if ('token' in fields) return 'keys';
  if ('team_id' in fields) return 'teams';
  throw new BadSource(
    `${name} is no config.yaml of LiteLLM (it has no model_list) and no answer of /team/list or /key/list`,
  );
}

function objectsIn(source: Source, name: 'teams' | 'keys'): readonly Found[] {
  const { value } = source;
  if (Array.isArray(value)) return each(value, { source, path: [] });
  const inside = fieldsOf(value)[name];
  if (Array.isArray(inside) && !('team_id' in fieldsOf(value))) return each(inside, { source, path: [name] });
  return [{ fields: fieldsOf(value), at: { source, path: [] } }];
}

function each(list: readonly unknown[], at: At): readonly Found[] {
  return list.map((entry, index) => ({ fields: fieldsOf(entry), at: below(at, index) }));
}

function hasBudget(objects: readonly Found[]): boolean {
  return objects.some(
    ({ fields }) =>
      !isNothing(fields['max_budget']) ||
      listOf(fields['budget_limits']).some((one) => !isNothing(isFields(one) ? one['max_budget'] : one)),
  );
}

function gatewayLimits(source: Source, draft: Draft, report: Report): void {
  const { max_budget, budget_duration } = fieldsOf(fieldsOf(source.value)['litellm_settings']);
  const settings: At = { source, path: ['litellm_settings'] };
  draft.limits.push(...limitsOf({ max_budget, budget_duration }, settings, report));
  const general = fieldsOf(fieldsOf(source.value)['general_settings']);
  const at: At = { source, path: ['general_settings'] };
  draft.limits.push(
    ...rate(general, { field: 'global_max_parallel_requests', unit: 'concurrent' }, at, report),
  );
}

/** `provider_budget_config` of the router: for each provider `{ budget_limit, time_period }`. */
function providerBudgets(source: Source, draft: Draft, report: Report): readonly string[] {
  const router = fieldsOf(fieldsOf(source.value)['router_settings']);
  return Object.entries(fieldsOf(router['provider_budget_config'])).flatMap(([prefix, said]) => {
    const at: At = { source, path: ['router_settings', 'provider_budget_config', prefix] };
    const { budget_limit, max_budget, time_period, budget_duration } = fieldsOf(said);
    const name = entryOf(knownPrefixes, prefix) ?? prefix;
    const provider = draft.providers.get(name);
    if (provider === undefined) {
      report.lost(at, `there is no provider ${name} in the document`);
      return [];
    }
    const limit = budget(
      { usd: budget_limit ?? max_budget, duration: time_period ?? budget_duration },
      at,
      report,
    );
    if (limit === undefined) return [];
    draft.providers.set(name, { ...provider, limits: [limit] });
    return [name];
  });
}
