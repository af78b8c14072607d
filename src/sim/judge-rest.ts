/** Breakers, and what was left out: an endpoint rests when it should, for a reason, and the chain goes on without it. */
import { fallsOf, isLastResort, isLeftAlone, mayGoOn, unfit, type Fall } from './judge-route.ts';
import type { SimEndpoint } from './configuration.ts';
import { departedAt, isLower, overAt, type Say, type Sight } from './sight.ts';
import type { Universe } from './universe.ts';

const hour = 3_600_000;

/** How long at least it is left alone after a single failure of a class; what only speaks of time may be tried last. */
function restAfter({ outcome, call }: Fall): number {
  switch (outcome) {
    case 'rate_limit':
      return call.mood === 'rate_limit' ? call.retryAfter * 1_000 : 0;
    case 'auth':
      return Infinity;
    case 'quota':
      return hour;
    case 'model_gone':
      return 24 * hour;
    default:
      return 0;
  }
}

const counted = new Set(['server_error', 'overloaded', 'timeout', 'connection']);

export function judgeRest(sights: readonly Sight[], say: (sight: Sight) => Say): void {
  const falls = fallsOf(sights);
  const past = { sights, falls };
  for (const sight of sights)
    for (const call of sight.visit.calls) {
      const before = falls.filter(({ at }) => at < call.at);
      const last = isLastResort(sight, call, falls);
      const rests = before.find(
        (fall) =>
          concerns(fall, call) &&
          call.at < fall.at + restAfter(fall) &&
          !isDisproved(past, fall, call) &&
          !(last && isMixed(fall, before)) &&
          !(fall.outcome === 'rate_limit' && isLeftAlone(sight, call, before)),
      );
      if (rests)
        say(sight)(7, `${call.endpoint.id} was called ${call.at - rests.at} ms after ${rests.outcome}`);
      const own = before.filter(
        (fall) => fall.call.endpoint.id === call.endpoint.id && fall.outcome !== 'client_gone',
      );
      if (last) continue;
      const opened = openedAt(own, call.at);
      if (isLeftAlone(sight, call, before)) continue;
      // The first content of one that was sent all the same has closed it, however that one ended.
      if (opened === undefined || hasShown(past, call, opened)) continue;
      if (call.at < opened + 1_000)
        say(sight)(7, `${call.endpoint.id} was called while its breaker was open`);
      if (probing(past, call, opened))
        say(sight)(7, `${call.endpoint.id} was called while another call probed it`);
    }
}

/** A limit that was told while a longer back-off ran does not shorten it: that remains a guess, and may be tried last. */
function isMixed({ call, outcome, at }: Fall, before: readonly Fall[]): boolean {
  return (
    outcome === 'rate_limit' &&
    before.some(
      (other) =>
        other.call.endpoint.id === call.endpoint.id && counted.has(other.outcome) && other.at > at - 30_000,
    )
  );
}

/** A credential is its provider's; all else is the endpoint's own. */
function concerns({ call, outcome }: Fall, next: Fall['call']): boolean {
  if (outcome === 'auth' || outcome === 'quota')
    return call.endpoint.provider === next.endpoint.provider && call.credential === next.credential;
  return call.endpoint.id === next.endpoint.id;
}

/** Whatever was said, an answer to a call that was sent since says more: nobody is left alone who has served. */
function isDisproved(past: Past, fall: Fall, call: Fall['call']): boolean {
  const since = (other: Fall['call']): boolean => concerns(fall, other) && other.at >= fall.at;
  return sentUntil(past, call).some(({ other }) => since(other) && shownAt(other) <= call.at);
}

/**
 * Three failures in a row open it for a second at least; what began before that says nothing any more, unless it
 * answered in the very moment: that may have been before, and there were no three in a row.
 */
function openedAt(own: readonly Fall[], now: number): number | undefined {
  // Of many outcomes in a short time a share of failures is enough: then nobody outside can tell when it opened.
  if (own.filter(({ at }) => at > now - 60_000).length >= 10) return undefined;
  let row = 0;
  let opened = -Infinity;
  let open = false;
  for (const { outcome, at, call } of own) {
    const good = outcome === 'ok';
    const late = open && call.at < opened && !(good && at === opened);
    if (late) continue;
    if (good) [row, open] = [0, false];
    else if (counted.has(outcome)) row += 1;
    if (
      !(row >= 3 || open || outcome === 'rate_limit') ||
      !(counted.has(outcome) || outcome === 'rate_limit')
    )
      continue;
    [open, opened, row] = [true, at, 0];
  }
  return open ? opened : undefined;
}

type Past = { readonly sights: readonly Sight[]; readonly falls: readonly Fall[] };

type Sent = { readonly other: Fall['call']; readonly last: boolean; readonly over: number };

/** What else was sent until this call, or at the same moment; its client's leaving ends it, though it may be read on. */
function sentUntil({ sights, falls }: Past, call: Fall['call']): readonly Sent[] {
  return sights.flatMap((sight) =>
    sight.visit.calls.flatMap((other, index) => {
      if (other === call || other.at > call.at) return [];
      const over = Math.min(overAt(sight.visit, index), departedAt(sight.visit));
      return [{ other, over, last: isLastResort(sight, other, falls) }];
    }),
  );
}

/** What was sent there between the opening and this call, or at the same moment. */
function sentSince(past: Past, call: Fall['call'], opened: number): readonly Sent[] {
  return sentUntil(past, call).filter(
    ({ other }) => other.endpoint.id === call.endpoint.id && other.at >= opened,
  );
}

function hasShown(past: Past, call: Fall['call'], opened: number): boolean {
  return sentSince(past, call, opened).some(({ other }) => shownAt(other) <= call.at);
}

