/** What routing by task did to the cost of an outage, as lines. Pure. */
import type { Played } from './world.ts';
import type { Task } from './traces.ts';

/** A set-up without and with the outage. */
export type Pair = { readonly calm: Played; readonly outage: Played };

/** What is claimed for routing by task: the cut in the cost spike of a failover. */
export const claim = { least: 0.6, most: 0.7 } as const;

/** What the outage cost above the same requests without it, in nano-USD. */
export function spikeOf({ calm, outage }: Pair): number {
  return outage.cost - calm.cost;
}

/** The share of the spike of `one` that `other` does not have; below 0 it has a larger one. */
export function cutOf(one: Pair, other: Pair): number {
  return 1 - spikeOf(other) / spikeOf(one);
}

/** The same for the whole bill of the hour with the outage. */
export function billCutOf(one: Pair, other: Pair): number {
  return 1 - other.outage.cost / one.outage.cost;
}

/** Of the columns, in characters. */
const widths = [16, 10, 10, 10, 9, 22, 9];

export const heading = row(['set-up', 'calm', 'outage', 'spike', 'cut', 'claimed 60–70 %', 'bill']);

export function line(name: string, one: Pair, pair: Pair): string {
  const cut = cutOf(one, pair);
  const own = one === pair;
  return row([
    name,
    usd(pair.calm.cost),
    usd(pair.outage.cost),
    usd(spikeOf(pair)),
    own ? '' : percent(cut),
    own ? '' : against(cut),
    own ? '' : percent(-billCutOf(one, pair)),
  ]);
}

/** Whether the claim is met, and what is missing in points of percent. */
export function against(cut: number): string {
  if (cut >= claim.least) return cut > claim.most ? 'more' : 'yes';
  return `no: ${Math.round(100 * (claim.least - cut))} points short`;
}

const light: readonly Task[] = ['explore', 'chat', 'complete'];

/** `1,234 requests, 50 % light by number, 2.1 % by cost; 310 failed over`. */
export function mixLine({ calm, outage }: Pair, lightShare: number): string {
  const cost = light.reduce((sum, task) => sum + calm.byTask[task], 0);
  return `${calm.requests.toLocaleString('en-US')} requests, ${percent(lightShare)} light by number, ${percent(cost / calm.cost)} by cost without an outage; ${outage.fallbacks.toLocaleString('en-US')} failed over`;
}

function row(cells: readonly string[]): string {
  const padded = cells.map((cell, index) => {
    const width = widths[index] ?? 0;
    return index === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
  return `  ${padded.join('')}`.trimEnd();
}

function usd(nano: number): string {
  const text = `$${(Math.abs(nano) / 1e9).toFixed(2)}`;
  return nano < 0 ? `-${text}` : text;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
