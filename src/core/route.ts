/**
 * Task routing: which preset a request is for, where the one it names chooses among others. The first rule that fits
 * wins; a preset that was chosen may choose again. Pure: (preset, facts) → preset, and by which rules.
 */
import { refuse, Refused } from './problem.ts';
import { backgroundKind, recognisersVersion } from './recognise.ts';
import { ruleFits, verdicts, whenText, type RouteFacts, type Verdict } from './route-rule.ts';
import type { Preset, PresetVersion } from './snapshot.ts';

/** One choice: the preset that chose, and the number of its rule from 1; 0 is its `background`. */
export type RouteHop = { readonly preset: string; readonly version: PresetVersion; readonly rule: number };

/** How the presets of a workspace are found. */
export type Presets = {
  /** The active version. Throws Refused where it cannot serve. */
  readonly find: (slug: string) => Preset;
  /** Whether background calls can go there: it serves, and has room for the prompt. Else why not, in words. */
  readonly hindrance: (slug: string) => string | undefined;
};

/** Presets in a row that may choose: more are a mistake, or an old version that leads back to where it came from. */
export const mostHops = 4;

export type Followed = { readonly preset: Preset; readonly hops: readonly RouteHop[] };

const nowhere: readonly RouteHop[] = [];

/** Follows the rules from a preset to the one that serves. Throws Refused: `no_route_matched`, or what `find` throws. */
export function follow(start: Preset, facts: RouteFacts, presets: Presets): Followed {
  if (!chooses(start)) return { preset: start, hops: nowhere };
  const hops: RouteHop[] = [];
  const passed: Preset[] = [];
  let preset = start;
  for (let choice = choose(preset, facts, presets); choice; choice = choose(preset, facts, presets)) {
    if (hops.length === mostHops) throw refuse('no_route_matched', tooLong(hops, preset), { param: 'model' });
    passed.push(preset);
    hops.push({ preset: preset.slug, version: preset.version, rule: choice.rule });
    preset = chosen(choice.preset, hops, presets);
  }
  if (preset.route) throw refuse('no_route_matched', unmatched(preset), { param: 'model' });
  return { preset: passed.reduce(tightenedBy, preset), hops };
}

/** The preset that was chosen. Who asked for another one is told by which rule they came to it. */
function chosen(slug: string, hops: readonly RouteHop[], { find }: Presets): Preset {
  try {
    return find(slug);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { code, message } = error.problem;
    throw refuse(code, `${message} The route ${routeText(hops) ?? ''} leads to it.`, { param: 'model' });
  }
}

function chooses({ route, background }: Preset): boolean {
  return route !== undefined || background !== undefined;
}

type Choice = { readonly rule: number; readonly preset: string };

/** What a preset chooses; undefined where it serves itself, or none of its rules fits. */
function choose({ route, background }: Preset, facts: RouteFacts, presets: Presets): Choice | undefined {
  if (background && isMeant(background.kinds, facts) && presets.hindrance(background.preset) === undefined)
    return { rule: 0, preset: background.preset };
  const index = route?.findIndex(({ when }) => ruleFits(when, facts)) ?? -1;
  const rule = route?.[index];
  return rule && { rule: index + 1, preset: rule.preset };
}

function isMeant(kinds: readonly string[] | undefined, { task }: RouteFacts): boolean {
  const kind = backgroundKind(task);
  return kind !== undefined && (kinds === undefined || kinds.includes(kind));
}

/** Being routed loosens nothing: what a preset on the way locks stays locked, and its data policy holds. */
function tightenedBy(preset: Preset, { locked, provider }: Preset): Preset {
  const keys = [...locked].filter((key) => !preset.locked.has(key));
  const policy = {
    ...(provider.data_collection === 'deny' ? { data_collection: 'deny' as const } : {}),
    ...(provider.zdr === true ? { zdr: true } : {}),
  };
  if (keys.length === 0 && Object.keys(policy).length === 0) return preset;
  return {
    ...preset,
    locked: new Set([...preset.locked, ...keys]),
    provider: { ...preset.provider, ...policy },
  };
}

function unmatched({ slug, route = [] }: Preset): string {
  return `None of the ${route.length} rules of the preset ${slug} fits this request, and it has none for everything else: end its route with { preset: … }. spillway explain shows each rule.`;
}

