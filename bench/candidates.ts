/** What is compared: a name, where it listens, how it is asked, and whose CPU time counts. */
import type { ChildProcess } from 'node:child_process';
import type { MockPorts, Outage } from './messages.ts';
import type { LaneName } from './lanes.ts';
import type { Processes } from './processes.ts';

export type CandidateName = 'direct' | 'nginx' | 'ours' | 'portkey';

/** How a lane's request is put to a candidate; absent where the candidate has no such lane. */
export type Question = {
  readonly path: string;
  readonly model: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expect?: Readonly<Record<string, string>>;
  readonly outage?: Outage;
};

export type Candidate = {
  readonly name: CandidateName;
  /** For people: what it is, and its version. */
  readonly title: string;
  readonly port: number;
  readonly pids: readonly number[];

  question(lane: LaneName): Question | undefined;
  /** What it learned of dead providers is forgotten, so that an outage is new to it. */
  forget?(lane: LaneName): Promise<void>;
  /** The process to stop, if it is one, and the file that has what it printed. */
  readonly run?: { readonly child: ChildProcess; readonly log: string };
};

/** What a candidate is started with. */
export type Site = {
  readonly processes: Processes;
  readonly mock: MockPorts;
  /** A folder of its own. */
  readonly folder: string;
  /** The checkout. */
  readonly root: string;
  /** Node writes a CPU profile into this folder. */
  readonly profile?: string;
};

/** Not installed here; the message says what is missing. */
export class NotInstalled extends Error {}

/** The mock itself: what everything is compared with. Whole answers only: nothing stands between that could cost. */
export function direct({ mock }: Site): Candidate {
  return {
    name: 'direct',
    title: 'no gateway',
    port: mock.good,
    pids: [],
    question: (lane) =>
      ['single', 'small', 'paced', 'large'].includes(lane)
        ? { path: '/v1/chat/completions', model: 'mock-1' }
        : undefined,
  };
}
