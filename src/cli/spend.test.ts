import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { capturedShell, type CapturedShell, type ShellOptions } from '../../test/support/captured-shell.ts';
import { host, localKey, testControl } from '../../test/support/control-host.ts';
import { fallbackRecord } from '../../test/support/in-memory-control.ts';
import { nano } from '../core/money.ts';
import type { AttemptRecord, GenerationRecord } from '../core/record.ts';
import { runCommand } from './main.ts';

/** Three generations of November 2026: a primary, a fallback with a timeout before it, and one that was refused. */
function november(): readonly GenerationRecord[] {
  const [, served] = fallbackRecord().attempts;
  assert.ok(served);
  const primary: AttemptRecord = {
    ...served,
    id: 'gen-1/0',
    position: 0,
    model: 'deepseek/deepseek-v4-pro',
    cost: nano(1_234_567_890_123),
  };
  const lost: AttemptRecord = {
    ...primary,
    id: 'gen-2/0',
    outcome: 'timeout',
    basis: 'unmeasured',
    cost: nano(0),
    unmeasured: nano(250_000_000),
  };
  const { served: _served, ...refused } = fallbackRecord({ id: 'gen-3', attempts: [], tags: {} });
  return [
    fallbackRecord({
      id: 'gen-1',
      attempts: [primary],
      served: { position: 0, model: primary.model, provider: primary.provider },
      tags: { customer: 'acme', feature: 'search' },
    }),
    fallbackRecord({
      id: 'gen-2',
      workspace: 'team',
      attempts: [lost, { ...served, id: 'gen-2/1', cost: nano(2_000_000_001), overrun: true }],
      premium: { price: nano(1_500_000_000), cache: nano(-1) },
      tags: { customer: '=HYPERLINK("x")' },
    }),
    refused,
  ];
}

async function run(
  t: TestContext,
  line: string,
  { records = november(), ...options }: ShellOptions & { records?: readonly GenerationRecord[] } = {},
): Promise<{ readonly shell: CapturedShell; readonly code: number }> {
  const control = testControl();
  for (const record of records) control.generations.add(record);
  const server = await host(control.fetch);
  t.after(server.close);
  const shell = capturedShell({
    ...options,
    env: { SPILLWAY_URL: server.url, SPILLWAY_ADMIN_KEY: localKey },
  });
  return { shell, code: await runCommand(line.split(' '), shell) };
}

describe('the table', () => {
  test('dearest first, the total last, everything in columns', async (t) => {
    const { shell, code } = await run(t, 'spend --month 2026-11 --by workspace,model');
    assert.equal(code, 0);
    assert.equal(
      shell.stdout(),
      `
spend 2026-11-01 to 2026-11-30 (UTC)

WORKSPACE  MODEL                           SPEND   SHARE    SETTLED  ESTIMATED  UNMEASURED  FAILED  PREMIUM  REQUESTS  FALLBACK
default    deepseek/deepseek-v4-pro    $1,234.57   99.8%  $1,234.57      $0.00       $0.00   $0.00    $0.00         1      0.0%
team       anthropic/claude-haiku-4.5      $2.00    0.2%      $2.00      $0.00       $0.00   $0.00   +$1.50         1    100.0%
team       deepseek/deepseek-v4-pro        $0.25   <0.1%      $0.00      $0.00       $0.25   $0.25    $0.00         0         -
default    (none)                          $0.00    0.0%      $0.00      $0.00       $0.00   $0.00    $0.00         1      0.0%
total                                  $1,236.82  100.0%  $1,236.57      $0.00       $0.25   $0.25   +$1.50         3     33.3%
note: 1 attempt billed more than was held
`.slice(1),
    );
  });

  test('says that rows overlap, and that some were left out', async (t) => {
    const { shell } = await run(t, 'spend --month 2026-11 --by tag --limit 2');
    const lines = shell.stdout().trimEnd().split('\n');
    assert.match(lines.at(-4) ?? '', /^total /);
    assert.equal(lines.at(-3), 'note: 2 rows more: --limit, or --csv for all; the total has them');
    assert.match(lines.at(-2) ?? '', /several tags .* the total counts each of them once/);
  });

  test('has colours on a terminal, and the same words', async (t) => {
    const line = 'spend --month 2026-11 --by key';
    const piped = await run(t, line);
    const coloured = await run(t, line, { terminal: true });
    assert.notEqual(coloured.shell.stdout(), piped.shell.stdout());
    assert.equal(stripVTControlCharacters(coloured.shell.stdout()), piped.shell.stdout());
  });

  test('says so when nothing was spent', async (t) => {
    const { shell, code } = await run(t, 'spend --month 2026-10');
    assert.equal(code, 0);
    assert.equal(shell.stdout(), 'nothing was spent: no request ended, 2026-10-01 to 2026-10-31 (UTC)\n');
  });

  test('names from outside cannot steer the terminal', async (t) => {
    const { shell } = await run(t, 'spend --month 2026-11 --by user', {
      records: [fallbackRecord({ user: 'a\u001b[2Jb' })],
    });
    assert.equal(shell.stdout().includes('\u001b'), false);
  });
});