function tooLong(hops: readonly RouteHop[], { slug }: Preset): string {
  const row = [...hops.map(({ preset }) => preset), slug].join(' → ');
  return `The presets ${row} choose each other: at most ${mostHops} may choose one after the other. An old version may lead back; call the active one.`;
}

/** The presets that its rules may choose, each once, in their order. */
export function targetsOf({ route = [] }: Preset): readonly string[] {
  return [...new Set(route.map(({ preset }) => preset))];
}

/** The presets that chose, whose limits count as well; undefined where none did. */
export function presetsOf(hops: readonly RouteHop[]): readonly string[] | undefined {
  return hops.length === 0 ? undefined : hops.map(({ preset }) => preset);
}

/** `auto@2`: the preset and its rule, by number; `coder@background` where it sent a background call on. Undefined where nobody chose. */
export function routeText(hops: readonly RouteHop[] | undefined): string | undefined {
  if (hops === undefined || hops.length === 0) return undefined;
  return hops.map(({ preset, rule }) => `${preset}@${rule === 0 ? 'background' : rule}`).join(',');
}

/** One rule, judged: `undefined` verdicts were not asked, for a rule before it had fit already. */
export type JudgedRule = {
  /** From 1; 0 is `background`. */
  readonly rule: number;
  readonly preset: string;
  readonly matched: boolean;
  /** Absent = not looked at. */
  readonly conditions?: readonly Verdict[];
};

/** A preset that chooses, with each of its rules and what came of it. */
export type JudgedPreset = {
  readonly preset: string;
  readonly version: PresetVersion;
  readonly rules: readonly JudgedRule[];
};

/** The same way as `follow` takes, told rule by rule; ends where nothing fits or nobody is found. Never throws. */
export function judgeRoute(start: Preset, facts: RouteFacts, presets: Presets): readonly JudgedPreset[] {
  const told: JudgedPreset[] = [];
  let preset: Preset | undefined = start;
  while (preset && chooses(preset) && told.length <= mostHops) {
    const choice = choose(preset, facts, presets);
    told.push({
      preset: preset.slug,
      version: preset.version,
      rules: judged(preset, choice, facts, presets),
    });
    preset = choice && found(presets, choice.preset);
  }
  return told;
}

function judged(
  { route = [], background }: Preset,
  choice: Choice | undefined,
  facts: RouteFacts,
  presets: Presets,
): readonly JudgedRule[] {
  const chosen = choice?.rule ?? Infinity;
  const own: readonly JudgedRule[] = background
    ? [
        {
          rule: 0,
          preset: background.preset,
          matched: chosen === 0,
          conditions: backgroundVerdicts(background, facts, presets),
        },
      ]
    : [];
  const rules = route.map(({ when, preset }, index): JudgedRule => {
    const rule = index + 1;
    const looked = rule <= chosen;
    return {
      rule,
      preset,
      matched: rule === chosen,
      ...(looked ? { conditions: verdicts(when, facts) } : {}),
    };
  });
  return [...own, ...rules];
}

function backgroundVerdicts(
  { preset, kinds }: NonNullable<Preset['background']>,
  facts: RouteFacts,
  presets: Presets,
): readonly Verdict[] {
  const meant = verdicts({ background: kinds ?? true }, facts);
  const hindrance = isMeant(kinds, facts) ? presets.hindrance(preset) : undefined;
  return hindrance === undefined ? meant : [...meant, { holds: false, text: hindrance }];
}

function found({ find }: Presets, slug: string): Preset | undefined {
  try {
    return find(slug);
  } catch {
    return undefined;
  }
}

/** Where a task comes from, in words; undefined for a request that has none. */
export function taskText({ task, recognised }: RouteFacts): string | undefined {
  if (task === undefined) return undefined;
  return recognised
    ? `${task} (recognised as a call of ${recognised.agent}; recognisers of ${recognisersVersion})`
    : `${task} (declared)`;
}

/** What a past choice was made by: its rule as that version has it. */
export function hopText({ rule, preset: slug }: RouteHop, preset: Preset | undefined): string {
  if (rule === 0) return `${slug} sent it on as a background call`;
  const when = preset?.route?.[rule - 1]?.when;
  if (when === undefined) return `rule ${rule} of ${slug} chose, of which this version is no longer known`;
  return `rule ${rule} of ${slug} chose: ${whenText(when) || 'everything else'}`;
}
