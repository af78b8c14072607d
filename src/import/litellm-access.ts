/** LiteLLM's teams become workspaces, its virtual keys become keys. What a key may use is never widened. */
import { createHash } from 'node:crypto';
import type { KeyBody } from '../core/document.ts';
import { defaultWorkspace } from '../core/defaults.ts';
import { hashPrefix } from '../core/secret-text.ts';
import { aliasProblem } from '../core/slug.ts';
import { limitsOf } from './budgets.ts';
import type { Draft } from './draft.ts';
import type { Groups } from './litellm-presets.ts';
import { amountOf, entryOf, fieldsOf, isNothing, textOf, textsOf, type Fields } from './loose.ts';
import { nameGiver, slugFor } from './names.ts';
import { below, type At, type Report } from './report.ts';

export type Found = { readonly fields: Fields; readonly at: At };

type Access = {
  readonly draft: Draft;
  readonly report: Report;
  readonly groups: Groups;
  readonly accessGroups: ReadonlyMap<string, readonly string[]>;
  /** Models were open by the provider's own names too (`openai/*`). */
  readonly open: boolean;
};

type Team = {
  readonly workspace: string;
  /** The very same list for all of its keys, so that it is written once. */
  readonly presets: string[];
  /** Its list of models is empty: nothing else is shut either. */
  readonly everything: boolean;
  readonly blocked: boolean;
};

/** Writes workspaces and keys into the draft. */
export function writeAccess(teams: readonly Found[], keys: readonly Found[], access: Access): void {
  const known = writeTeams(teams, access);
  const noTeam: Team = {
    workspace: defaultWorkspace,
    presets: [...access.groups.presets.values()],
    everything: true,
    blocked: false,
  };
  const give = nameGiver();
  for (const key of keys)
    writeKey(key, (id) => (id === undefined ? noTeam : known.get(id)), { ...access, give });
  tellSpent([...teams, ...keys], access.report);
}

function writeTeams(teams: readonly Found[], access: Access): ReadonlyMap<string, Team> {
  const { draft, report, groups } = access;
  const give = nameGiver();
  give(defaultWorkspace);
  const known = new Map<string, Team>();
  for (const { fields, at } of teams) {
    const id = textOf(fields['team_id']) ?? '';
    const title = textOf(fields['team_alias']) ?? id;
    if (title === '') {
      report.lost(at, 'has no team_alias and no team_id; left out');
      continue;
    }
    const workspace = give(slugFor(title, 'team'));
    const allowed = presetsFor(fields['models'], below(at, 'models'), access);
    const names = allowed ?? [...groups.presets.values()];
    const presets = Object.fromEntries(names.map((name) => [name, draft.presets.get(name) ?? {}]));
    const limits = limitsOf(fields, at, report);
    const aliases = { ...aliasesTo(names, groups), ...ownAliases(...teamAliases(fields, at), names, access) };
    draft.workspaces.set(workspace, {
      ...(limits.length > 0 && { limits }),
      ...(Object.keys(aliases).length > 0 && { aliases }),
      presets,
    });
    const blocked = fields['blocked'] === true;
    known.set(id, { workspace, presets: names, everything: allowed === undefined, blocked });
    report.carried(at, `workspaces.${workspace}${title === workspace ? '' : ` (${title})`}`);
    if (blocked)
      report.changed(below(at, 'blocked'), 'its keys are written disabled: a workspace has no such switch');
    tellRest(fields, teamFields, at, report);
  }
  return known;
}

function teamAliases(fields: Fields, at: At): readonly [value: unknown, at: At] {
  const own = fields['model_aliases'];
  if (!isNothing(own)) return [own, below(at, 'model_aliases')];
  const table = 'litellm_model_table';
  return [fieldsOf(fields[table])['model_aliases'], below(at, table, 'model_aliases')];
}

function writeKey(
  { fields, at }: Found,
  teamOf: (id: string | undefined) => Team | undefined,
  access: Access & { readonly give: (name: string) => string },
): void {
  const { draft, report, give } = access;
  const hash = hashOf(fields);
  if (hash === undefined) {
    report.lost(at, 'has no token that is a SHA-256 in hex: ask for /key/list?return_full_object=true');
    return;
  }
  const team = teamOf(textOf(fields['team_id']));
  const name = give(slugFor(textOf(fields['key_alias']) ?? '', `key-${hash.slice(0, 8)}`));
  const allowed = presetsFor(fields['models'], below(at, 'models'), access);
  const presets =
    allowed?.filter((preset) => team?.presets.includes(preset) !== false) ?? team?.presets ?? [];
  const limits = limitsOf(fields, at, report);
  const aliases = ownAliases(fields['aliases'], below(at, 'aliases'), presets, access);
  const expires = expiryOf(fields['expires'], at, report);
  const disabled = fields['blocked'] === true || team?.blocked !== false;
  const open = access.open && allowed === undefined && team?.everything === true;
  const key: KeyBody = {
    name,
    key: hashPrefix + hash,
    ...(team && team.workspace !== defaultWorkspace && { workspace: team.workspace }),
    ...(disabled && { disabled }),
    ...(!open && { presets }),
    ...(Object.keys(aliases).length > 0 && { aliases }),
    ...(expires !== undefined && { expires }),
    ...(limits.length > 0 && { limits }),
  };
  draft.keys.push(key);
  report.carried(at, `the key ${name}; callers keep the secret they have`);
  if (team === undefined)
    report.changed(
      below(at, 'team_id'),
      `${name} is written disabled: its team is in none of the files, so nobody knows its limits; give /team/list too`,
    );
  tellRest(fields, keyFields, at, report);
}

