/** Promises 5 and 7: who may be called for a request, in which order, how often, how late, and when no longer. */
import type { SimEndpoint } from './configuration.ts';
import type { ProviderCall } from './provider.ts';
import { classesOf } from './refusals.ts';
import { departedAt, lateBy, isLower, overAt, type Say, type Sight } from './sight.ts';
import type { Universe } from './universe.ts';

export function judgeRoute(
  sight: Sight,
  { universe, falls }: { readonly universe: Universe; readonly falls: readonly Fall[] },
  say: Say,
): void {
  judgeMistakes(sight, say);
  judgeClasses(sight, say);
  judgeOrder(sight, falls, say);
  judgeBounds(sight, say);
  judgeDeparture(sight, say);
  judgeHeartbeats(sight, say);
  for (const call of sight.visit.calls) {
    const why = unfit(call.endpoint, sight);
    if (why !== undefined) say(5, `${call.endpoint.id} was called: ${why}`);
    const paused = universe.pauses.some(
      ({ endpoint, from, until }) => endpoint === call.endpoint.id && from <= call.at && call.at < until,
    );
    if (paused) say(7, `${call.endpoint.id} was called while it was paused`);
  }
}

/** The caller's own mistakes. */
function judgeMistakes({ visit, record, stayed }: Sight, say: Say): void {
  const { plan, calls, seen } = visit;
  if (plan.mistake === undefined) return;
  const most = plan.mistake === 'refused' ? 1 : 0;
  if (calls.length > most) say(5, `a mistake of its own (${plan.mistake}) was sent ${calls.length} times`);
  if (!stayed || seen.stoppedAt !== undefined) return;
  const status = { json: 400, shape: 400, preset: 404, key: 401, refused: 400 }[plan.mistake];
  const asked = plan.mistake !== 'refused' || calls.length === 1;
  const pending = seen.headers['x-spillway-pending'] !== undefined;
  if (asked && !pending && seen.status !== status)
    say(5, `a mistake (${plan.mistake}) was answered with ${seen.status}`);
  if (record.ending === 'ok') say(5, 'a mistake was served');
}

/** Each failure is what the design calls it; after it the chain goes on where it may, and only there. */
function judgeClasses({ visit, record, preset }: Sight, say: Say): void {
  const { calls, plan } = visit;
  const departed = departedAt(visit);
  calls.forEach((call, index) => {
    const outcome = record.attempts[index]?.outcome;
    if (outcome === undefined) return;
    const own = (call.state.closedAt ?? Infinity) >= departed ? ['client_gone'] : [];
    const slow = (plan.slow ?? 0) > 60 && call.state.everPaused ? ['timeout'] : [];
    const said = call.mood === 'answer' ? ['ok'] : call.mood === 'caller' ? ['caller'] : classesOf[call.mood];
    if (![...said, ...own, ...slow].includes(outcome))
      say(5, `${call.endpoint.id} did ${call.mood}, which is no ${outcome}`);
    if (index < calls.length - 1 && !mayGoOn(outcome, preset.on))
      say(5, `after ${outcome} another was called`);
  });
}

/** A class that the preset fails over for; two more always are, for another endpoint has other limits. */
export function mayGoOn(outcome: string, on: readonly string[]): boolean {
  return outcome === 'unsupported' || outcome === 'too_large_for_rate' || on.includes(outcome);
}

