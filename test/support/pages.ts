/** Reads the pages in docs/: their tables as rows, and the code in them. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** The text of `docs/NAME.md`. */
export function page(name: string): string {
  return readFileSync(join(root, 'docs', `${name}.md`), 'utf8');
}

export function pageNames(): readonly string[] {
  return globSync('*.md', { cwd: join(root, 'docs') }).map((path) => path.replace(/\.md$/, ''));
}

/** A row of a table, by the names of its columns, and the heading that the table stands under. */
export type Row = { readonly section: string; readonly cells: Readonly<Record<string, string>> };

/** Every row of the page's tables that have a column of this name. */
export function rowsWith(column: string, name: string): readonly Row[] {
  const rows: Row[] = [];
  let section = '';
  let columns: readonly string[] | undefined;
  for (const line of page(name).split('\n')) {
    if (line.startsWith('#')) section = line;
    const cells = cellsOf(line);
    if (cells && columns?.includes(column) === true && !/^-+$/.test(cells[0] ?? ''))
      rows.push({ section, cells: rowOf(columns, cells) });
    columns = cells && (columns ?? cells);
  }
  assert.ok(rows.length > 0, `docs/${name}.md has no table with a column "${column}"`);
  return rows;
}

function cellsOf(line: string): readonly string[] | undefined {
  if (!line.startsWith('|')) return undefined;
  return line
    .split('|')
    .slice(1, -1)
    .map((text) => text.trim());
}

function rowOf(columns: readonly string[], cells: readonly string[]): Row['cells'] {
  assert.equal(cells.length, columns.length, `not one cell for each column: ${cells.join(' | ')}`);
  return Object.fromEntries(columns.map((name, index) => [name, cells[index] ?? '']));
}

export function cell(row: Row, column: string): string {
  const text = row.cells[column];
  assert.ok(text !== undefined, `a row of "${row.section}" has no column "${column}"`);
  return text;
}

/** What stands in backticks. */
export function codes(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** What stands in backticks in one column of all rows. */
export function named(rows: readonly Row[], column: string): readonly string[] {
  return rows.flatMap((row) => codes(cell(row, column)));
}

/** The titles of the tests in these files. */
export function testTitles(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: root }).flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/^test\(\s*'([^']+)'/gm)].map(
      ([, title = '']) => title,
    ),
  );
}
