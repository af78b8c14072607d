/** One client of the soak: asks one thing after the other, sometimes leaves, and judges how each answer ended. */
import { request, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Dice } from '../../src/sim/dice.ts';
import { dialects, type Ask } from './dialects.ts';

export type Ending =
  | 'whole'
  /** Broken off, and the client was told. */
  | 'cut'
  /** An error status with a body that says why. */
  | 'refused'
  /** The client left. */
  | 'left'
  /** A broken promise: an answer that just stops, or that ends well without its sign of the end. */
  | 'wrong';

export type Outcome = { readonly ending: Ending; readonly status: number; readonly detail: string };

export type Asking = {
  readonly url: string;
  readonly key: string;
  readonly agent: Agent;
  readonly ask: Ask;
  /** Ms after the request was written at which the client leaves; absent = it stays. */
  readonly leaveAfter?: number;
};

/** Asks once. Resolves with how it ended, whatever happens. */
export function askOnce(asking: Asking): Promise<Outcome> {
  const { url, key, agent, ask, leaveAfter } = asking;
  const dialect = dialects[ask.dialect];
  const body = Buffer.from(JSON.stringify(dialect.body(ask)));
  return new Promise((resolve) => {
    let leaving: NodeJS.Timeout | undefined;
    let left = false;
    const conclude = (outcome: Outcome): void => {
      clearTimeout(leaving);
      resolve(left ? { ending: 'left', status: outcome.status, detail: '' } : outcome);
    };
    const out: ClientRequest = request(
      `${url}${dialect.path}`,
      { method: 'POST', agent, headers: headersOf(key, body.length) },
      (answer) => collect(answer, (text) => conclude(judge(asking, answer, text))),
    );
    out.on('error', (error) => conclude({ ending: 'wrong', status: 0, detail: error.message }));
    out.on('finish', () => {
      if (leaveAfter === undefined) return;
      leaving = setTimeout(() => {
        left = true;
        out.destroy();
      }, leaveAfter);
    });
    out.end(body);
  });
}

function headersOf(key: string, length: number): Record<string, string | number> {
  return {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': length,
    'anthropic-version': '2023-06-01',
  };
}

function collect(answer: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  // An answer that breaks off is judged when it is closed.
  answer.on('error', () => undefined);
  answer.on('close', () => done(Buffer.concat(chunks).toString()));
}

function judge({ ask }: Asking, answer: IncomingMessage, text: string): Outcome {
  const status = answer.statusCode ?? 0;
  const outcome = (ending: Ending): Outcome => ({
    ending,
    status,
    detail: ending === 'wrong' ? `${ask.dialect} ${status} …${text.slice(-300)}` : '',
  });
  if (status !== 200) return outcome(answer.complete && isError(text) ? 'refused' : 'wrong');
  if (!ask.stream) return outcome(answer.complete && text.endsWith('}') ? 'whole' : 'wrong');
  const { whole, broken } = dialects[ask.dialect];
  if (answer.complete) return outcome(whole.test(text) ? 'whole' : 'wrong');
  return outcome(broken.test(text) ? 'cut' : 'wrong');
}

function isError(text: string): boolean {
  return text.startsWith('{') && text.includes('"error"') && text.trimEnd().endsWith('}');
}

/** A fifth of the clients leaves: most in the middle of the answer, some before its head. */
export function drawLeaving(dice: Dice): number | undefined {
  return dice.chance(0.2) ? dice.pick([20, 200, 1_000, 3_000, 8_000]) : undefined;
}
