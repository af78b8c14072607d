/** What is wrong with a document, as lines. Pure. */
import type * as schemas from '../control/api-schemas.ts';
import type { View } from '../control/api-views.ts';
import type { Paint } from './shell.ts';
import { clean, counted } from './table.ts';

type Finding = View<typeof schemas.finding>;

/** `spillway.yaml:12:7 error presets.coder.models[1]: …`: editors and terminals jump to such a place. */
export function findingLine(file: string, finding: Finding, paint: Paint): string {
  const place = [file, finding.line, finding.column].filter((part) => part !== undefined).join(':');
  const level = paint(finding.level === 'error' ? 'red' : 'yellow', finding.level);
  const path = finding.path === '' ? '' : `${clean(finding.path)}: `;
  return `${place} ${level} ${path}${clean(finding.message)}`;
}

/**
 * A workflow command that GitHub shows beside the line of a pull request. Its escapes are those of GitHub's own toolkit
 * (`@actions/core`, command.ts): `%` and line breaks everywhere, `:` and `,` in properties.
 */
export function githubLine(file: string, finding: Finding): string {
  const place = Object.entries({
    file,
    line: finding.line,
    col: finding.column,
    title: `spillway ${finding.path}`.trimEnd(),
  })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::${finding.level} ${place.join(',')}::${escapeData(finding.message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.level === 'error');
}

/** `spillway.yaml: 2 errors, 1 warning`, or that it is valid. */
export function findingSummary(file: string, findings: readonly Finding[]): string {
  const errors = findings.filter((finding) => finding.level === 'error').length;
  const warnings = findings.length - errors;
  const parts = [
    errors > 0 ? counted(errors, 'error') : 'valid',
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
  ];
  return `${file}: ${parts.join(', ')}`;
}
