/** What the client is told in headers: who serves, in which place, after what, and what it cost. */
import { toUsd } from '../core/money.ts';
import { optional, type Draft } from '../core/optional.ts';
import type { Problem } from '../core/problem.ts';
import { multiplier } from '../core/record.ts';
import { routeText } from '../core/route.ts';
import type { Usage } from '../core/usage.ts';
import { costSoFar, primaryCost, servedBy, type Trail } from './trail.ts';

export type OutHeaders = Readonly<Record<string, string>>;

/** All `x-spillway-*` headers together stay below this, in bytes: proxies refuse large heads. */
const maxHeaderBytes = 2_000;

/** What is known of the money when a whole answer is sent. */
export type Cost = { readonly usage: Usage };

/** Headers for the moment the answer's head leaves. `now` is the clock that never steps back, in ms. */
export function routingHeaders(trail: Trail, now: number, money?: Cost): Draft<OutHeaders> {
  const preset = trail.route?.preset;
  const served = servedBy(trail);
  const headers: Draft<OutHeaders> = {
    'x-generation-id': trail.id,
    'request-id': trail.id,
    'server-timing': timing(trail, now),
  };
  if (preset) headers['x-spillway-preset'] = `${preset.slug}@${preset.version}`;
  const route = routeText(trail.route?.hops);
  const taken = route?.length ?? 0;
  if (route !== undefined) headers['x-spillway-route'] = route;
  if (served) {
    headers['x-spillway-model'] = served.model;
    headers['x-spillway-provider'] = served.provider;
    headers['x-spillway-position'] = String(served.position);
    headers['x-spillway-fallback'] = String(served.position > 0);
  }
  const { attempts, skipped } = trail;
  if (attempts.length > 0)
    headers['x-spillway-attempts'] = shortened(
      attempts.map(({ model, provider, outcome }) => `${model}@${provider}:${outcome}`),
      taken,
    );
  if (skipped.length > 0)
    headers['x-spillway-skipped'] = shortened(
      skipped.map(({ endpoint, reason }) => `${endpoint}:${reason}`),
      taken,
    );
  if (money) addCost(headers, trail, money.usage);
  return headers;
}

function addCost(headers: Draft<OutHeaders>, trail: Trail, usage: Usage): void {
  const cost = costSoFar(trail);
  const times = multiplier(cost, primaryCost(trail, usage));
  headers['x-spillway-cost-usd'] = decimal(toUsd(cost));
  if (times !== undefined) headers['x-spillway-cost-multiplier'] = String(times);
}

/** Below a millionth JavaScript would write an exponent. */
function decimal(usd: number): string {
  return usd >= 1e-6 ? String(usd) : usd.toFixed(9).replace(/\.?0+$/, '') || '0';
}

/** Each list may take its share of the bound, beside the `taken` bytes of another header; what does not fit is counted: `a:ok,b:context,+3 more`. */
function shortened(items: readonly string[], taken: number): string {
  const most = (maxHeaderBytes - taken) / 2 - 200;
  let text = '';
  for (const [index, item] of items.entries()) {
    const next = text === '' ? item : `${text},${item}`;
    if (next.length > most) return `${text},+${items.length - index} more`;
    text = next;
  }
  return text;
}

/** `upstream` is the time attempts took up to their first content or failure, `gateway` is the rest. */
function timing(trail: Trail, now: number): string {
  const upstream = trail.attempts.reduce(
    (sum, attempt) => sum + (attempt.firstTokenMs ?? attempt.latencyMs),
    0,
  );
  return `gateway;dur=${Math.max(0, now - trail.began - upstream).toFixed(1)}, upstream;dur=${upstream.toFixed(1)}`;
}

/** Headers that tell clients whether and when to try again. */
export function retryHeaders(problem: Problem): OutHeaders {
  return {
    ...(problem.retry ? {} : { 'x-should-retry': 'false' }),
    ...optional('retry-after', problem.retryAfter === undefined ? undefined : String(problem.retryAfter)),
  };
}