describe('CSV', () => {
  /** The rows, cut where they end, and of each the first columns. */
  const rowsOf = (csv: string, columns: number): readonly string[] => {
    assert.ok(csv.endsWith('\r\n'));
    return csv.split('\r\n').map((line) => line.split(',').slice(0, columns).join(','));
  };

  test('is exact to the nano-dollar and ends in the total, which counts each generation once', async (t) => {
    const { shell, code } = await run(t, 'spend --month 2026-11 --by workspace,tag:feature,tag --csv');
    assert.equal(code, 0);
    assert.deepEqual(rowsOf(shell.stdout(), 8), [
      'row,workspace,tag:feature,tag,spend_usd,settled_usd,estimated_usd,unmeasured_usd',
      'group,default,search,customer=acme,1234.567890123,1234.567890123,0.000000000,0.000000000',
      'group,default,search,feature=search,1234.567890123,1234.567890123,0.000000000,0.000000000',
      'group,team,,"customer==HYPERLINK(""x"")",2.250000001,2.000000001,0.000000000,0.250000000',
      'group,default,,,0.000000000,0.000000000,0.000000000,0.000000000',
      'total,,,,1236.817890124,1236.567890124,0.000000000,0.250000000',
      '',
    ]);
    assert.match(shell.stderr(), /several tags/);
  });

  test('has every figure', async (t) => {
    const { shell } = await run(t, 'spend --month 2026-11 --by month --csv');
    const [head = '', row = ''] = shell.stdout().split('\r\n');
    const cells = row.split(',');
    assert.deepEqual(Object.fromEntries(head.split(',').map((name, index) => [name, cells[index]])), {
      row: 'group',
      month: '2026-11',
      spend_usd: '1236.817890124',
      settled_usd: '1236.567890124',
      estimated_usd: '0.000000000',
      unmeasured_usd: '0.250000000',
      failed_usd: '0.250000000',
      premium_usd: '1.499999999',
      premium_price_usd: '1.500000000',
      premium_cache_usd: '-0.000000001',
      requests: '3',
      fallbacks: '1',
      fallback_share: '0.3333',
      attempts: '3',
      overruns: '1',
      client_retries: '0',
      client_retries_usd: '0.000000000',
      input_tokens: '2400',
      cache_read_tokens: '36',
      cache_write_tokens: '0',
      cache_write_1h_tokens: '0',
      output_tokens: '300',
      reasoning_tokens: '60',
    });
  });

  test('gives a spreadsheet no formula to run', async (t) => {
    for (const [value, written] of [
      ['=1+1', "'=1+1"],
      ['+1', "'+1"],
      ['-1', "'-1"],
      ['@x', "'@x"],
      ['a,b', '"a,b"'],
      ['a"b', '"a""b"'],
      ['=a,b', `"'=a,b"`],
      ['\tx', "'\tx"],
      ['a\r\nb', '"a\r\nb"'],
      ['plain', 'plain'],
    ] as const) {
      const { shell } = await run(t, 'spend --month 2026-11 --by user --csv', {
        records: [fallbackRecord({ user: value })],
      });
      assert.ok(shell.stdout().includes(`\r\ngroup,${written},0.001230000,`), shell.stdout());
    }
  });
});

test('JSON is what the control plane answers', async (t) => {
  const { shell } = await run(t, 'spend --month 2026-11 --by preset --preset coder --json');
  assert.partialDeepStrictEqual(JSON.parse(shell.stdout()), {
    by: ['preset'],
    rows: [
      { group: ['coder'], requests: 2 },
      { group: ['team/coder'], fallback_share: 1, overruns: 1 },
    ],
    total: { spend_usd: '1236.817890124', requests: 3, fallbacks: 1, failed_usd: '0.250000000' },
  });
});

describe('what cannot be meant', () => {
  const table: readonly (readonly [line: string, code: number, says: RegExp])[] = [
    ['spend --csv --json', 2, /not both/],
    ['spend --days 0', 2, /at least 1/],
    ['spend --limit none', 2, /whole number/],
    ['spend --month 2026-13', 2, /written like 2026-11, not "2026-13"/],
    ['spend --from 2026-02-30', 2, /written like 2026-11-24, not "2026-02-30"/],
    ['spend --from 2026-11-02 --to 2026-11-01', 2, /2026-11-01 is before 2026-11-02/],
    ['spend --to 2026-11-01', 2, /needs a from/],
    ['spend --days 3 --month 2026-11', 2, /one way/],
    ['spend --by modle', 2, /did you mean model\?/],
    ['spend --by tag:', 2, /did you mean tag\?/],
    ['spend --by country', 2, /there is workspace, .* and tag:NAME/],
  ];
  for (const [line, expected, says] of table) {
    test(line, async (t) => {
      const { shell, code } = await run(t, line);
      assert.equal(code, expected);
      assert.match(shell.stderr(), says);
      assert.equal(shell.stdout(), '');
    });
  }
});
