/** LiteLLM's fallbacks: which model groups stand behind which. */
import { isFields, isNothing, listOf, textOf, type Fields } from './loose.ts';
import { below, type At, type Report } from './report.ts';

type Reading = {
  readonly into: Map<string, readonly string[]>;
  readonly groups: { readonly has: (name: string) => boolean };
  readonly report: Report;
};

const told: Readonly<Record<string, string>> = {
  context_window_fallbacks:
    'at the end of the chain: too long a prompt goes on to the first that has room, and they serve after other failures too',
  content_policy_fallbacks:
    'at the end of the chain, with moderation in failover.on: they serve after other failures too',
};

/**
 * `[{ group: [group, …] }, …]`, or one map of them; a single group may stand without its list, and a fallback may also be
 * `{ model, … }`, of which the parameters are not carried.
 */
export function readFallbacks(fields: Fields, name: string, at: At, reading: Reading): void {
  const value = fields[name];
  const place = below(at, name);
  if (isFields(value)) readMap(value, name, place, reading);
  else if (Array.isArray(value))
    for (const [index, entry] of listOf(value).entries()) {
      if (isFields(entry)) readMap(entry, name, below(place, index), reading);
      else reading.report.lost(below(place, index), unreadable);
    }
  else if (!isNothing(value)) reading.report.lost(place, unreadable);
}

const unreadable = 'is no { group: [fallbacks] }: add them to the chains by hand';

function readMap(map: Fields, name: string, at: At, reading: Reading): void {
  const { into, report } = reading;
  for (const [group, list] of Object.entries(map)) {
    const place = below(at, group);
    const names = namesIn(list, place, reading);
    if (names.length === 0) continue;
    into.set(group, [...(into.get(group) ?? []), ...names]);
    if (listOf(list).some((each) => isFields(each) && Object.keys(each).length > 1))
      report.lost(place, 'parameters of a fallback: write them at the member of the chain by hand');
    const how = told[name];
    if (how === undefined) report.carried(place, `${names.join(', ')} behind it in the chain`);
    else report.changed(place, `${names.join(', ')} ${how}`);
  }
}

/** `default_fallbacks`: for the groups that have none of their own. */
export function readDefault(value: unknown, at: At, reading: Reading): void {
  const names = isNothing(value) ? [] : namesIn(value, at, reading);
  if (names.length === 0) return;
  reading.into.set('*', names);
  reading.report.carried(at, 'behind every chain that has no fallbacks of its own');
}

/** The model groups of a list, or the one that stands without; others are reported. */
function namesIn(value: unknown, at: At, { groups, report }: Reading): readonly string[] {
  const list = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(list)) {
    report.lost(at, 'is no list of model groups: add them to the chains by hand');
    return [];
  }
  return list.flatMap((each: unknown) => {
    const name = textOf(isFields(each) ? each['model'] : each);
    if (name !== undefined && groups.has(name)) return [name];
    report.lost(at, `${name ?? 'one of them'} is no model group that was carried: it is left out`);
    return [];
  });
}
