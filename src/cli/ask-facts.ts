/** What served an answer, gathered from its headers and its last chunk, and told in one line. Pure. */
import { optional } from '../core/optional.ts';
import type { Paint } from './shell.ts';
import { clean, dollars, seconds, times } from './table.ts';

/** One call to a provider, as the gateway told it. */
export type Try = { readonly endpoint: string; readonly outcome: string };

export type Facts = {
  readonly generation?: string;
  /** `coder@7`. */
  readonly preset?: string;
  /** `auto@2`: the presets that chose it, and their rules. */
  readonly route?: string;
  readonly model?: string;
  readonly provider?: string;
  readonly position?: number;
  readonly fallback?: boolean;
  readonly tries: readonly Try[];
  /** US dollars. */
  readonly cost?: number;
  /** Cost ÷ what the primary would have cost. */
  readonly multiplier?: number;
  /** What the gateway had to change or leave out. */
  readonly warnings: readonly string[];
};

export function factsFromHeaders(headers: Headers): Facts {
  const position = headers.get('x-spillway-position');
  const fallback = headers.get('x-spillway-fallback');
  return {
    ...optional('generation', text(headers.get('x-generation-id'))),
    ...optional('preset', text(headers.get('x-spillway-preset'))),
    ...optional('route', text(headers.get('x-spillway-route'))),
    ...optional('model', text(headers.get('x-spillway-model'))),
    ...optional('provider', text(headers.get('x-spillway-provider'))),
    ...optional('position', position === null ? undefined : number(Number(position))),
    ...optional('fallback', fallback === null ? undefined : fallback === 'true'),
    tries: readTries(headers.get('x-spillway-attempts') ?? ''),
    ...optional('cost', number(Number(headers.get('x-spillway-cost-usd') ?? Number.NaN))),
    ...optional('multiplier', number(Number(headers.get('x-spillway-cost-multiplier') ?? Number.NaN))),
    warnings: [],
  };
}

/** `deepseek/deepseek-v4-pro@deepseek:rate_limit,…`; an endpoint may hold colons, an outcome never does. */
export function readTries(header: string): Try[] {
  return header
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part.includes(':'))
    .map((part) => ({
      endpoint: part.slice(0, part.lastIndexOf(':')),
      outcome: part.slice(part.lastIndexOf(':') + 1),
    }));
}

/** Adds what the `usage` of an answer says; it knows more than headers that left before the answer began. */
export function addUsage(facts: Facts, usage: unknown): Facts {
  const { cost, spillway } = object(usage);
  const told = object(spillway);
  const tries = strings(told['attempts']).flatMap(readTries);
  return {
    ...facts,
    ...optional('preset', text(told['preset'])),
    ...optional('route', text(told['route'])),
    ...optional('model', text(told['model'])),
    ...optional('provider', text(told['provider'])),
    ...optional('position', number(told['position'])),
    ...optional('fallback', typeof told['fallback'] === 'boolean' ? told['fallback'] : undefined),
    ...optional('cost', number(cost)),
    ...optional('multiplier', number(told['cost_multiplier'])),
    ...(tries.length > 0 ? { tries } : {}),
    warnings: [...facts.warnings, ...strings(told['warnings'])],
  };
}

/** Adds what `GET /v1/generation?id=` says: the record of the whole generation. */
export function addGeneration(facts: Facts, body: unknown): Facts {
  const { data } = object(body);
  const {
    model,
    provider_name: provider,
    position,
    fallback,
    cost_multiplier,
    total_cost: cost,
    attempts,
  } = object(data);
  const tried = (Array.isArray(attempts) ? attempts : []).map((each: unknown) => {
    const attempt = object(each);
    return `${String(attempt['model'])}@${String(attempt['provider'])}:${String(attempt['outcome'])}`;
  });
  return addUsage(facts, {
    cost,
    spillway: { model, provider, position, fallback, cost_multiplier, attempts: tried },
  });
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** `position 0 primary · deepseek/deepseek-v4-pro @ deepseek · $0.000123 · 0.42 s`. `latency` is ms. */
export function factLine(facts: Facts, latency: number, paint: Paint): string {
  const served = [facts.model, facts.provider].filter((part) => part !== undefined).join(' @ ');
  const { cost, multiplier } = facts;
  const parts = [
    facts.route === undefined ? undefined : clean(`${facts.route} → ${facts.preset ?? 'a preset'}`),
    positionText(facts, paint),
    served === '' ? undefined : clean(served),
    cost === undefined ? 'cost unknown' : dollars(cost),
    facts.fallback && multiplier !== undefined
      ? paint('yellow', `${times(multiplier)} the primary`)
      : undefined,
    seconds(latency),
    becauseText(facts),
  ];
  return parts.filter((part) => part !== undefined).join(' · ');
}

function positionText({ position, fallback }: Facts, paint: Paint): string {
  const place = position === undefined ? 'position unknown' : `position ${position}`;
  if (fallback ?? (position ?? 0) > 0) return `${place} ${paint('yellow', 'FALLBACK')}`;
  return position === undefined ? place : `${place} ${paint('green', 'primary')}`;
}

function becauseText({ tries }: Facts): string | undefined {
  const failed = tries.filter((attempt) => attempt.outcome !== 'ok');
  if (failed.length === 0) return undefined;
  return `because ${failed.map((attempt) => clean(`${attempt.endpoint}: ${attempt.outcome}`)).join(', ')}`;
}
