/** The architecture as a test: who may import whom, what each layer must not call, how large things may grow. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const sources = globSync('src/**/*.ts', { cwd: root }).sort();
const code = sources.filter((path) => !path.endsWith('.test.ts'));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The folder below src, or the file itself where it stands directly in src. */
function layerOf(path: string): string {
  const [, first = '', second] = path.split('/');
  return second === undefined ? first : first;
}

type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean };

/** Static, dynamic and re-exported imports; local ones as paths from the root, others by name. */
function importsOf(path: string): readonly Import[] {
  const found = read(path).matchAll(
    /(?:^|\n)\s*(import|export)\s+(type\s+)?[^'"\n]*(?:\{[^}]*\}[^'"\n]*)?from\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g,
  );
  return [...found].map(([, , type, named, lazy, bare]) => {
    const name = named ?? lazy ?? bare ?? '';
    const to = name.startsWith('.') ? relative(root, join(root, dirname(path), name)) : name;
    return { from: path, to, typeOnly: type !== undefined };
  });
}

/** Layer → what it may import. A trailing `!type` allows types only. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: ['core', 'zod'],
  'ports.ts': ['core'],
  dialects: ['core', 'dialects'],
  request: ['core', 'dialects', 'request', 'ports.ts'],
  'serve.ts': ['core', 'dialects', 'request', 'ports.ts'],
  catalog: ['core', 'catalog'],
  emulator: ['core', 'emulator', 'node:'],
  adapters: [
    'core',
    'adapters',
    'ports.ts',
    'node:',
    'undici',
    'gpt-tokenizer/encoding/o200k_base',
    'control/operations.ts!type',
    'emulator!type',
  ],
  control: [
    'core',
    'control',
    'ports.ts',
    'node:',
    'hono',
    '@hono/',
    'yaml',
    'emulator/faults.ts',
    'emulator/bill.ts!type',
  ],
  // Documents of others become ours: pure, text in, text and report out.
  import: ['core', 'import', 'catalog', 'control/document-text.ts', 'node:crypto', 'yaml', 'zod!type'],
  'config.ts': ['core', 'node:'],
  'version.ts': ['node:'],
  'problem-answer.ts': ['core', 'dialects', 'request'],
  'data-plane-presets.ts': ['core', 'dialects', 'request', 'adapters', 'control', 'node:'],
  'data-plane.ts': [
    'core',
    'data-plane-presets.ts',
    'dialects',
    'request',
    'serve.ts',
    'ports.ts',
    'problem-answer.ts',
    'adapters',
    'control',
    'node:',
  ],
  'front-door.ts': [
    'core',
    'adapters',
    'control',
    'data-plane.ts',
    'problem-answer.ts',
    'node:',
    '@hono/node-server',
  ],
  'first-start.ts': ['core', 'adapters', 'control', 'cli/init-document.ts', 'config.ts'],
  'main.ts': ['*'],
  // Another world for the same `serve`: it composes, and starts no server.
  sim: [
    'core',
    'dialects',
    'serve.ts',
    'ports.ts',
    'adapters',
    'control/check-document.ts',
    'emulator',
    'sim',
    'node:',
  ],
  // The command line composes too: some verbs work without a server. Only `serve` may start one.
  cli: [
    'core',
    'cli',
    'catalog',
    'control',
    'adapters',
    'emulator/faults.ts',
    'import',
    'request/explain.ts',
    'config.ts',
    'version.ts',
    'node:',
    'main.ts',
    'first-start.ts',
  ],
};

function allowed({ from, to, typeOnly }: Import): boolean {
  const target = to.startsWith('src/') ? to.slice(4) : to;
  return (mayImport[layerOf(from)] ?? []).some((rule) => {
    const [name = '', kind] = rule.split('!');
    if (kind === 'type' && !typeOnly) return false;
    return (
      name === '*' ||
      target === name ||
      target.startsWith(name.endsWith('/') || name.endsWith(':') ? name : `${name}/`)
    );
  });
}

test('imports go one way: core ← dialects ← request ← serve ← main', () => {
  const wrong = code.flatMap(importsOf).filter((one) => !allowed(one));
  assert.deepEqual(
    wrong.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

test('nothing starts the gateway but the command that serves', () => {
  const starters = code.flatMap(importsOf).filter(({ to, typeOnly }) => to === 'src/main.ts' && !typeOnly);
  assert.deepEqual(
    starters.map(({ from }) => from),
    ['src/cli/serve.ts'],
  );
});

/** What a layer must not do, and what to do instead. */
const banned: readonly { readonly where: RegExp; readonly what: RegExp; readonly instead: string }[] = [
  {
    where: /^src\/(core|dialects|request|serve\.ts)/,
    what: /\bDate\.now\(|new Date\(\)|performance\.now\(/,
    instead: 'take the time as a parameter, or from ports.Clock',
  },
  {
    where: /^src\/(core|dialects|request|serve\.ts|emulator\/(?!pump|play|serve|closed))/,
    what: /\bset(Timeout|Interval|Immediate)\(|AbortSignal\.timeout/,
    instead: 'ports.Clock.after',
  },
  {
    where: /^src\/(core|dialects|request|serve\.ts|catalog)/,
    what: /Math\.random\(|randomBytes|randomUUID/,
    instead: 'ports.Ids',
  },
  {
    where: /^src\/(core|dialects)/,
    what: /\bawait\b|\basync\b|new Promise\(/,
    instead: 'core decides, it does not wait',
  },
  {
    where: /^src\/(core|dialects|request|serve\.ts|data-plane|front-door)/,
    what: /\bfetch\(|new (Request|Response)\(/,
    instead: 'ports.Upstream and ports.Reply: web streams cost too much here',
  },
  { where: /^src\/(?!config\.ts|cli\/)/, what: /process\.env/, instead: 'config.ts reads the environment' },
  {
    where: /^src\/(?!cli\/|sim\/main\.ts)/,
    what: /console\.|process\.std(out|err)/,
    instead: 'return it, or ports.World.fault',
  },
  { where: /^src\//, what: /:\s*any\b|<any>|\bas any\b|\bany\[\]/, instead: 'unknown, and a check' },
  { where: /^(src|test|bench|scripts)\//, what: /\b(FIXME|XXX|TODO)\b/, instead: 'do it, or write an issue' },
  {
    where: /^src\//,
    what: /@ts-(ignore|expect-error|nocheck)|oxlint-disable|eslint-disable/,
    instead: 'mend what it complains of',
  },
];

test('no layer does what it must not', () => {
  const everything = [...code, ...globSync('{test,bench,scripts}/**/*.ts', { cwd: root })].filter(
    (path) => !path.endsWith('tidy.test.ts'),
  );
  const wrong = everything.flatMap((path) => {
    const lines = read(path).split('\n');
    return banned.flatMap(({ where, what, instead }) =>
      where.test(path)
        ? lines.flatMap((line, index) =>
            what.test(withoutComment(line)) ? [`${path}:${index + 1} ${line.trim()} → ${instead}`] : [],
          )
        : [],
    );
  });
  assert.deepEqual(wrong, []);
});

function withoutComment(line: string): string {
  return /^\s*(\/\*\*?|\*|\/\/)/.test(line) ? '' : line.replace(/\s\/\/ .*$/, '');
}

test('every file is reached from where a process begins', () => {
  const threads = ['journal', 'spend', 'token'].map((name) => `src/adapters/${name}-worker.ts`);
  const begins = ['src/cli/main.ts', 'src/sim/main.ts', ...threads];
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path) || !code.includes(path)) return;
    reached.add(path);
    for (const { to } of importsOf(path)) visit(to);
  };
  begins.forEach(visit);
  assert.deepEqual(
    code.filter((path) => !reached.has(path)),
    [],
  );
});

test('files stay under 400 lines, functions under 70, parameters under five', () => {
  const { rules } = JSON.parse(read('.oxlintrc.json')) as { rules: Record<string, unknown> };
  assert.partialDeepStrictEqual(rules, {
    'max-lines': ['error', { max: 400 }],
    'max-lines-per-function': ['error', { max: 70 }],
    'max-params': ['error', { max: 4 }],
  });
  const { status, stdout } = spawnSync(
    join(root, 'node_modules/.bin/oxlint'),
    ['src', 'test', 'bench', 'scripts'],
    { cwd: root, encoding: 'utf8' },
  );
  assert.equal(status, 0, stdout);
});

test('each Markdown file has one title', () => {
  for (const path of globSync('{*.md,docs/**/*.md}', { cwd: root })) {
    const outsideCode = read(path).replace(/^```[\s\S]*?^```/gm, '');
    assert.equal((outsideCode.match(/^# /gm) ?? []).length, 1, path);
  }
});
