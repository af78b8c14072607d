/** The plan for a request, as lines. Pure. */
import type { ExplanationView } from '../control/api-views.ts';
import { routeLines } from './print-route.ts';
import type { Paint } from './shell.ts';
import { clean, columns, dollarsAtMost, indent, times, whole } from './table.ts';

/** Each endpoint in order with its worst-case price, then what is left out and why. */
export function planLines(plan: ExplanationView, paint: Paint): string[] {
  const name =
    plan.preset === undefined
      ? clean(plan.requested)
      : `${clean(plan.preset)} (asked for ${clean(plan.requested)})`;
  return [
    ...routeLines(plan, paint),
    paint('bold', name),
    ...indent(plan.steps.length === 0 ? ['nothing would be called'] : stepLines(plan.steps, paint)),
    ...(plan.skipped.length === 0 ? [] : [paint('bold', 'left out'), ...indent(skipLines(plan.skipped))]),
    ...plan.warnings.map((warning) => `${paint('yellow', 'warning')}: ${clean(warning)}`),
    ...(plan.problem ? [`${paint('red', plan.problem.code)}: ${clean(plan.problem.message)}`] : []),
  ];
}

/** Below a step stands what its limits say, unless all is well. */
function stepLines(steps: ExplanationView['steps'], paint: Paint): string[] {
  const rows = columns(steps.map((step) => stepRow(step, paint)));
  return rows.flatMap((row, index) => {
    const { verdict, message } = steps[index]?.limits ?? {};
    if (message === undefined) return [row];
    const word = verdict === 'waits' ? paint('yellow', 'waits') : paint('red', 'refused');
    return [row, `  ${word}: ${clean(message)}`];
  });
}

function fit({ limits }: ExplanationView['steps'][number], paint: Paint): string {
  if (limits?.verdict === 'fits') return paint('green', 'fits its limits');
  if (limits?.verdict !== 'shortened') return '';
  return paint('yellow', `shortened to ${whole(limits.output_cap ?? 0)} tokens to fit its limits`);
}

function stepRow(step: ExplanationView['steps'][number], paint: Paint): string[] {
  const price = step.worst_usd === undefined ? 'no price known' : `at most ${dollarsAtMost(step.worst_usd)}`;
  const multiple =
    step.multiplier === undefined || step.multiplier === 1 ? '' : `${times(step.multiplier)} the primary`;
  return [
    step.position === 0 ? '0 primary' : `${step.position} fallback`,
    clean(`${step.model} @ ${step.provider}`),
    price + (step.likely_usd === undefined ? '' : `, likely ${dollarsAtMost(step.likely_usd)}`),
    `output ≤ ${whole(step.output_cap)} tokens`,
    paint('yellow', multiple),
    fit(step, paint),
    step.kept ? paint('yellow', 'the conversation stays here') : '',
  ];
}

function skipLines(skipped: ExplanationView['skipped']): string[] {
  return columns(
    skipped.map(({ endpoint, reason, why, until }) => [
      clean(endpoint),
      clean(reason),
      [why === undefined ? '' : clean(why), until === undefined ? '' : `until ${until}`].join(' ').trim(),
    ]),
  );
}