/** Why an endpoint can certainly not serve a request. */
export function unfit(
  endpoint: SimEndpoint,
  { visit: { plan, configuration }, preset }: Sight,
): string | undefined {
  const position = preset.chain.indexOf(endpoint.model);
  if (position === -1) return 'not in the chain';
  if (plan.tools && !endpoint.features.includes('tools')) return 'tools';
  if (plan.vision && !endpoint.features.includes('vision')) return 'vision';
  if (plan.schema && plan.speech !== 'messages' && !endpoint.features.includes('json_schema'))
    return 'json_schema';
  if (plan.promptBytes > 60_000 && endpoint.context < 15_000) return 'context';
  if (preset.maxPrice !== undefined && endpoint.price.output > preset.maxPrice * 1_000) return 'max_price';
  if (position === 0) return undefined;
  if (preset.floor?.below === 'never' && isLower(endpoint.tier, preset.floor.tier)) return 'floor';
  const primary = configuration.endpoints.find(({ model }) => model === preset.chain[0]);
  const times = (side: 'input' | 'output'): number => endpoint.price[side] / (primary?.price[side] ?? 1);
  // The caps of the two may differ: a dearer token of a shorter answer may be cheaper.
  const sure = primary !== undefined && endpoint.maxOutput >= primary.maxOutput;
  if (preset.multiplier !== undefined && sure && preset.sort === undefined)
    if (Math.min(times('input'), times('output')) > preset.multiplier) return 'max_cost_multiplier';
  return undefined;
}

/** Listed means listed. A conversation may stay where it is warm, and be tried there once more. */
function judgeOrder(sight: Sight, falls: readonly Fall[], say: Say): void {
  const { visit, preset } = sight;
  const { calls, plan } = visit;
  const warm = plan.conversation !== undefined;
  const ids = calls.map(({ endpoint }) => endpoint.id);
  const repeated = ids.length - new Set(ids).size;
  if (repeated > (warm ? 1 : 0)) say(7, `one endpoint was called again: ${ids.join(', ')}`);
  if (warm || preset.floor?.below === 'last_resort') return;
  calls.slice(1).forEach((call, index) => {
    // It rested when the others were asked.
    if (isLeftAlone(sight, call, falls)) return;
    const before = calls[index] as ProviderCall;
    const place = ({ endpoint }: ProviderCall): number => preset.chain.indexOf(endpoint.model);
    if (preset.order === 'listed' && place(call) < place(before))
      say(5, `${before.endpoint.id} was called before ${call.endpoint.id}`);
    if (preset.order === 'price' && isCheaper(call.endpoint, before.endpoint))
      say(5, `${before.endpoint.id} was called before ${call.endpoint.id}, which is cheaper`);
  });
}

function isCheaper(one: SimEndpoint, other: SimEndpoint): boolean {
  const { input, output } = one.price;
  return one.maxOutput === other.maxOutput && input < other.price.input && output < other.price.output;
}

function judgeBounds({ visit, preset }: Sight, say: Say): void {
  const { calls, at, plan } = visit;
  const { connect, first_token, response, idle, total, start_by } = preset.timeouts;
  if (calls.length > preset.attempts) say(7, `${calls.length} attempts of ${preset.attempts}`);
  for (const call of calls) {
    const { state, stream, mood, cap, endpoint } = call;
    if (call.at - at > start_by) say(7, `an attempt began after ${call.at - at} ms of ${start_by}`);
    if (cap === undefined) say(2, `${endpoint.id} was sent no output cap`);
    else if (cap > endpoint.maxOutput || cap > (plan.cap ?? Infinity)) say(2, `the output cap is ${cap}`);
    const took = (state.closedAt ?? Infinity) - call.at;
    const most = (ms: number, what: string): void => {
      if (took > ms + 60 + lateBy(visit, endpoint))
        say(7, `${endpoint.id} was waited for ${took} ms: ${what}`);
    };
    most(total + 1_000, 'total');
    if (mood === 'silent_connect') most(connect, 'connect');
    if (mood === 'stall' || mood === 'stall_head') most(stream ? first_token : response, 'no answer');
    const silent = (state.closedAt ?? Infinity) - (state.saidAt ?? Infinity);
    if (
      mood === 'stall_later' &&
      state.contentAt !== undefined &&
      stream &&
      !state.everPaused &&
      silent > idle + 60 + lateBy(visit, endpoint)
    )
      say(7, `${endpoint.id} was silent for ${silent} ms`);
  }
}