/** LiteLLM stores the SHA-256 of the whole key, `sk-` included; a key in clear is hashed the same way here. */
export function hashOf({ token, api_key, key }: Fields): string | undefined {
  const text = textOf(token ?? api_key ?? key) ?? '';
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  return /^sk-[\x21-\x7e]{13,}$/.test(text) ? createHash('sha256').update(text).digest('hex') : undefined;
}

const everything: ReadonlySet<string> = new Set(['all-proxy-models', 'all-team-models', '*']);

/** The presets of an allow-list; undefined = it allows everything, as an empty one does. */
function presetsFor(list: unknown, at: At, { groups, accessGroups, report }: Access): string[] | undefined {
  const names = textsOf(list);
  if (names.length === 0 || names.some((name) => everything.has(name))) return undefined;
  const found = new Set<string>();
  for (const name of names) {
    const members = (accessGroups.get(name) ?? [name]).flatMap((group) => groups.presets.get(group) ?? []);
    for (const preset of members) found.add(preset);
    if (members.length === 0)
      report.lost(
        at,
        name === 'no-default-models'
          ? 'nothing is allowed'
          : `${name} stands for no preset that was written: not allowed`,
      );
  }
  return [...found];
}

function aliasesTo(presets: readonly string[], { aliases }: Groups): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(aliases).filter(([, preset]) => presets.includes(preset)));
}

/** Other names for model groups, of a key or a team. */
function ownAliases(
  value: unknown,
  at: At,
  usable: readonly string[],
  { groups, report }: Access,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [alias, group] of Object.entries(fieldsOf(value))) {
    const preset = groups.presets.get(textOf(group) ?? '');
    const place = below(at, alias);
    if (preset === undefined || !usable.includes(preset) || aliasProblem(alias) !== undefined)
      report.lost(place, 'leads to no preset that may be used here');
    else {
      found[alias] = preset;
      report.carried(place, `an alias of ${preset}`);
    }
  }
  return found;
}

/** Times without a zone are UTC there. */
function expiryOf(value: unknown, at: At, report: Report): string | undefined {
  const text = textOf(value);
  if (text === undefined) return undefined;
  const zoned = /(z|[+-]\d\d:?\d\d)$/i.test(text) || !/\d:\d/.test(text) ? text : `${text}Z`;
  const time = Date.parse(zoned.replace(' ', 'T'));
  if (!Number.isFinite(time)) {
    report.lost(below(at, 'expires'), 'is no time; the key was written so that it has expired');
    return '2000-01-01T00:00:00Z';
  }
  return new Date(time).toISOString().replace('.000Z', 'Z');
}

const budgetFields =
  'max_budget budget_duration soft_budget budget_limits rpm_limit tpm_limit tpd_limit max_parallel_requests'.split(
    ' ',
  );
/** Names, times and counts that say nothing about what may be done. */
const facts =
  'spend created_at created_by updated_at updated_by budget_reset_at model_spend team_id team_alias models blocked organization_id org_id user_id user_email'.split(
    ' ',
  );
const teamFields: ReadonlySet<string> = new Set([
  ...budgetFields,
  ...facts,
  ...'model_aliases litellm_model_table model_id keys keys_count members_count admins members team_memberships'.split(
    ' ',
  ),
]);
const keyFields: ReadonlySet<string> = new Set([
  ...budgetFields,
  ...facts,
  ...'token api_key key key_name key_alias expires aliases last_active key_type soft_budget_cooldown user'.split(
    ' ',
  ),
  ...'rotation_count last_rotation_at auto_rotate last_refreshed_at user_role login_method'.split(' '),
]);

const reasons: Readonly<Record<string, string>> = {
  members_with_roles: 'people and their roles: make them here',
  model_max_budget: 'a budget by model within a key or a team: write a limit at the preset or the model',
  router_settings: 'routing of its own: write a preset for it',
  guardrails: 'there are no guardrails here',
  metadata: 'is not kept; tags come with each request (x-spillway-tags)',
};

function tellRest(fields: Fields, understood: ReadonlySet<string>, at: At, report: Report): void {
  for (const [name, value] of Object.entries(fields))
    if (!understood.has(name) && !isNothing(value) && !isPlainZero(value))
      report.lost(below(at, name), entryOf(reasons, name) ?? 'nothing here corresponds to it');
}

function isPlainZero(value: unknown): boolean {
  return value === 0;
}

function tellSpent(objects: readonly Found[], report: Report): void {
  const spent = objects.filter(({ fields }) => (amountOf(fields['spend']) ?? 0) > 0);
  const [first] = spent;
  if (first)
    report.lost(
      below(first.at, 'spend'),
      `what was spent before (by ${spent.length} of the teams and keys) is not counted: every limit begins at 0`,
    );
}
