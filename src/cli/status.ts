/** `status` and `backup`. */
import { resolve } from 'node:path';
import type { StatusView } from '../control/api-views.ts';
import type { Run } from './command.ts';
import { faultLines } from './fault.ts';
import { connectAdmin } from './gateway.ts';
import type { Paint } from './shell.ts';
import { exit, usageError } from './stop.ts';
import { clean, columns, counted, dateAndTime, indent, seconds, whole } from './table.ts';

export const status: Run = async (args, shell) => {
  const admin = await connectAdmin(shell);
  const facts = await admin.call<StatusView>('GET', 'status');
  if (args.on('json')) shell.out.line(JSON.stringify(facts));
  else for (const line of statusLines(facts, admin.gateway.url, shell.out.paint)) shell.out.line(line);
  return exit.ok;
};

/** The status on one screen. */
export function statusLines(facts: StatusView, url: string, paint: Paint): string[] {
  const title = (text: string): string => paint('bold', text);
  return [
    `${title(`spillway ${facts.version}`)} at ${url} · up ${uptime(facts.uptime_ms)} · revision ${facts.revision}`,
    '',
    title('providers'),
    ...indent(
      facts.providers.length === 0 ? ['none: name one in the document'] : providerLines(facts, paint),
    ),
    title('presets'),
    ...indent(facts.presets.length === 0 ? ['none: name one in the document'] : presetLines(facts, paint)),
    ...(facts.paces.length === 0 ? [] : [title('pace'), ...indent(paceLines(facts, paint))]),
    title('limits'),
    ...indent([limitLine(facts.counts.limits, facts.counts.observed_limits)]),
    title('since the start'),
    ...indent([countLine(facts.counts)]),
    ...(facts.breakers.length + facts.pauses.length > 0
      ? [title('left alone'), ...indent(restLines(facts, paint))]
      : []),
    ...(facts.emulator && facts.emulator.faults.length > 0
      ? [title('emulator faults'), ...indent(faultLines(facts.emulator.faults))]
      : []),
    ...facts.notes.map((note) => `${paint('yellow', 'note')}: ${clean(note)}`),
  ];
}

function uptime(ms: number): string {
  if (ms < 3_600_000) return seconds(ms);
  const minutes = Math.floor(ms / 60_000);
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : counted(Math.floor(hours / 24), 'day');
}

function providerLines(facts: StatusView, paint: Paint): string[] {
  return columns(
    facts.providers.map(({ name, wire, base_url: url, models }) => [
      clean(name),
      wire,
      clean(url),
      paint('dim', counted(models, 'model')),
    ]),
  );
}

/** `endpoint/…  rate_limit  until …`; one that is half-open waits for its next request. */
function restLines({ breakers, pauses }: StatusView, paint: Paint): string[] {
  return columns([
    ...pauses.map(({ subject, until, reason, author }) => [
      clean(subject),
      paint('yellow', 'paused'),
      `until ${dateAndTime(until)}`,
      clean(`${author}: ${reason}`),
    ]),
    ...breakers.map(({ subject, state, why, until }) => [
      clean(subject),
      paint('red', clean(why)),
      state === 'half_open'
        ? 'the next request probes it'
        : `until ${until === undefined ? 'it is mended: spillway resume' : dateAndTime(until)}`,
    ]),
  ]);
}

function presetLines(facts: StatusView, paint: Paint): string[] {
  return columns(
    facts.presets.map((preset) => {
      const name = preset.workspace === 'default' ? preset.name : `${preset.workspace}/${preset.name}`;
      const state = preset.status === 'active' ? '' : paint('red', preset.status);
      return [`${clean(name)}@${preset.version}`, clean(chainText(preset)), state];
    }),
  );
}

function chainText({ chain, chooses }: StatusView['presets'][number]): string {
  if (chooses) return `chooses by rules: ${chooses.join(', ')}`;
  return chain.length === 0 ? 'no chain: the request names the model' : chain.join(' → ');
}

/** Of the last half hour. */
function paceLines({ paces }: StatusView, paint: Paint): string[] {
  const dim = (text: string): string => paint('dim', text);
  const head = ['ENDPOINT', 'FIRST TOKEN P50', 'P90', 'P99', 'TOKENS/S P50', 'P90', 'P99'].map(dim);
  const rows = paces.map(({ endpoint, latency_ms: latency, throughput }) => [
    clean(endpoint),
    ...[latency?.p50, latency?.p90, latency?.p99].map((ms) => (ms === undefined ? '' : seconds(ms))),
    ...[throughput?.p50, throughput?.p90, throughput?.p99].map((speed) =>
      speed === undefined ? '' : whole(Math.round(speed)),
    ),
  ]);
  return columns([head, ...rows], ['left', ...head.slice(1).map(() => 'right' as const)]);
}

/** `4 enforced, 1 only observes: spillway limits shows them`. */
export function limitLine(enforced: number, observed: number): string {
  if (enforced + observed === 0) return 'none: nothing bounds what is spent';
  const only = observed === 0 ? '' : `, ${whole(observed)} only observe${observed === 1 ? 's' : ''}`;
  return `${whole(enforced)} enforced${only}: spillway limits shows how they stand`;
}

function countLine(counts: StatusView['counts']): string {
  return [
    counted(counts.generations, 'generation'),
    `${whole(counts.fallbacks)} served by a fallback`,
    `${whole(counts.failed)} failed`,
    `${whole(counts.in_flight)} in flight`,
    counted(counts.keys, 'key'),
  ].join(', ');
}

export const backup: Run = async (args, shell) => {
  const [file] = args.positionals;
  if (file === undefined) throw usageError('where to? spillway backup FILE');
  const path = resolve(shell.cwd, file);
  const admin = await connectAdmin(shell);
  const answer = await admin.call<{ file: string }>('POST', 'backup', { file: path });
  shell.out.line(args.on('json') ? JSON.stringify(answer) : `written: ${answer.file}`);
  return exit.ok;
};
