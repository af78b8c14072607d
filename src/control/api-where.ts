/** Who depends on a model, over HTTP: the configuration's word, and who really named it in the last days. */
import { z } from '@hono/zod-openapi';
import { dependentsOf, type Dependents } from '../core/dependents.ts';
import { exactUsd } from '../core/money.ts';
import { readRange } from '../core/spend-range.ts';
import { spent } from '../core/spend.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { suggest } from '../core/suggest.ts';
import { ApiError, mount, type ControlApp } from './api-operation.ts';
import type { View } from './api-views.ts';
import type { Spend } from './operations.ts';

const count = z.int().nonnegative();

export const whereQuery = z.strictObject({
  model: z.string().min(1).max(256).meta({ description: 'A slug, or another name that the catalogue knows' }),
  days: z.coerce
    .number()
    .int()
    .min(1)
    .max(366)
    .default(7)
    .meta({ description: 'How far back callers count' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(100)
    .meta({ description: 'Rows of each list at most' }),
});

const listed = <T extends z.ZodType>(row: T) => z.object({ total: count, rows: z.array(row) });

export const whereAnswer = z
  .object({
    model: z.string().meta({ description: 'Canonical slug' }),
    providers: z.array(z.string()).meta({ description: 'Who serves it, in order' }),
    presets: listed(
      z.object({
        workspace: z.string(),
        preset: z.string(),
        version: z.int(),
        status: z.enum(['active', 'disabled', 'archived']),
        position: count.meta({ description: 'Place in the chain; 0 = primary' }),
        models: count.meta({ description: 'Models in the chain' }),
        routed_by: z.array(z.string()).meta({ description: 'Presets that may route to it' }),
      }),
    ),
    downgrades: listed(
      z.object({ scope: z.string(), workspace: z.string().optional(), limit: z.string(), at: z.number() }),
    ).meta({ description: 'Limits that move requests to this model from a percentage on' }),
    aliases: listed(
      z.object({ alias: z.string(), preset: z.string(), workspace: z.string(), key: z.string().optional() }),
    ),
    keys: listed(
      z.object({
        workspace: z.string(),
        key: z.string(),
        plain: z.boolean().meta({ description: 'May name the model itself' }),
        presets: z.array(z.string()).meta({ description: 'With this model, that it may use' }),
        disabled: z.boolean(),
      }),
    ),
    days: count,
    callers: listed(
      z.object({
        workspace: z.string(),
        key: z.string(),
        attempts: count,
        spend_usd: z.string().meta({ description: 'US dollars, exact' }),
        last_day: z.string().meta({ description: 'UTC' }),
      }),
    ).meta({ description: 'Who was sent to it without a preset, dearest first' }),
  })
  .openapi('Where');

export type WhereView = View<typeof whereAnswer>;

export type WhereDesk = {
  readonly snapshot: () => Snapshot;
  readonly spend: Spend;
  /** Epoch ms. */
  readonly now: () => number;
};

export function mountWhere(app: ControlApp, desk: WhereDesk): void {
  mount(app, {
    method: 'get',
    path: '/where',
    tag: 'gateway',
    summary: 'What depends on a model: presets, limits, aliases, keys, and who called it by its name',
    query: whereQuery,
    answer: whereAnswer,
    run: ({ query }) => answerWhere(desk, query),
  });
}

async function answerWhere(
  { snapshot: current, spend, now }: WhereDesk,
  { model, days, limit }: View<typeof whereQuery>,
): Promise<WhereView> {
  const snapshot = current();
  const found = dependentsOf(snapshot, model);
  mustBeKnown(snapshot, found);
  const callers = await callersOf(spend, found.model, { days, now: now() });
  const page = <T>(rows: readonly T[]): { total: number; rows: readonly T[] } => ({
    total: rows.length,
    rows: rows.slice(0, limit),
  });
  return {
    model: found.model,
    providers: found.providers,
    presets: page(found.presets.map(({ routedBy, ...use }) => ({ ...use, routed_by: routedBy }))),
    downgrades: page(found.downgrades),
    aliases: page(found.aliases),
    keys: page(found.keys),
    days,
    callers: page(callers),
  };
}

/** A name that nobody knows is a mistake, not a model without dependents. */
function mustBeKnown({ catalogue, endpoints }: Snapshot, { model, presets, downgrades }: Dependents): void {
  if (catalogue.models.has(model) || endpoints.has(model) || presets.length + downgrades.length > 0) return;
  const near = suggest(model, [...catalogue.models.keys(), ...endpoints.keys()]);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  throw new ApiError(404, 'not_found', `there is no model "${model}"${hint}`, 'model');
}

type Caller = Omit<WhereView['callers']['rows'][number], 'spend_usd'> & {
  /** Nano-USD. */
  readonly paid: bigint;
};

/** Rows of the report: a key makes one for each day. */
const mostRows = 100_000;

async function callersOf(
  spend: Spend,
  model: string,
  { days, now }: { readonly days: number; readonly now: number },
): Promise<WhereView['callers']['rows']> {
  const range = readRange({ days }, now);
  if (typeof range === 'string') throw new ApiError(400, 'invalid_request', range, 'days');
  const filter = { model, preset: '' };
  const report = await spend.report({ by: ['workspace', 'key', 'day'], range, filter, limit: mostRows });
  const callers = new Map<string, Caller>();
  for (const { group, sums } of report.rows) {
    const [workspace = '', key = '', day = ''] = group;
    const name = `${workspace}\n${key}`;
    const known = callers.get(name);
    callers.set(name, {
      workspace,
      key,
      attempts: (known?.attempts ?? 0) + Number(sums.attempts),
      paid: (known?.paid ?? 0n) + spent(sums),
      last_day: known && known.last_day > day ? known.last_day : day,
    });
  }
  return [...callers.values()]
    .sort((a, b) => Number(b.paid - a.paid) || b.attempts - a.attempts)
    .map(({ paid, ...caller }) => ({ ...caller, spend_usd: exactUsd(paid) }));
}
