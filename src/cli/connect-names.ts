/** What a tool may name at this gateway: its presets, and the aliases that stand for them. */
import type { StatusView } from '../control/api-views.ts';
import { optional } from '../core/optional.ts';
import { suggest } from '../core/suggest.ts';
import type { Admin, Gateway } from './gateway.ts';
import { send } from './gateway.ts';
import { Stop, usageError } from './stop.ts';
import { clean } from './table.ts';

export type Offer = {
  readonly preset: string;
  /** Absent = not known: only an inference key sees them. */
  readonly aliases?: readonly string[];
  /** Tokens that every model of the chain can take. */
  readonly context?: number;
  /** Tokens that every model of the chain can write. */
  readonly maxOutput?: number;
};

/** What the key may name; undefined where the gateway does not accept the key. */
export async function offersOfKey(gateway: Gateway, key: string): Promise<readonly Offer[] | undefined> {
  const response = await send(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  if (response.status === 401 || response.status === 403) return undefined;
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok || !isList(body))
    throw new Stop(`${gateway.url}/v1/models answered ${response.status}; is that a Spillway gateway?`);
  return readOffers(body.data);
}

type ModelEntry = {
  readonly id: string;
  readonly spillway?: {
    readonly preset: string;
    readonly context: { readonly min: number } | null;
    readonly max_output: { readonly min: number } | null;
  };
};

function isList(body: unknown): body is { readonly data: readonly ModelEntry[] } {
  return typeof body === 'object' && body !== null && 'data' in body && Array.isArray(body.data);
}

/** The presets in a model list (`@preset/coder`, and aliases of the same preset); plain models are left out. */
export function readOffers(models: readonly ModelEntry[]): readonly Offer[] {
  const offers = new Map<string, Offer>();
  for (const { id, spillway } of models) {
    if (!spillway) continue;
    const [preset = ''] = spillway.preset.split('@');
    const aliases = offers.get(preset)?.aliases ?? [];
    offers.set(preset, {
      preset,
      aliases: id.startsWith('@') ? aliases : [...aliases, id],
      ...optional('context', spillway.context?.min),
      ...optional('maxOutput', spillway.max_output?.min),
    });
  }
  return [...offers.values()];
}

/** The presets of a workspace, as the control plane knows them. */
export async function offersOfWorkspace(admin: Admin, workspace: string): Promise<readonly Offer[]> {
  const { presets } = await admin.call<StatusView>('GET', 'status');
  return presets
    .filter((preset) => preset.workspace === workspace && preset.status === 'active')
    .map(({ name }) => ({ preset: name }));
}

/** The preset that is meant: the named one, or the only one. */
export function chooseOffer(offers: readonly Offer[], name: string | undefined): Offer {
  const names = offers.map(({ preset }) => preset);
  const list = clean(names.join(', '));
  if (offers.length === 0)
    throw new Stop('there is no preset to connect to: write one into the document and apply it');
  if (name === undefined) {
    const [only, another] = offers;
    if (only && !another) return only;
    throw usageError(`which preset? --preset NAME: ${list}`);
  }
  const wanted = name.replace(/^@preset\//, '');
  const found = offers.find(({ preset }) => preset === wanted);
  if (found) return found;
  const near = suggest(wanted, names);
  throw usageError(
    `there is no preset "${clean(wanted)}" here: ${near ? `did you mean ${clean(near)}?` : `there is ${list}`}`,
  );
}
