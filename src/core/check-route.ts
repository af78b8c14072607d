/** Do routes lead to presets, each rule to something that can be reached, and none back to where it came from? */
import { canonicalModel } from './build-preset.ts';
import { checkPresetReference, type CheckInput } from './check-names.ts';
import { presetIn } from './shared-preset.ts';
import type { PresetBody } from './document-preset.ts';
import type { RouteRuleBody, RouteWhenBody } from './document-route.ts';
import { error, warning, type Mistake, type Path } from './mistake.ts';
import { backgroundKind, backgroundKinds } from './recognise.ts';
import { mostHops } from './route.ts';
import { presetAddress, type Setting } from './settings.ts';
import { suggest } from './suggest.ts';

type Place = { readonly workspace: string; readonly path: Path; readonly input: CheckInput };

/** The rules of a preset, and where its background calls go. */
export function checkRoute({ name, path, body }: Setting<'preset'>, input: CheckInput): readonly Mistake[] {
  const { workspace } = presetAddress(name);
  const { route, background } = body;
  const place = { workspace, path, input };
  return [
    ...(route === undefined ? [] : checkRules(body, route, place)),
    ...(background === undefined ? [] : checkBackground(body, background, place)),
  ];
}

/** What belongs to a preset that serves, and is nothing to one that chooses. */
const ofServing = [
  'models',
  'parameters',
  'system_prompt',
  'tools',
  'provider',
  'floor',
  'failover',
  'background',
] as const;

function checkRules(body: PresetBody, rules: readonly RouteRuleBody[], place: Place): readonly Mistake[] {
  const path = [...place.path, 'route'];
  const beside = ofServing.filter((key) => body[key] !== undefined);
  const why = 'a preset either chooses presets or has a chain';
  return [
    ...rules.flatMap((rule, index) => checkRule(rule, [...path, index], place)),
    ...beside.map((key) =>
      key === 'models'
        ? error(path, `does not go with models: ${why}`)
        : error(
            [...place.path, key],
            `does not go with route: ${why}; write it into the presets that are chosen`,
          ),
    ),
    ...checkReach(rules, path),
  ];
}

function checkRule({ when = {}, preset }: RouteRuleBody, path: Path, place: Place): readonly Mistake[] {
  const at = [...path, 'when'];
  return [
    ...checkTarget(preset, [...path, 'preset'], place),
    ...checkTokens(when, at),
    ...checkTime(when, at),
    ...checkTasks(when, at),
    ...checkHeaders(when, at),
    ...checkModels(when, at, place),
  ];
}

/** An error where there is no such preset; a warning where it cannot serve. */
function checkTarget(slug: string, path: Path, { workspace, input }: Place): readonly Mistake[] {
  const unknown = checkPresetReference(slug, workspace, path, input);
  const entry = presetIn(input.snapshot, workspace, slug);
  if (unknown.length > 0 || entry === undefined) return unknown;
  if (entry.status === 'disabled')
    return [warning(path, `${slug} is disabled: what is sent there is refused`)];
  if (entry.active.chain.length === 0 && entry.active.route === undefined)
    return [
      warning(path, `${slug} has no models: only requests that name one beside the preset can be served`),
    ];
  return [];
}

function checkTokens({ prompt_tokens: range }: RouteWhenBody, path: Path): readonly Mistake[] {
  if (range === undefined) return [];
  const at = [...path, 'prompt_tokens'];
  const { gt, gte, lt, lte } = range;
  const bounds = [gt, gte, lt, lte].filter((bound) => bound !== undefined);
  if (bounds.length === 0) return [error(at, 'says nothing: one or more of gt, gte, lt, lte')];
  // In whole tokens, both ends included.
  const least = Math.max(Math.floor(gt ?? -1) + 1, Math.ceil(gte ?? 0));
  const most = Math.min(Math.ceil(lt ?? Infinity) - 1, Math.floor(lte ?? Infinity));
  return least > most ? [error(at, 'fits no number: its bounds leave nothing between them')] : [];
}

function checkTime({ time }: RouteWhenBody, path: Path): readonly Mistake[] {
  if (time === undefined) return [];
  const at = [...path, 'time'];
  const { from, to, days } = time;
  if (from === undefined && to === undefined && days === undefined)
    return [error(at, 'says nothing: one or more of from, to, days')];
  return (from ?? '00:00') === (to ?? '24:00')
    ? [error(at, `from and to are the same moment: leave them out for the whole day`)]
    : [];
}

/** A task may be any word, but those of recognised calls are ours. */
function checkTasks({ task }: RouteWhenBody, path: Path): readonly Mistake[] {
  return [task ?? []].flat().flatMap((name, index) => {
    const kind = backgroundKind(name);
    if (kind === undefined || kind.includes('*') || backgroundKinds.some((known) => known === kind))
      return [];
    const near = suggest(kind, backgroundKinds);
    const hint = near === undefined ? `; there are ${backgroundKinds.join(', ')}` : `; did you mean ${near}?`;
    const at = Array.isArray(task) ? [...path, 'task', index] : [...path, 'task'];
    return [error(at, `there is no kind of background call ${JSON.stringify(kind)}${hint}`)];
  });
}

const secretHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'x-api-key',
  'x-goog-api-key',
  'cookie',
  'proxy-authorization',
]);

function checkHeaders({ header }: RouteWhenBody, path: Path): readonly Mistake[] {
  const names = Object.keys(header ?? {});
  if (header !== undefined && names.length === 0)
    return [error([...path, 'header'], 'says nothing: name a header and its value')];
  return names.flatMap((name) => {
    const at = [...path, 'header', name];
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) return [error(at, 'is no name of a header')];
    return secretHeaders.has(name.toLowerCase())
      ? [error(at, 'carries a credential: route by key or user instead')]
      : [];
  });
}

