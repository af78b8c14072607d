/** What a start prints: where it answers, the keys, and a path to walk. Pure. */
import { limitModes } from '../core/scope.ts';
import type { Started } from '../main.ts';
import type { Paint } from './shell.ts';
import { limitLine } from './status.ts';

export type BannerOptions = {
  readonly version: string;
  readonly paint: Paint;
  /** The admin key may be shown; otherwise the file that has it is named. */
  readonly showAdminKey: boolean;
};

const demoPath: readonly (readonly [command: string, effect: string])[] = [
  ['npx spillway ask coder "hello"', 'the primary answers'],
  ['npx spillway fault deepseek/deepseek-v4-pro 429', 'break the primary'],
  ['npx spillway ask coder "hello"', 'the fallback answers, and says what that cost'],
  ['npx spillway fault --clear', 'repair it'],
];

/** The banner, with a line break at the end. */
export function banner(started: Started, { version, paint, showAdminKey }: BannerOptions): string {
  const { url, inferenceKey, adminKey, dataDir, configuration, demo } = started;
  const presets = [...configuration.snapshot().workspaces.values()]
    .flatMap((workspace) => [...workspace.presets.values()])
    .filter(({ status }) => status === 'active');
  const limits = limitModes(configuration.snapshot());
  const rows: (readonly [string, string])[] = [
    ['base URL', `${url}/v1`],
    ...(inferenceKey === undefined ? [] : [['key', inferenceKey] as const]),
    [
      'admin key',
      showAdminKey ? adminKey : `in ${dataDir}/credentials.json, or SPILLWAY_ADMIN_KEY if that is set`,
    ],
    [
      'presets',
      presets.length > 0
        ? presetLine(presets.map(({ active }) => active.slug))
        : 'none yet: `spillway init` writes a document, `spillway apply` makes it active',
    ],
    ['limits', limitLine(limits.enforce, limits.observe)],
    ['data', dataDir],
  ];
  const lines = [
    `${paint('bold', `Spillway ${version}`)} is listening.`,
    '',
    ...rows.map(([name, value]) => `  ${paint('dim', name.padEnd(10))} ${value}`),
  ];
  for (const note of started.notes) lines.push('', `  ${paint('yellow', 'note')}       ${note}`);
  if (demo)
    lines.push(
      '',
      '  The demo needs no key: its providers are emulated. In another terminal:',
      '',
      ...tour(paint),
    );
  return `${lines.join('\n')}\n\n`;
}

const mostNamed = 20;

/** A gateway may have thousands: the line is for whoever tries one. */
function presetLine(slugs: readonly string[]): string {
  const named = slugs.slice(0, mostNamed).map((slug) => `@preset/${slug}`);
  return `${named.join(', ')}${slugs.length > mostNamed ? ` and ${slugs.length - mostNamed} more` : ''}`;
}

function tour(paint: Paint): readonly string[] {
  const width = Math.max(...demoPath.map(([command]) => command.length));
  return demoPath.map(
    ([command, effect]) => `    ${paint('cyan', command.padEnd(width))}   ${paint('dim', `# ${effect}`)}`,
  );
}
