/**
 * A parsed document taken apart into objects. Every object is validated by itself, so that one mistake never
 * hides another, and the objects that are right can still be checked against each other.
 */
import { z } from 'zod';
import { alertSchema, keySchema, workspaceSchema } from './document.ts';
import { limitsSchema } from './document-limit.ts';
import { parseWith } from './document-mistakes.ts';
import { strict } from './document-parts.ts';
import { presetSchema } from './document-preset.ts';
import { modelSchema, providerSchema } from './document-provider.ts';
import { defaultWorkspace } from './defaults.ts';
import { error, type Mistake, type Path } from './mistake.ts';
import { canonicalPath, presetAddress, presetName, type DocumentKind, type Written } from './settings.ts';
import { modelSlugProblem, slugProblem } from './slug.ts';

export type Reading = {
  readonly objects: readonly Written[];
  readonly mistakes: readonly Mistake[];
  /** `preset coder`: objects left out for their mistakes. That others refer to them is no mistake of its own. */
  readonly broken: ReadonlySet<string>;
};

/** A value that should become an object. */
type Part = {
  readonly kind: DocumentKind;
  readonly name: string;
  readonly path: Path;
  readonly value: unknown;
};

/** `limits` is one object of the gateway, and the order of the providers another. */
export const gatewaySchema = strict({
  limits: limitsSchema.optional(),
  order: z.array(z.string()).optional(),
});

const schemas: Readonly<Record<DocumentKind, z.ZodType>> = {
  gateway: gatewaySchema,
  provider: providerSchema,
  model: modelSchema,
  workspace: workspaceSchema,
  preset: presetSchema,
  key: keySchema,
  alert: alertSchema,
};

const map = z.record(z.string(), z.unknown());

/** The document's top level alone: which keys there are, and that each is a map or a list. */
const outline = strict({
  limits: z.array(z.unknown()).optional(),
  providers: map.optional(),
  models: map.optional(),
  workspaces: map.optional(),
  presets: map.optional(),
  keys: z.array(z.unknown()).optional(),
  alerts: z.array(z.unknown()).optional(),
});

/** The objects in a document that was parsed from YAML or JSON, and every mistake of form. */
export function readDocument(raw: unknown): Reading {
  const mistakes: Mistake[] = [...parseWith(outline, raw, []).mistakes];
  const objects: Written[] = [];
  const broken = new Set<string>();
  const seen = new Set<string>();
  for (const part of isMap(raw) ? partsOf(raw) : []) {
    const { value, mistakes: found } = parseWith(schemas[part.kind], part.value, part.path);
    mistakes.push(...found, ...nameMistakes(part, seen));
    if (found.length > 0) broken.add(`${part.kind} ${part.name}`);
    else objects.push({ kind: part.kind, name: part.name, path: part.path, body: value } as Written);
  }
  return { objects, mistakes, broken };
}

/** One object by itself, as `readDocument` would find it where it stands; the name of a key or an alert may be left out. */
export function readObject(kind: DocumentKind, name: string, raw: unknown): Reading {
  const path = canonicalPath(kind, name);
  const value = isMap(raw) && (kind === 'key' || kind === 'alert') ? named(kind, name, raw) : raw;
  const { value: body, mistakes } = parseWith(schemas[kind], value, path);
  const all = [...mistakes, ...ownName({ kind, name, path, value })];
  if (all.length > 0) return { objects: [], mistakes: all, broken: new Set([`${kind} ${name}`]) };
  return { objects: [{ kind, name, path, body } as Written], mistakes: [], broken: new Set() };
}

function named(kind: DocumentKind, name: string, raw: Readonly<Record<string, unknown>>): unknown {
  return raw['name'] === undefined && (kind === 'key' || nameIn(raw, 0) !== name) ? { name, ...raw } : raw;
}

