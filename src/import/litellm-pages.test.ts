import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from '../catalog/load.ts';
import { importLiteLlm } from './litellm.ts';
import type { Imported } from './report.ts';
import { readSource } from './sources.ts';

const config = {
  model_list: [{ model_name: 'haiku', litellm_params: { model: 'anthropic/claude-haiku-4-5' } }],
};
const token = 'ab'.repeat(32);

function imported(...values: readonly unknown[]): Imported {
  const sources = [config, ...values].map((value, index) =>
    readSource(`file-${index}`, JSON.stringify(value)),
  );
  return importLiteLlm(sources, loadCatalogue());
}

function said({ report }: Imported, file: string, path: string): string {
  const found = report.filter((entry) => entry.file === file && entry.path === path);
  return found.map(({ outcome, message }) => `${outcome}: ${message}`).join('\n');
}

test('a key that is told of twice is written once, and the second time is reported', () => {
  const teams = ['a', 'b'].map((team_id) => ({ team_id, team_alias: team_id, models: [] }));
  const first = { token, key_alias: 'first', team_id: 'a', models: ['haiku'] };
  const second = { ...first, token: token.toUpperCase(), key_alias: 'second' };
  const same = imported({ teams }, { keys: [first] }, { keys: [second] });
  assert.match(said(same, 'file-3', 'keys[0]'), /^carried: the same key as file-2 keys\[0\]: written once$/);
  const moved = imported({ teams }, { keys: [first, { ...second, team_id: 'b', max_budget: 1 }] });
  assert.match(
    said(moved, 'file-2', 'keys[1]'),
    /^not carried: the same token as file-2 keys\[0\], but another team_id, max_budget: only that one/,
  );
  for (const { document } of [same, moved]) assert.equal(document.split('sha256:').length, 2);
});

test('pages of a list that are in none of the files are missed', () => {
  const page = (current_page: number, kind = 'keys'): object => ({
    [kind]: [{ token: String(current_page).repeat(64), team_id: null }],
    current_page,
    total_pages: 3,
  });
  const missed = (...pages: readonly object[]): string =>
    said(imported(...pages), `file-${pages.length}`, 'total_pages');
  assert.match(missed(page(1)), /^not carried: 2 of 3 pages are .* keys are missing: .*&page=2/);
  assert.match(missed(page(1), page(2)), /^not carried: 1 of 3 pages .*&page=3/);
  assert.match(missed(page(2), page(1), page(1)), /^not carried: 1 of 3 pages .*&page=3/);
  assert.match(missed(page(3)), /^not carried: 2 of 3 pages .*&page=1/);
  assert.equal(missed(page(3), page(1), page(2)), '');
  const teams = { teams: [{ team_id: 'a', models: [] }], page: 1, total_pages: 2 };
  assert.match(missed(teams), /^not carried: 1 of 2 pages .* teams are missing: .*&page=2/);
});
