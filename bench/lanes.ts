/** What is measured of each candidate, one after the other. */
import type { Shape } from './messages.ts';
import type { Size } from './traffic.ts';

/**
 * `paced`: the same number of requests a second for everybody. `failover` and `limited`: the primary refuses at once,
 * with 500 and with 429, and the fallback answers. `crossing`: streams that chat clients get from a provider of the
 * Anthropic wire. `stalling`, `refusing`, `erring`: the primary is dead, and says nothing, refuses connections, or
 * answers 500.
 */
export type LaneName =
  | 'single'
  | 'small'
  | 'paced'
  | 'large'
  | 'failover'
  | 'limited'
  | 'streams'
  | 'crossing'
  | OutageName;

export type OutageName = 'stalling' | 'refusing' | 'erring';

export const outageNames: readonly OutageName[] = ['stalling', 'refusing', 'erring'];

export function isOutage(lane: LaneName): lane is OutageName {
  return outageNames.some((name) => name === lane);
}

export type Lane = {
  readonly name: LaneName;
  readonly size: Size;
  readonly shape: Shape;
  readonly connections: number;
  readonly seconds: number;
};

export const lanes: readonly Lane[] = [
  { name: 'single', size: 'small', shape: 'whole', connections: 1, seconds: 1 },
  { name: 'small', size: 'small', shape: 'whole', connections: 8, seconds: 2 },
  { name: 'paced', size: 'small', shape: 'paced', connections: 8, seconds: 2 },
  { name: 'large', size: 'large', shape: 'whole', connections: 8, seconds: 2 },
  { name: 'failover', size: 'small', shape: 'whole', connections: 1, seconds: 1 },
  { name: 'limited', size: 'small', shape: 'whole', connections: 1, seconds: 1 },
  { name: 'streams', size: 'small', shape: 'streams', connections: 100, seconds: 3 },
  { name: 'crossing', size: 'small', shape: 'streams', connections: 100, seconds: 3 },
  ...outageNames.map((name): Lane => ({ name, size: 'small', shape: 'outage', connections: 1, seconds: 0 })),
];
