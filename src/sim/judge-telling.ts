/** Promise 6: nobody is served by a fallback silently, and what is told is true. */
import { attemptName, isLower, priceOf, type Say, type Sight } from './sight.ts';

export function judgeTelling(sight: Sight, say: Say): void {
  const { visit, record, stayed } = sight;
  const { headers, headAt } = visit.seen;
  const answered = record.ending === 'ok' || record.ending === 'cut';
  if (answered) judgeServed(sight, say);
  if (!stayed || headAt === undefined) return;
  if (headers['x-generation-id'] !== visit.id) say(6, `x-generation-id is ${headers['x-generation-id']}`);
  if (answered && headers['x-spillway-pending'] === undefined) judgeHeaders(sight, say);
  const told = record.attempts.map(attemptName).join(',');
  if (record.ending === 'failed' && headers['x-spillway-pending'] === undefined && told.length < 700)
    if ((headers['x-spillway-attempts'] ?? '') !== told)
      say(6, `x-spillway-attempts is ${headers['x-spillway-attempts']}, recorded is ${told}`);
  if (record.ending === 'ok') judgeBody(sight, say);
}

/** The record names who really answered, and where it stands in the chain. */
function judgeServed({ visit, record, preset }: Sight, say: Say): void {
  const last = visit.calls.at(-1);
  if (!last) return say(6, 'answered, and nobody was called');
  const { model, provider, tier } = last.endpoint;
  const position = preset.chain.indexOf(model);
  const { served } = record;
  if (served?.model !== model || served.provider !== provider || served.position !== position)
    say(6, `${last.endpoint.id} at ${position} answered, recorded is ${JSON.stringify(served)}`);
  const primary = visit.configuration.endpoints.find((each) => each.model === preset.chain[0]);
  const drop = record.warnings.some((warning) => warning.startsWith('tier_drop'));
  if (primary && drop !== (position > 0 && isLower(tier, primary.tier)))
    say(6, `${tier} serves instead of ${primary.tier}, and a drop of the tier is ${drop ? '' : 'not '}told`);
}

function judgeHeaders({ visit, record, preset }: Sight, say: Say): void {
  const last = visit.calls.at(-1);
  if (!last) return;
  const { headers } = visit.seen;
  const position = preset.chain.indexOf(last.endpoint.model);
  const expected: Readonly<Record<string, string>> = {
    'x-spillway-model': last.endpoint.model,
    'x-spillway-provider': last.endpoint.provider,
    'x-spillway-position': String(position),
    'x-spillway-fallback': String(position > 0),
    'x-spillway-preset': `${preset.name}@1`,
  };
  for (const [name, value] of Object.entries(expected))
    if (headers[name] !== value) say(6, `${name} is ${headers[name]}, not ${value}`);
  const before = record.attempts.slice(0, -1).map(attemptName);
  const attempts = [...before, `${last.endpoint.id}:ok`].join(',');
  if (attempts.length < 700 && headers['x-spillway-attempts'] !== attempts)
    say(6, `x-spillway-attempts is ${headers['x-spillway-attempts']}, not ${attempts}`);
}

function judgeBody({ visit, record, reading, streamed, preset }: Sight, say: Say): void {
  const last = visit.calls.at(-1);
  if (!last) return;
  const { headers } = visit.seen;
  if (reading.models.some((model) => model !== last.endpoint.model))
    say(6, `the answer says ${reading.models.join(', ')}, ${last.endpoint.model} serves`);
  const sum = record.attempts.reduce((all, { cost }) => all + cost, 0);
  if (record.cost !== sum) say(6, `the record costs ${record.cost}, its attempts ${sum}`);
  if (reading.cost === undefined || Math.abs(reading.cost * 1e9 - record.cost) > 0.5)
    say(6, `usage.cost is ${reading.cost}, recorded are ${record.cost} nano-USD`);
  if (!streamed && Number(headers['x-spillway-cost-usd']) * 1e9 - record.cost > 0.5)
    say(6, `x-spillway-cost-usd is ${headers['x-spillway-cost-usd']}, recorded are ${record.cost} nano-USD`);
  const position = preset.chain.indexOf(last.endpoint.model);
  const { facts } = reading;
  if (facts?.['model'] !== last.endpoint.model || facts['provider'] !== last.endpoint.provider)
    say(6, `usage.spillway says ${JSON.stringify(facts)}`);
  if (facts?.['position'] !== position || facts['fallback'] !== position > 0)
    say(6, `usage.spillway says ${JSON.stringify(facts)}, the place is ${position}`);
  const { reported } = last.answer;
  const attempt = record.attempts.at(-1);
  if (reported && attempt?.basis === 'measured' && attempt.cost !== priceOf(last.endpoint, reported))
    say(6, `billed are ${priceOf(last.endpoint, reported)} nano-USD, recorded are ${attempt.cost}`);
}
