/** What became of everything that was imported, as lines. Pure. */
import type { Entry, Outcome } from '../import/report.ts';
import type { Paint, Style } from './shell.ts';
import { clean, columns, counted } from './table.ts';

const styles: Readonly<Record<Outcome, Style>> = {
  carried: 'green',
  changed: 'yellow',
  'not carried': 'red',
};
const order: readonly Outcome[] = ['carried', 'changed', 'not carried'];

/** What needs attention comes last, where it is seen. */
export function reportLines(report: readonly Entry[], paint: Paint): string[] {
  return order.flatMap((outcome) =>
    columns(
      report
        .filter((entry) => entry.outcome === outcome)
        .map((entry) => [
          paint(styles[outcome], outcome.padEnd(11)),
          clean(placeOf(entry)),
          clean(entry.message),
        ]),
    ),
  );
}

/** `config.yaml:12 model_list[0].litellm_params.api_key`. */
function placeOf({ file, line, path }: Entry): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return path === '' ? place : `${place} ${path}`;
}

export function reportSummary(report: readonly Entry[], errors: number): string {
  const count = (outcome: Outcome): number => report.filter((entry) => entry.outcome === outcome).length;
  const parts = order.map((outcome) => `${count(outcome)} ${outcome}`).join(', ');
  if (errors === 0) return `${parts}; the document is valid`;
  return `${parts}; the document has ${counted(errors, 'error')}, which have to be mended by hand`;
}
