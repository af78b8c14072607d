/** A line of the journal: the record as JSON and, after a tab, what its attempts are charged. JSON has no bare tabs. */
import type { Charge } from '../ports.ts';
import type { Entry } from './generations.ts';

/** The line without its end. */
export function journalLine(record: string, charges: readonly Charge[]): string {
  if (charges.length === 0) return record;
  const rows = charges.map(({ counter, ends, paid, released }) => [
    counter,
    Number.isFinite(ends) ? ends : null,
    paid,
    released,
  ]);
  return `${record}\t${JSON.stringify(rows)}`;
}

/** Reads a whole line. */
export function entryOf(line: string): Entry {
  const tab = line.indexOf('\t');
  if (tab === -1) return { record: line, charges: [] };
  return { record: line.slice(0, tab), charges: chargesOf(line.slice(tab + 1)) };
}

/** Reads a line that may be torn, as the last one of a killed process may be; undefined where it is. */
export function wholeEntry(line: string): Entry | undefined {
  try {
    const entry = entryOf(line);
    return typeof (JSON.parse(entry.record) as { readonly id?: unknown }).id === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}

function chargesOf(text: string): readonly Charge[] {
  const rows = JSON.parse(text) as readonly (readonly [string, number | null, number, number])[];
  return rows.map(([counter, ends, paid, released]) => ({ counter, ends: ends ?? Infinity, paid, released }));
}