/** A name without `*` that nobody can ask for is a slip. */
function checkModels({ model }: RouteWhenBody, path: Path, place: Place): readonly Mistake[] {
  if (model === undefined) return [];
  const { input, workspace } = place;
  const { catalogue, keys, workspaces } = input.snapshot;
  const own = workspaces.get(workspace);
  const aliases = [...keys.values()].filter((key) => key.workspace === workspace);
  const known = new Set([
    ...catalogue.models.keys(),
    ...catalogue.aliases.keys(),
    ...(own?.aliases.keys() ?? []),
    ...aliases.flatMap((key) => [...key.aliases.keys()]),
    ...[...(own?.presets.keys() ?? [])].map((slug) => `@preset/${slug}`),
  ]);
  return [model].flat().flatMap((name, index) => {
    if (name.includes('*') || known.has(canonicalModel(name, catalogue.aliases)) || known.has(name))
      return [];
    const near = suggest(name, known);
    const at = Array.isArray(model) ? [...path, 'model', index] : [...path, 'model'];
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    return [warning(at, `nothing is known by the name ${JSON.stringify(name)}${hint}`)];
  });
}

/** Rules that an earlier one never lets through, and requests that none takes. */
function checkReach(rules: readonly RouteRuleBody[], path: Path): readonly Mistake[] {
  const hidden = rules.flatMap((rule, index) => {
    const before = rules.slice(0, index).findIndex((earlier) => covers(earlier.when, rule.when));
    if (before === -1) return [];
    const why =
      Object.keys(rules[before]?.when ?? {}).length === 0 ? 'always fits' : 'fits whatever this one does';
    return [warning([...path, index], `is never reached: route[${before}] ${why}`)];
  });
  return rules.some(({ when }) => Object.keys(when ?? {}).length === 0)
    ? hidden
    : [
        warning(
          path,
          'has no rule for everything else: what no rule fits is refused; end it with { preset: … }',
        ),
        ...hidden,
      ];
}

/** Each condition of the earlier rule stands in the later one, too: it fits whatever that one fits. */
function covers(earlier: RouteWhenBody = {}, later: RouteWhenBody = {}): boolean {
  return Object.entries(earlier).every(
    ([name, value]) => JSON.stringify(value) === JSON.stringify(later[name as keyof RouteWhenBody]),
  );
}

function checkBackground(
  body: PresetBody,
  background: NonNullable<PresetBody['background']>,
  place: Place,
): readonly Mistake[] {
  const path = [...place.path, 'background'];
  // Said already: it does not go with rules.
  if (body.route !== undefined) return [];
  return typeof background === 'string'
    ? checkTarget(background, path, place)
    : checkTarget(background.preset, [...path, 'preset'], place);
}

/** Presets that choose each other in a circle would choose for ever, and a long row of them nobody follows. */
export function checkCycles(all: readonly Setting<'preset'>[]): readonly Mistake[] {
  const choosing = all.filter(({ body }) => body.route !== undefined || body.background !== undefined);
  const presets = new Map(choosing.map((preset) => [preset.name, preset]));
  const circles = circlesIn(presets);
  return circles.length > 0 ? circles : tooLongIn(presets);
}

type ByName = ReadonlyMap<string, Setting<'preset'>>;

function circlesIn(presets: ByName): readonly Mistake[] {
  const done = new Set<string>();
  const mistakes: Mistake[] = [];
  const visit = (name: string, trail: readonly string[]): void => {
    const preset = presets.get(name);
    if (preset && trail.includes(name)) {
      const circle = trail.slice(trail.indexOf(name));
      const why = `leads back to itself: ${[...circle, name].join(' → ')}`;
      mistakes.push({ ...error(chooserPath(preset), why), among: pathsOf(circle, presets) });
    } else if (preset && !done.has(name)) {
      for (const next of targetsOf(preset)) visit(next, [...trail, name]);
      done.add(name);
    }
  };
  for (const name of presets.keys()) visit(name, []);
  return mistakes;
}

/** Of presets without a circle: those from which more choose one after another than are followed. */
function tooLongIn(presets: ByName): readonly Mistake[] {
  const known = new Map<string, readonly string[]>();
  const longest = (name: string): readonly string[] => {
    const found = known.get(name);
    if (found) return found;
    const preset = presets.get(name);
    const rows = (preset ? targetsOf(preset) : []).map(longest);
    const row = [name, ...(rows.toSorted((a, b) => b.length - a.length)[0] ?? [])];
    known.set(name, row);
    return row;
  };
  return [...presets.values()].flatMap((preset) => {
    // The last of a row serves.
    const row = longest(preset.name);
    if (row.length <= mostHops + 1) return [];
    const why = `chooses through too many: at most ${mostHops} presets may choose one after another`;
    const mistake = error(chooserPath(preset), `${why}, ${row.join(' → ')}`);
    return [{ ...mistake, among: pathsOf(row, presets) }];
  });
}

function pathsOf(names: readonly string[], presets: ByName): readonly Path[] {
  return names.flatMap((name) => {
    const preset = presets.get(name);
    return preset ? [preset.path] : [];
  });
}

function chooserPath({ path, body }: Setting<'preset'>): Path {
  return [...path, body.route === undefined ? 'background' : 'route'];
}

/** Names of the presets that one may choose, with their workspace. */
function targetsOf({ name, body }: Setting<'preset'>): readonly string[] {
  const prefix = name.slice(0, name.indexOf('/') + 1);
  const { route = [], background } = body;
  const own =
    background === undefined ? [] : [typeof background === 'string' ? background : background.preset];
  return [...new Set([...own, ...route.map(({ preset }) => preset)])].map((slug) => prefix + slug);
}
