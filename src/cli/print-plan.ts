/** The plan for a request, as lines. Pure. */
import type { ExplanationView } from '../control/api-views.ts';
import type { Paint } from './shell.ts';
import { clean, columns, dollarsAtMost, indent, times, whole } from './table.ts';

/** Each endpoint in order with its worst-case price, then what is left out and why. */
export function planLines(plan: ExplanationView, paint: Paint): string[] {
  const name =
    plan.preset === undefined
      ? clean(plan.requested)
      : `${clean(plan.preset)} (asked for ${clean(plan.requested)})`;
  return [
    paint('bold', name),
    ...indent(
      plan.steps.length === 0
        ? ['nothing would be called']
        : columns(plan.steps.map((step) => stepRow(step, paint))),
    ),
    ...(plan.skipped.length === 0 ? [] : [paint('bold', 'left out'), ...indent(skipLines(plan.skipped))]),
    ...plan.warnings.map((warning) => `${paint('yellow', 'warning')}: ${clean(warning)}`),
    ...(plan.problem ? [`${paint('red', plan.problem.code)}: ${clean(plan.problem.message)}`] : []),
  ];
}

function stepRow(step: ExplanationView['steps'][number], paint: Paint): string[] {
  const price = step.worst_usd === undefined ? 'no price known' : `at most ${dollarsAtMost(step.worst_usd)}`;
  const multiple =
    step.multiplier === undefined || step.multiplier === 1 ? '' : `${times(step.multiplier)} the primary`;
  return [
    step.position === 0 ? '0 primary' : `${step.position} fallback`,
    clean(`${step.model} @ ${step.provider}`),
    price,
    `output ≤ ${whole(step.output_cap)} tokens`,
    paint('yellow', multiple),
  ];
}

function skipLines(skipped: ExplanationView['skipped']): string[] {
  return columns(skipped.map((skip) => [clean(skip.endpoint), clean(skip.reason)]));
}
