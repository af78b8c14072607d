/** The clients of a soak together: so many at once, each asking again as soon as it is answered. */
import { Agent } from 'node:http';
import { dice } from '../../src/sim/dice.ts';
import { optional } from '../../src/core/optional.ts';
import { askOnce, drawLeaving, type Ending, type Outcome } from './client.ts';
import { drawAsk } from './dialects.ts';
import { key } from './document.ts';

export type Crowd = {
  readonly asked: () => number;
  readonly endings: () => Readonly<Record<Ending, number>>;
  /** The first answers that broke a promise, in words. */
  readonly wrong: readonly string[];
  /** Nobody asks anything new; resolves when everybody was answered. */
  stop(): Promise<void>;
};

const shownWrongs = 5;

export function gather(url: string, streams: number, seed: number): Crowd {
  const agent = new Agent({ keepAlive: true });
  const endings: Record<Ending, number> = { whole: 0, cut: 0, refused: 0, left: 0, wrong: 0 };
  const wrong: string[] = [];
  let asked = 0;
  let over = false;
  const count = ({ ending, detail }: Outcome): void => {
    endings[ending] += 1;
    if (ending === 'wrong' && wrong.length < shownWrongs) wrong.push(detail);
  };
  const client = async (place: number): Promise<void> => {
    const chance = dice(seed * 1_000 + place);
    await pause(chance.between(0, 5_000));
    while (!over) {
      asked += 1;
      const leaveAfter = drawLeaving(chance);
      const outcome = await askOnce({
        url,
        key,
        agent,
        ask: drawAsk(chance),
        ...optional('leaveAfter', leaveAfter),
      });
      count(outcome);
      // Agents think before they try again what was refused.
      if (outcome.ending === 'refused') await pause(chance.between(500, 2_000));
    }
  };
  const clients = Array.from({ length: streams }, (_, place) => client(place));
  return {
    asked: () => asked,
    endings: () => endings,
    wrong,
    async stop() {
      over = true;
      await Promise.all(clients);
      agent.destroy();
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
