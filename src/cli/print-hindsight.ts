/** Why a past request went where it went, as lines. Pure. */
import type { HindsightView } from '../control/hindsight-view.ts';
import type { Paint } from './shell.ts';
import { clean, columns, dateAndTime, dollars, indent, seconds, times } from './table.ts';

type Generation = HindsightView['generation'];
type Attempt = Generation['attempts'][number];

/** What was asked, what it stood for, each attempt in order, what was left out, how it ended and what it cost. */
export function hindsightLines(view: HindsightView, paint: Paint): string[] {
  const { generation, waited_ms: waited, limits } = view;
  const { attempts, skipped, warnings } = generation;
  const tried =
    attempts.length === 0
      ? ['nothing was called']
      : columns(attempts.map((attempt, index) => attemptRow(attempt, waited[index] ?? 0, paint)));
  const told = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [paint('bold', title), ...indent(lines)];
  return [
    `${paint('bold', clean(generation.id))} ${dateAndTime(generation.at)} UTC, key ${clean(generation.key)}, ${generation.api}${generation.stream ? ' stream' : ''}`,
    `asked for ${clean(generation.requested)}${routeText(view)}`,
    ...indent(view.route.map(clean)),
    revisionText(view),
    paint('bold', 'tried'),
    ...indent(tried.flatMap((row, index) => [row, ...saidBy(attempts[index])])),
    ...told('left out', columns(skipped.map(skipRow))),
    ...told('limits in the way', limits.map(clean)),
    endText(generation, paint),
    ...costLines(view),
    ...warnings.map((warning) => `${paint('yellow', 'warning')}: ${clean(warning)}`),
  ];
}

function routeText({ generation: { preset, preset_version: version }, chain }: HindsightView): string {
  if (preset === undefined) return ', a model by its name';
  const models = chain ? `: ${chain.join(' → ')}` : ', of which this version is no longer known';
  return clean(`, which meant the preset ${preset}@${version ?? '?'}${models}`);
}

function revisionText({ generation: { revision }, revision_now: now }: HindsightView): string {
  return revision === now
    ? `configuration revision ${revision}, still active`
    : `configuration revision ${revision}; ${now} is active now (spillway history)`;
}

/** The words of a limit are told below. */
function skipRow({ endpoint, reason, why }: Generation['skipped'][number]): string[] {
  const rested = reason === 'breaker' || reason === 'paused';
  return [clean(endpoint), clean(reason), rested ? clean(why ?? '') : ''];
}

function attemptRow(attempt: Attempt, waitedMs: number, paint: Paint): string[] {
  const ok = attempt.outcome === 'ok';
  const status = attempt.status === 0 ? '' : ` ${attempt.status}`;
  return [
    attempt.position === 0 ? '0 primary' : `${attempt.position} fallback`,
    clean(`${attempt.model} @ ${attempt.provider}`),
    paint(ok ? 'green' : 'red', clean(attempt.outcome) + (ok ? '' : status)),
    waitedMs === 0 ? '' : `after ${seconds(waitedMs)}`,
    `took ${seconds(attempt.latency_ms)}`,
    costText(attempt),
  ];
}

function costText({ basis, cost_usd: cost, unmeasured_usd: unmeasured }: Attempt): string {
  if (basis === 'none') return 'free';
  if (basis === 'unmeasured') return `unmeasured, perhaps ${dollars(unmeasured ?? 0)}`;
  return basis === 'estimated' ? `about ${dollars(cost)}` : dollars(cost);
}

/** What the provider said, below its row. */
function saidBy(attempt: Attempt | undefined): string[] {
  return attempt?.message === undefined ? [] : [`  said: ${clean(attempt.message)}`];
}

function endText({ ending, problem, served, latency_ms: latency }: Generation, paint: Paint): string {
  const who = served ? clean(`${served.model} @ ${served.provider}`) : 'nobody';
  const took = `in ${seconds(latency)}`;
  if (ending === 'ok')
    return `${paint('green', 'served')} by ${who}${served && served.position > 0 ? `, ${paint('yellow', 'a fallback')}` : ''} ${took}`;
  const why = problem === undefined ? '' : `: ${clean(problem)}`;
  if (ending === 'client_gone') return `${paint('yellow', 'the client left')} ${took}${why}`;
  return ending === 'cut'
    ? `${paint('red', 'broke off')} while ${who} was answering ${took}${why}`
    : `${paint('red', 'refused')} ${took}${why}`;
}

function costLines({ generation, premium }: HindsightView): string[] {
  const { cost_usd: cost, primary_cost_usd: primary, cost_multiplier: multiple } = generation;
  const beside = primary === undefined ? '' : `; the primary, cold: ${dollars(primary)}`;
  const ratio = multiple === undefined || multiple === 1 ? '' : ` (${times(multiple)})`;
  const extra = premium
    ? [
        `premium ${signed(premium.price_usd + premium.cache_usd)}: ${signed(premium.price_usd)} by price, ${signed(premium.cache_usd)} by the cache left behind`,
      ]
    : [];
  const lost =
    generation.cache_lost_usd === undefined
      ? []
      : [`cache lost ${dollars(generation.cache_lost_usd)}: it was cached where the conversation was before`];
  return [`cost ${dollars(cost)}${beside}${ratio}`, ...(generation.fallback ? extra : []), ...lost];
}

function signed(usd: number): string {
  return usd < 0 ? `-${dollars(-usd)}` : dollars(usd);
}
