/** Promises 3 and 4: every request ends once, and an answer that was cut never looks finished. */
import type { ProviderCall } from './provider.ts';
import { departedAt, lateBy, type Say, type Sight } from './sight.ts';

export function judgeEnding(sight: Sight, say: Say): void {
  const { visit, record } = sight;
  for (const misuse of visit.seen.misuse) say(3, misuse);
  if (record.attempts.length !== visit.calls.length)
    say(3, `${visit.calls.length} calls, ${record.attempts.length} attempts in the record`);
  record.attempts.forEach(({ model, provider }, index) => {
    const call = visit.calls[index];
    if (call && call.endpoint.id !== `${model}@${provider}`)
      say(3, `attempt ${index} is ${model}@${provider}, called was ${call.endpoint.id}`);
  });
  if (record.revision !== visit.configuration.revision)
    say(1, `began on revision ${visit.configuration.revision}, recorded is ${record.revision}`);
  judgeLength(sight, say);
  judgeContent(sight, say);
  if (sight.stayed) judgeEnd(sight, say);
  else if (record.ending !== 'client_gone' && record.ending !== 'ok')
    say(3, `the client left, and the record says ${record.ending}`);
}

/** Nobody waits for ever: others' holds, the store, all attempts, and reading. */
function judgeLength({ visit, preset }: Sight, say: Say): void {
  const { seen, at, doneAt, plan } = visit;
  if (doneAt === undefined) return say(7, 'it never ended');
  const { start_by, total } = preset.timeouts;
  const most = at + 10_000 + start_by + total + 12_000 + (plan.slow ?? 0);
  const left = departedAt(visit);
  const late = Math.max(0, ...visit.calls.map(({ endpoint }) => lateBy(visit, endpoint)));
  if (doneAt > most + late) say(7, `it took ${doneAt - at} ms`);
  if (doneAt > left + 6_500 + late) say(7, `it went on for ${doneAt - left} ms after it should stop`);
  if (seen.leftAt === undefined && seen.ended === undefined) say(3, 'the client was never answered');
}

/** What the client has is the beginning of what the last of all calls said, and of nothing else. */
function judgeContent({ visit: { calls }, reading, stayed }: Sight, say: Say): void {
  const { content } = reading;
  const last = calls.at(-1);
  if (content !== '' && !last?.state.content.startsWith(content))
    say(
      4,
      `the client got ${JSON.stringify(content)}, the last call said ${JSON.stringify(last?.state.content)}`,
    );
  for (const call of calls.slice(0, -1))
    if (call.stream && call.state.shownAt !== undefined && call.state.shownAt < (call.state.closedAt ?? 0))
      say(4, `${call.endpoint.id} had said something, and another was called`);
  if (reading.finished && last?.state.ending !== true) say(4, 'it looks finished, and no call was');
  if (!stayed) return;
  if (reading.broken !== undefined) say(4, `it cannot be read: ${reading.broken}`);
  if (reading.trailing > 0) say(4, 'something comes behind the end');
  if (reading.errors > 1) say(4, `${reading.errors} errors are told`);
}

function judgeEnd({ visit, record, reading, streamed, preset }: Sight, say: Say): void {
  const { seen, calls } = visit;
  const last = calls.at(-1);
  const ends = (how: string, finished: boolean, errors: number): void => {
    if (seen.ended !== how) say(4, `${record.ending}, and the connection saw ${String(seen.ended)}`);
    if (reading.finished !== finished) say(4, `${record.ending}, and finished: ${reading.finished}`);
    if (reading.errors !== errors) say(4, `${record.ending}, and ${reading.errors} errors`);
  };
  switch (record.ending) {
    case 'ok':
      ends('end', true, 0);
      if (last && reading.content !== last.answer.content)
        say(
          4,
          `the answer is ${JSON.stringify(last.answer.content)}, the client got ${JSON.stringify(reading.content)}`,
        );
      break;
    case 'cut':
      ends('abort', false, 1);
      if (!streamed) say(4, 'only a stream can be cut');
      if (last?.state.shownAt === undefined)
        say(4, 'nobody had said anything yet: another might have been asked');
      break;
    case 'failed':
      ends(streamed ? 'abort' : 'end', false, 1);
      if (reading.content !== '') say(4, 'it failed, and the client has content');
      if (!streamed && (seen.status ?? 0) < 400) say(4, `it failed with the status ${seen.status}`);
      break;
    case 'client_gone':
      say(3, 'the record says that the client left, and it had not');
  }
  const reads = (visit.plan.slow ?? 0) <= 60 && seen.stoppedAt === undefined;
  if (last && reads && record.ending !== 'ok' && (last.state.finished || isGood(last)))
    say(
      4,
      `${last.endpoint.id} has answered whole within ${preset.timeouts.total} ms, and the record says ${record.ending}`,
    );
}

/** Nothing that this provider did is a reason to fail. */
function isGood({ mood }: ProviderCall): boolean {
  return mood === 'answer';
}