function ownName(part: Part): readonly Mistake[] {
  const { kind, name, path, value } = part;
  if (kind === 'gateway')
    return gatewayObjects.includes(name)
      ? []
      : [error(path, `there are only ${gatewayObjects.join(' and ')}`)];
  if (kind === 'model') {
    const problem = modelSlugProblem(name);
    return problem === undefined ? [] : [error(path, `${JSON.stringify(name)} ${problem}`)];
  }
  if ((kind === 'key' || kind === 'alert') && isMap(value) && nameIn(value, 0) !== name)
    return [error([...path, 'name'], `must be ${name}, or be left out: names cannot be changed`)];
  if (kind === 'workspace' && isMap(value) && value['presets'] !== undefined)
    return [error([...path, 'presets'], 'are objects of their own: write each by itself')];
  const { workspace } = kind === 'preset' ? presetAddress(name) : { workspace: defaultWorkspace };
  const place = slugProblem(workspace);
  if (place !== undefined) return [error(path, `the workspace ${JSON.stringify(workspace)} ${place}`)];
  const problem = slugProblem(String(path.at(-1)));
  return problem === undefined ? [] : [error(path, `${JSON.stringify(path.at(-1))} ${problem}`)];
}

const gatewayObjects: readonly string[] = ['limits', 'provider-order'];

function partsOf(raw: Readonly<Record<string, unknown>>): readonly Part[] {
  const parts: Part[] = [];
  if (Array.isArray(raw['limits'])) {
    parts.push({ kind: 'gateway', name: 'limits', path: [], value: { limits: raw['limits'] } });
  }
  if (isMap(raw['providers'])) {
    parts.push({
      kind: 'gateway',
      name: 'provider-order',
      path: [],
      value: { order: Object.keys(raw['providers']) },
    });
  }
  return [
    ...parts,
    ...mapParts('provider', raw['providers'], ['providers']),
    ...mapParts('model', raw['models'], ['models']),
    ...mapParts('workspace', raw['workspaces'], ['workspaces']).flatMap(workspaceParts),
    ...presetParts(defaultWorkspace, raw['presets'], ['presets']),
    ...listParts('key', raw['keys'], ['keys']),
    ...listParts('alert', raw['alerts'], ['alerts']),
  ];
}

function mapParts(kind: DocumentKind, section: unknown, path: Path): readonly Part[] {
  if (!isMap(section)) return [];
  return Object.entries(section).map(([name, value]) => ({ kind, name, path: [...path, name], value }));
}

/** A workspace's presets are objects beside it. */
function workspaceParts(part: Part): readonly Part[] {
  if (!isMap(part.value) || !isMap(part.value['presets'])) return [part];
  const { presets, ...value } = part.value;
  return [{ ...part, value }, ...presetParts(part.name, presets, [...part.path, 'presets'])];
}

function presetParts(workspace: string, section: unknown, path: Path): readonly Part[] {
  return mapParts('preset', section, path).map((part) => ({
    ...part,
    name: presetName(workspace, part.name),
  }));
}

function listParts(kind: 'key' | 'alert', section: unknown, path: Path): readonly Part[] {
  if (!Array.isArray(section)) return [];
  return section.map((value: unknown, index) => ({
    kind,
    name: nameIn(value, index),
    path: [...path, index],
    value,
  }));
}

/** Keys have a name; an alert's says when and for what, unless it is given one. */
function nameIn(value: unknown, index: number): string {
  if (!isMap(value)) return `${index}`;
  if (typeof value['name'] === 'string') return value['name'];
  const said = [value['when'], value['workspace'], value['preset']].filter(
    (word) => typeof word === 'string',
  );
  return said.length === 0 ? `${index}` : said.join('.');
}

function nameMistakes(part: Part, seen: Set<string>): readonly Mistake[] {
  const listed = part.kind === 'key' || part.kind === 'alert';
  const given = !listed || (isMap(part.value) && typeof part.value['name'] === 'string');
  const path = listed && given ? [...part.path, 'name'] : part.path;
  const key = `${part.kind} ${part.name}`;
  const mistakes: Mistake[] = [];
  if (seen.has(key))
    mistakes.push(error(path, `is a second ${part.kind} named ${part.name}: give it a name of its own`));
  seen.add(key);
  const own = part.kind === 'preset' ? String(part.path.at(-1)) : part.name;
  const free = !given || part.kind === 'gateway' || part.kind === 'model';
  const problem = free ? undefined : slugProblem(own);
  if (problem !== undefined) mistakes.push(error(path, `${JSON.stringify(own)} ${problem}`));
  return mistakes;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
