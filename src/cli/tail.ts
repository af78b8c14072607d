/** `tail`: follows generations as they end, across restarts of the gateway. */
import type { GenerationView } from '../control/api-views.ts';
import type { Arguments } from './arguments.ts';
import type { Run } from './command.ts';
import { eventData } from './event-stream.ts';
import { connectAdmin } from './gateway.ts';
import type { Paint, Shell } from './shell.ts';
import { exit, Stop } from './stop.ts';
import { clean, dollars, pad, seconds, timeOfDay, times, whole } from './table.ts';

/** How many generations are asked for again after a lost connection, so that none is missed. */
const catchUp = 200;
const longestPauseMs = 5_000;
/** How many ids are remembered, so that none is printed twice. */
const remembered = 5_000;

export const tail: Run = async (args, shell) => {
  const follower = follow(args, shell);
  await follower.session(args.whole('last') ?? 10);
  for (let pause = 250; !shell.ended.aborted; pause = Math.min(pause * 2, longestPauseMs)) {
    await shell.sleep(pause);
    if (await follower.again()) pause = 250;
  }
  return exit.ok;
};

type Follower = {
  /** Prints the last few, then each as it ends, until the connection is lost. */
  readonly session: (last: number) => Promise<void>;
  /** The same after a loss; false = the gateway does not answer yet. */
  readonly again: () => Promise<boolean>;
};

function follow(args: Arguments, shell: Shell): Follower {
  const show = printer(args, shell);
  let said = '';
  const session = async (last: number): Promise<void> => {
    const admin = await connectAdmin(shell);
    const live = await admin.open('generations/stream', shell.ended);
    if (said !== '') shell.err.line('connected again');
    said = '';
    if (last > 0) {
      const recent = await admin.call<{ generations: readonly GenerationView[] }>(
        'GET',
        `generations?limit=${Math.min(last, 1000)}`,
      );
      for (const generation of recent.generations.toReversed()) show(generation);
    }
    await drain(live, show);
  };
  const complain = (reason: string): void => {
    if (reason !== said && !shell.ended.aborted) shell.err.line(`${reason}; trying again`);
    said = reason;
  };
  return {
    session: async (last) => {
      await session(last);
      complain('the gateway closed the connection');
    },
    again: async () => {
      try {
        await session(catchUp);
        complain('the gateway closed the connection');
        return true;
      } catch (error) {
        if (!(error instanceof Stop)) throw error;
        complain(error.message);
        return false;
      }
    },
  };
}

/** Reads until the stream ends or breaks: for `tail` both mean to connect again. */
async function drain(live: Response, show: (generation: GenerationView) => void): Promise<void> {
  if (!live.body) return;
  try {
    for await (const data of eventData(live.body)) show(JSON.parse(data) as GenerationView);
  } catch (error) {
    const lost = error instanceof TypeError || (error instanceof Error && error.name === 'AbortError');
    if (!lost) throw error;
  }
}

/** Prints each generation once. */
function printer(args: Arguments, shell: Shell): (generation: GenerationView) => void {
  const seen = new Set<string>();
  return (generation) => {
    if (seen.has(generation.id)) return;
    seen.add(generation.id);
    const [oldest] = seen;
    if (seen.size > remembered && oldest !== undefined) seen.delete(oldest);
    shell.out.line(args.on('json') ? JSON.stringify(generation) : tailLine(generation, shell.out.paint));
  };
}

/** One generation in fixed columns: time, preset, model, place, attempts, tokens, cost, multiple, latency. */
export function tailLine(generation: GenerationView, paint: Paint): string {
  const { preset, preset_version: version, served, tokens } = generation;
  const multiple =
    generation.fallback && generation.cost_multiplier !== undefined ? times(generation.cost_multiplier) : '';
  return [
    paint('dim', timeOfDay(generation.at)),
    pad(preset === undefined ? '-' : clean(`${preset}@${version ?? '?'}`), 14),
    pad(clean(served?.model ?? generation.requested), 30),
    pad(placeText(generation, paint), 12),
    pad(triesText(generation.attempts.length), 7),
    pad(tokens ? `${whole(inputTokens(tokens))} → ${whole(outputTokens(tokens))}` : '', 16, 'right'),
    pad(dollars(generation.cost_usd), 10, 'right'),
    pad(paint('yellow', multiple), 6, 'right'),
    pad(seconds(generation.latency_ms), 8, 'right'),
    [routeText(generation, paint), troubleText(generation, paint)].filter((part) => part !== '').join(' '),
  ]
    .join('  ')
    .trimEnd();
}

/** Which rule of which preset chose the one that serves. */
function routeText({ route }: GenerationView, paint: Paint): string {
  return route === undefined ? '' : paint('dim', `by ${clean(route)}`);
}

type TokensView = NonNullable<GenerationView['tokens']>;

function inputTokens(tokens: TokensView): number {
  return tokens.input + (tokens.cache_read ?? 0) + (tokens.cache_write ?? 0) + (tokens.cache_write_1h ?? 0);
}

function outputTokens(tokens: TokensView): number {
  return tokens.output + (tokens.reasoning ?? 0);
}

function triesText(count: number): string {
  return count === 1 ? '1 try' : `${count} tries`;
}

function placeText({ served, fallback }: GenerationView, paint: Paint): string {
  if (!served) return paint('red', 'none');
  return fallback
    ? `${served.position} ${paint('yellow', 'FALLBACK')}`
    : `${served.position} ${paint('green', 'primary')}`;
}

/** What went wrong, as a last word of free length. */
function troubleText(generation: GenerationView, paint: Paint): string {
  const failed = generation.attempts
    .filter((attempt) => attempt.outcome !== 'ok')
    .map((attempt) => attempt.outcome);
  const because = failed.length > 0 ? paint('dim', `after ${failed.join(', ')}`) : '';
  const ending = {
    ok: '',
    failed: paint('red', `failed: ${clean(generation.problem ?? 'unknown')}`),
    cut: paint('red', `cut: ${clean(generation.problem ?? 'unknown')}`),
    client_gone: paint('yellow', 'client gone'),
  }[generation.ending];
  const again = generation.client_retry ? paint('yellow', 'client retry') : '';
  const lost = generation.cache_lost_usd
    ? paint('yellow', `cache lost ${dollars(generation.cache_lost_usd)}`)
    : '';
  return [ending, because, lost, again].filter((part) => part !== '').join(' ');
}
