/** How a preset was chosen, as lines: each rule, whether it fits, and why or why not. Pure. */
import type { ExplanationView } from '../control/api-views.ts';
import type { Paint } from './shell.ts';
import { clean, columns, indent } from './table.ts';

type Judged = ExplanationView['route'][number];
type Rule = Judged['rules'][number];

/** Nothing where no preset chose. */
export function routeLines({ route, task }: ExplanationView, paint: Paint): string[] {
  return [
    ...(task === undefined ? [] : [`task ${clean(task)}`]),
    ...route.flatMap((judged) => judgedLines(judged, paint)),
  ];
}

function judgedLines({ preset, version, rules }: Judged, paint: Paint): string[] {
  const fits = rules.some(({ matched }) => matched);
  const title = `${paint('bold', clean(`${preset}@${version}`))} ${fits ? 'chooses' : rules.some(({ rule }) => rule > 0) ? 'has no rule that fits' : 'serves itself'}`;
  return [title, ...indent(columns(rules.map((rule) => ruleRow(rule, paint))))];
}

function ruleRow({ rule, preset, matched, conditions }: Rule, paint: Paint): string[] {
  return [
    rule === 0 ? 'background' : `rule ${rule}`,
    `→ ${clean(preset)}`,
    matched ? paint('green', 'fits') : conditions ? paint('dim', 'no') : paint('dim', 'not asked'),
    reason(matched, conditions),
  ];
}

/** Of a rule that fits all that holds, of any other what does not. */
function reason(matched: boolean, conditions: Rule['conditions']): string {
  if (conditions === undefined) return 'a rule before it fits';
  if (conditions.length === 0) return 'everything else';
  const told = conditions.filter(({ holds }) => holds === matched).map(({ text }) => clean(text));
  return told.join('; ');
}