/**
 * A call that was no last resort began when the breaker had opened, and is under way. What was sent in the very moment
 * may have been on its way before. One whose client has left says nothing of the endpoint any longer: it gives its place
 * to the next.
 */
function probing(past: Past, call: Fall['call'], opened: number): boolean {
  return sentSince(past, call, opened).some(
    ({ other, last, over }) => !last && opened < other.at && other.at < call.at && over > call.at,
  );
}

/** The first content closes a breaker; of a tool's call the name is some. */
function shownAt({ state }: Fall['call']): number {
  return state.shownAt ?? Infinity;
}

/** Whoever failed for everybody has asked everybody; and whoever was left out was so for a reason. */
export function judgeSkips(
  sight: Sight,
  universe: Universe,
  context: { readonly falls: readonly Fall[]; say: Say },
): void {
  const { visit, record, preset, stayed } = sight;
  const { say } = context;
  for (const { endpoint, reason } of record.skipped) {
    const why = reasonless(endpoint, reason, sight, { universe, falls: context.falls });
    if (why !== undefined) say(5, `${endpoint} was left out for ${reason}: ${why}`);
  }
  if (!stayed || departedAt(visit) !== Infinity || record.ending !== 'failed' || visit.plan.mistake) return;
  const last = record.attempts.at(-1);
  if (!last) {
    if (record.skipped.length === 0 && !/^(limit_|rate_limited|ledger_)/.test(record.problem ?? ''))
      say(5, `nobody was asked, and nobody left out: ${record.problem}`);
    return;
  }
  judgeFirstError(sight, say);
  const took = (visit.doneAt ?? Infinity) - visit.at;
  if (
    !mayGoOn(last.outcome, preset.on) ||
    visit.calls.length >= preset.attempts ||
    took >= preset.timeouts.start_by
  )
    return;
  const known = new Set([
    ...visit.calls.map(({ endpoint }) => endpoint.id),
    ...record.skipped.map((skip) => skip.endpoint),
  ]);
  for (const { id, model } of visit.configuration.endpoints)
    if (preset.chain.includes(model) && !known.has(id)) say(5, `it failed, and ${id} was not asked`);
}

const statusOf: Readonly<Record<string, number>> = {
  rate_limit: 429,
  too_large_for_rate: 429,
  overloaded: 503,
  server_error: 502,
  connection: 502,
  timeout: 504,
  auth: 502,
  quota: 502,
  model_gone: 404,
  moderation: 403,
  context: 400,
  unsupported: 400,
};

/** The first real error is the answer, unless money stood in the way of another. */
function judgeFirstError({ visit: { seen }, record }: Sight, say: Say): void {
  const money = record.skipped.some(({ reason }) => ['budget', 'limit', 'unpriced'].includes(reason));
  const first = record.attempts[0]?.outcome ?? '';
  const pending = seen.headers['x-spillway-pending'] !== undefined;
  if (!money && !pending && statusOf[first] !== undefined && seen.status !== statusOf[first])
    say(5, `the first error was ${first}, the client got ${seen.status}`);
}

type Known = { readonly universe: Universe; readonly falls: readonly Fall[] };

function reasonless(
  id: string,
  reason: string,
  sight: Sight,
  { universe, falls }: Known,
): string | undefined {
  const { visit, preset } = sight;
  const { plan, configuration } = visit;
  const endpoint = configuration.endpoints.find((each) => each.id === id);
  if (!endpoint) return 'nobody knows it';
  const end = visit.doneAt ?? Infinity;
  switch (reason) {
    case 'tools':
    case 'vision':
    case 'json_schema':
    case 'context':
      return unfit(endpoint, sight) === undefined ? 'it fits' : undefined;
    case 'output':
      return (plan.cap ?? 0) > endpoint.maxOutput ? undefined : 'it can answer as long';
    case 'floor:tier':
      return preset.floor && isLower(endpoint.tier, preset.floor.tier) ? undefined : 'its tier is enough';
    case 'max_cost_multiplier':
      return preset.multiplier === undefined ? 'there is no such limit' : undefined;
    case 'breaker':
      return mayRest(endpoint, sight, falls) ? undefined : 'nothing that it did lately is a reason';
    case 'paused':
      return universe.pauses.some(({ endpoint: paused, from }) => paused === id && from <= end)
        ? undefined
        : 'nobody paused it';
    case 'budget':
    case 'limit':
      return universe.configurations.some((each) => each.configuration.limits.length > 0)
        ? undefined
        : 'there is no limit';
    default:
      return undefined;
  }
}

/** Longer than any back-off, and than any time that a provider may ask for. */
const longest = 301_000;

/** Something that happened there before may still keep it from being asked. */
function mayRest(endpoint: SimEndpoint, { visit }: Sight, falls: readonly Fall[]): boolean {
  const end = visit.doneAt ?? Infinity;
  const known = falls.filter(({ call, at }) => call.endpoint.provider === endpoint.provider && at <= end);
  const all = visit.configuration.providers.find(({ name }) => name === endpoint.provider)?.credentials ?? [];
  const refused = new Set(
    known
      .filter(({ outcome }) => outcome === 'auth' || outcome === 'quota')
      .map(({ call }) => call.credential),
  );
  if (all.every((credential) => refused.has(credential))) return true;
  const own = known.filter(({ call }) => call.endpoint.id === endpoint.id);
  if (own.some(({ outcome }) => outcome === 'model_gone')) return true;
  const blamed = own.filter(({ outcome }) => counted.has(outcome) || outcome === 'rate_limit');
  // Behind an outage one call probes, and others wait for what it finds.
  const probed = falls.some(
    ({ call, at }) => call.endpoint.id === endpoint.id && call.at <= end && at >= visit.at,
  );
  return blamed.some(({ at }) => probed || at > visit.at - longest);
}
