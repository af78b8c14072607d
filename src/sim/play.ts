/** Plays the universe of a seed and asks the oracle: which promises of the design were broken? */
import { auditBooks, auditWindows, judgeAttempts, judgeLimits } from './judge-money.ts';
import { judgeEnding } from './judge-ending.ts';
import { fallsOf, judgeRoute } from './judge-route.ts';
import { judgeRest, judgeSkips } from './judge-rest.ts';
import { judgeTelling } from './judge-telling.ts';
import { sightOf, type Say, type Sight, type Violation } from './sight.ts';
import { universeOf } from './universe.ts';
import { SimWorld } from './world.ts';

export type Outcome = {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly requests: number;
  readonly attempts: number;
  /** What happened, with its moments in seconds. */
  readonly log: readonly string[];
};

/** Longer than any request may take. */
const patienceMs = 300_000;

/** The same seed always comes to the same outcome. */
export async function play(seed: number): Promise<Outcome> {
  const universe = universeOf(seed);
  const violations: Violation[] = [];
  const say =
    (where: string): Say =>
    (promise, what) =>
      void violations.push({ promise, where, what });
  const world = new SimWorld(universe, {
    called: (visit, call) => {
      auditBooks(world, say(visit.id));
      auditWindows(world, { visit, call }, say(visit.id));
    },
    closed: ({ id }) => auditBooks(world, say(id)),
  });
  await world.run(patienceMs);
  judge(world, say);
  return {
    seed,
    violations,
    requests: world.visits.length,
    attempts: world.visits.reduce((sum, { calls }) => sum + calls.length, 0),
    log: world.log,
  };
}

function judge(world: SimWorld, say: (where: string) => Say): void {
  const { universe, visits, clock } = world;
  const here = say('the gateway');
  for (const fault of world.faults) here(3, `a fault of its own: ${fault}`);
  if (clock.pending > 0) here(3, `${clock.pending} timers are left`);
  const sights: Sight[] = [];
  for (const visit of visits) {
    const { closings, calls, id } = visit;
    if (closings.length !== 1) say(id)(3, `${closings.length} records`);
    for (const call of calls)
      if (call.state.closed === undefined) say(id)(3, `the connection to ${call.endpoint.id} is open`);
    const sight = closings[0] && sightOf(visit, closings[0].record);
    if (sight) sights.push(sight);
  }
  const falls = fallsOf(sights);
  for (const sight of sights) {
    const found = say(sight.visit.id);
    judgeEnding(sight, found);
    judgeRoute(sight, { universe, falls }, found);
    judgeTelling(sight, found);
    judgeAttempts(sight, found);
    judgeSkips(sight, universe, { falls, say: found });
  }
  judgeRest(sights, ({ visit }) => say(visit.id));
  judgeLimits(world, sights, here);
}
