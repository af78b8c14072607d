/** Text for terminals and pipes: columns that line up, and nothing that could steer a terminal. */
import { stripVTControlCharacters } from 'node:util';
import { fromUsd, print, printAtMost } from '../core/money.ts';

export type Align = 'left' | 'right';

/** Rows as lines, columns padded to their widest cell and two spaces apart; colours do not count as width. */
export function columns(rows: readonly (readonly string[])[], align: readonly Align[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, width(cell));
  }
  return rows.map((row) =>
    row
      .map((cell, index) => pad(cell, widths[index] ?? 0, align[index]))
      .join('  ')
      .trimEnd(),
  );
}

/** Each line two spaces further in. */
export function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

export function pad(cell: string, to: number, align: Align = 'left'): string {
  const space = ' '.repeat(Math.max(0, to - width(cell)));
  return align === 'left' ? cell + space : space + cell;
}

function width(cell: string): number {
  return Array.from(stripVTControlCharacters(cell)).length;
}

/** A text from outside on one line, without control characters: names, and what providers say. */
export function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** A text from outside of several lines: line breaks and tabs stay, everything else that steers a terminal goes. */
export function cleanBlock(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '');
}

/** `1 preset`, `2 presets`. */
export function counted(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `12,345`. */
export function whole(value: number): string {
  return value.toLocaleString('en-US');
}

/** Milliseconds as `0.42 s`, `12.3 s`, `2 min 5 s`. */
export function seconds(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const whole = Math.round(ms / 1000);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A multiple for people: `2.9x`, `12x`. */
export function times(multiple: number): string {
  return `${multiple < 10 ? Number(multiple.toFixed(1)) : Math.round(multiple)}x`;
}

/** Dollars for people. */
export function dollars(usd: number): string {
  return print(fromUsd(usd));
}

/** Dollars for people, rounded up. */
export function dollarsAtMost(usd: number): string {
  return printAtMost(fromUsd(usd));
}

/** The time of day, UTC, of an ISO time: `12:03:04`. */
export function timeOfDay(iso: string): string {
  return iso.slice(11, 19);
}

/** An ISO time as `2026-11-24 12:03`, UTC. */
export function dateAndTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
}