/** Nobody is there any more: nothing begins, and what runs is cancelled; only the end of a whole answer is read. */
function judgeDeparture({ visit }: Sight, say: Say): void {
  const departed = departedAt(visit);
  for (const { at, state, endpoint } of visit.calls) {
    if (at > departed) say(7, `${endpoint.id} was called after its client had left`);
    const late = (state.closedAt ?? Infinity) - departed;
    if (at <= departed && late > (state.ending ? 2_100 : 250) + lateBy(visit, endpoint))
      say(7, `${endpoint.id} was cancelled ${late} ms after its client had left`);
  }
}

/** Until the first event a stream is never silent for longer than 15 s. */
function judgeHeartbeats({ visit, streamed }: Sight, say: Say): void {
  const { seen, plan, at } = visit;
  if (!plan.stream || plan.mistake !== undefined) return;
  const first = seen.writes.findIndex(({ text }) => /^(data|event: (?!ping))/m.test(text));
  const beats = (first === -1 ? seen.writes : seen.writes.slice(0, first + 1)).map((write) => write.at);
  const end = first === -1 ? (seen.leftAt ?? seen.endedAt ?? at) : at;
  const moments = [at, ...(streamed ? beats : []), Math.max(end, at)];
  moments.slice(1).forEach((moment, index) => {
    const gap = moment - (moments[index] ?? 0);
    if (gap > 15_000) say(7, `nothing came for ${gap} ms before the first event`);
  });
}

/** Outcomes that say something of the endpoint. */
const telling = new Set(['ok', 'rate_limit', 'overloaded', 'server_error', 'timeout', 'connection']);

/**
 * Its rate limit strikes a share of the calls, and nobody else was left: every other one was asked before, or left out.
 * Then it may be asked although it rests.
 */
export function isLeftAlone(
  sight: Sight,
  { endpoint: { id }, at }: ProviderCall,
  falls: readonly Fall[],
): boolean {
  const own = falls.filter(
    (fall) => fall.call.endpoint.id === id && fall.at <= at && telling.has(fall.outcome),
  );
  if (own.length < 10 || own.filter(({ outcome }) => outcome === 'ok').length * 2 <= own.length) return false;
  return isNobodyElse(
    sight,
    sight.visit.calls.filter((other) => other.at <= at),
  );
}

/** Every endpoint of the chain was asked by one of these calls, or left out. */
function isNobodyElse({ visit, record, preset }: Sight, calls: readonly ProviderCall[]): boolean {
  const known = new Set([
    ...calls.map(({ endpoint }) => endpoint.id),
    ...record.skipped.map((skip) => skip.endpoint),
  ]);
  return visit.configuration.endpoints.every(
    (endpoint) => !preset.chain.includes(endpoint.model) || known.has(endpoint.id),
  );
}

/**
 * Where everybody rests, one is asked all the same; behind it only those whose rate limit strikes a share of the calls.
 * So it was the first, and everybody else was left out.
 */
export function isLastResort(sight: Sight, call: ProviderCall, falls: readonly Fall[]): boolean {
  const { calls } = sight.visit;
  const [first, ...others] = calls;
  return (
    call === first && others.every((other) => isLeftAlone(sight, other, falls)) && isNobodyElse(sight, calls)
  );
}

/** Who fell over, and when, as far as breakers are concerned. */
export type Fall = { readonly call: ProviderCall; readonly outcome: string; readonly at: number };

export function fallsOf(sights: readonly Sight[]): readonly Fall[] {
  return (
    sights
      .flatMap(({ visit, record }) =>
        visit.calls.map((call, index) => ({
          call,
          outcome: record.attempts[index]?.outcome ?? '',
          at: overAt(visit, index),
        })),
      )
      // Of two at one moment nobody outside knows which was first: a success then speaks for the endpoint.
      .sort((a, b) => a.at - b.at || Number(a.outcome === 'ok') - Number(b.outcome === 'ok'))
  );
}
