/** Documents and what is found in them, as tables. */
import assert from 'node:assert/strict';
import { checkDocument, type DocumentOptions } from '../../src/control/check-document.ts';
import type { Finding } from '../../src/control/operations.ts';
import { catalogue } from './sample-catalogue.ts';

export const options: DocumentOptions = { catalogue, now: Date.parse('2026-11-15T00:00:00Z'), local: true };

export const providers = `
providers:
  deepseek: { wire: openai-chat, base_url: https://api.deepseek.com/v1 }
  anthropic: { wire: anthropic, base_url: https://api.anthropic.com/v1 }
`;

/** A document with the two providers and this preset. */
export function preset(body: string): string {
  return `${providers}presets:\n  coder: ${body}\n`;
}

/** Findings as `line level path: message`. */
export function said(text: string, more: Partial<DocumentOptions> = {}): readonly string[] {
  return checkDocument(text, { ...options, ...more }).map(
    ({ line, level, path, message }: Finding) => `${line ?? '-'} ${level} ${path}: ${message}`,
  );
}

export type Case = readonly [document: string, ...findings: readonly RegExp[]];

/** Each finding must be there, in this order, and no other. */
export function expectFindings(table: readonly Case[], more: Partial<DocumentOptions> = {}): void {
  for (const [document, ...patterns] of table) {
    const found = said(document, more);
    const shown = `${document.slice(0, 500)}\n→\n${found.slice(0, 10).join('\n')}`;
    assert.equal(found.length, patterns.length, shown);
    for (const [index, pattern] of patterns.entries()) assert.match(found[index] ?? '', pattern, shown);
  }
}
