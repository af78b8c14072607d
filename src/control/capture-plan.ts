/** What a captured request makes of a preset: fields that a request can hold are replaced, all others stay. Pure. */
import type { PresetBody } from '../core/document-preset.ts';
import { capKeys } from '../core/merge.ts';
import type { JsonObject } from '../core/snapshot.ts';

/** The fields of a preset that a request can hold, beside parameters. */
const held = ['models', 'system_prompt', 'tools', 'provider'] as const;

export type CapturePlan = {
  readonly body: JsonObject;
  /** Locked keys that the request had something else for. */
  readonly locked: readonly string[];
};

/**
 * The body of the next version. `before` is the active one, if there is one. `onTop`: the request named this very
 * preset, so that what it leaves out was the preset's, and stays.
 */
export function planCapture(
  captured: JsonObject,
  before: PresetBody | undefined,
  onTop: boolean,
): CapturePlan {
  const old: JsonObject = (before ?? {}) as JsonObject;
  const locks = new Set(before?.locked);
  const locked: string[] = [];
  const body: Record<string, unknown> = { ...old };
  for (const field of held) {
    const value = captured[field];
    if (locks.has(field)) {
      if (value !== undefined && !same(value, old[field])) locked.push(field);
    } else if (value !== undefined) body[field] = value;
    else if (!onTop) delete body[field];
  }
  const provider = { ...(body['provider'] as JsonObject | undefined), ...dataPolicyOf(old) };
  if (Object.keys(provider).length > 0) body['provider'] = provider;
  const given = parametersOf(captured);
  const kept = lockedOf(parametersOf(old), locks);
  const free = Object.entries(given).filter(([key]) => !isLocked(key, locks));
  locked.push(...Object.keys(given).filter((key) => isLocked(key, locks) && !same(given[key], kept[key])));
  const parameters = { ...(onTop ? parametersOf(old) : {}), ...Object.fromEntries(free), ...kept };
  delete body['parameters'];
  if (Object.keys(parameters).length > 0) body['parameters'] = parameters;
  return { body: body as JsonObject, locked };
}

/** What the preset says of where data may go: a request can make it no looser. */
function dataPolicyOf({ provider }: JsonObject): JsonObject {
  const { data_collection: collection, zdr } = (provider ?? {}) as JsonObject;
  return {
    ...(collection === 'deny' ? { data_collection: collection } : {}),
    ...(zdr === true ? { zdr } : {}),
  };
}

function parametersOf(body: JsonObject): JsonObject {
  return (body['parameters'] ?? {}) as JsonObject;
}

function lockedOf(parameters: JsonObject, locks: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(parameters).filter(([key]) => isLocked(key, locks)));
}

/** An output cap has two names. */
function isLocked(key: string, locks: ReadonlySet<string>): boolean {
  return locks.has(key) || (capKeys.includes(key) && capKeys.some((cap) => locks.has(cap)));
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
