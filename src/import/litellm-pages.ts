/** What LiteLLM's lists of keys and teams tell twice, and what they do not tell: they come in pages. */
import { printPath } from '../core/mistake.ts';
import { hashOf, type Found } from './litellm-access.ts';
import { amountOf, fieldsOf, isFields, isNothing, listOf } from './loose.ts';
import type { Report, Source } from './report.ts';

/** What decides what a key may do. */
const decisive = 'team_id models aliases blocked expires max_budget budget_duration budget_limits rpm_limit'
  .split(' ')
  .concat('tpm_limit tpd_limit max_parallel_requests'.split(' '));

/** Each key once: the first time that it is told of counts, and any other time is reported. */
export function onceEach(keys: readonly Found[], report: Report): readonly Found[] {
  const seen = new Map<string, Found>();
  return keys.filter((key) => {
    const hash = hashOf(key.fields);
    if (hash === undefined) return true;
    const first = seen.get(hash);
    if (first === undefined) return seen.set(hash, key);
    const other = decisive.filter((name) => said(first, name) !== said(key, name));
    const where = `${first.at.source.name} ${printPath(first.at.path)}`;
    if (other.length === 0) report.carried(key.at, `the same key as ${where}: written once`);
    else
      report.lost(
        key.at,
        `the same token as ${where}, but another ${other.join(', ')}: only that one was written; delete the wrong one of the two and import again`,
      );
    return false;
  });
}

function said({ fields }: Found, name: string): string {
  return isNothing(fields[name]) ? '' : JSON.stringify(fields[name]);
}

/** `/key/list` and `/v2/team/list` answer in pages: `{ keys, current_page, total_pages }`. */
export function tellMissingPages(sources: readonly Source[], report: Report): void {
  for (const kind of ['keys', 'teams'])
    tellMissing(
      kind,
      sources.filter(
        ({ value }) => isFields(value) && listOf(value[kind]).length > 0 && !('team_id' in value),
      ),
      report,
    );
}

function tellMissing(kind: string, pages: readonly Source[], report: Report): void {
  const given = new Set(pages.map(({ value }) => pageOf(value)));
  const total = Math.max(0, ...pages.map(({ value }) => amountOf(fieldsOf(value)['total_pages']) ?? 0));
  const missing = total - given.size;
  const last = pages.findLast(({ value }) => !isNothing(fieldsOf(value)['total_pages']));
  if (last === undefined || missing <= 0) return;
  let next = 1;
  while (given.has(next)) next++;
  report.lost(
    { source: last, path: ['total_pages'] },
    `${missing} of ${total} pages are in none of the files, so ${kind} are missing: fetch them too (&page=${next}, …), and name every file`,
  );
}

function pageOf(value: unknown): number {
  const { current_page, page } = fieldsOf(value);
  return amountOf(current_page ?? page) ?? 1;
}
