/** What is measured of each candidate, one after the other. */
import type { Size } from './traffic.ts';

/**
 * `failover` and `limited`: the primary refuses at once, with 500 and with 429, and the fallback answers. `crossing`:
 * streams that chat clients get from a provider of the Anthropic wire.
 */
export type LaneName = 'single' | 'small' | 'large' | 'failover' | 'limited' | 'streams' | 'crossing';

export type Lane = {
  readonly name: LaneName;
  readonly size: Size;
  readonly stream: boolean;
  readonly connections: number;
  readonly seconds: number;
};

export const lanes: readonly Lane[] = [
  { name: 'single', size: 'small', stream: false, connections: 1, seconds: 1 },
  { name: 'small', size: 'small', stream: false, connections: 8, seconds: 2 },
  { name: 'large', size: 'large', stream: false, connections: 8, seconds: 2 },
  { name: 'failover', size: 'small', stream: false, connections: 1, seconds: 1 },
  { name: 'limited', size: 'small', stream: false, connections: 1, seconds: 1 },
  { name: 'streams', size: 'small', stream: true, connections: 100, seconds: 3 },
  { name: 'crossing', size: 'small', stream: true, connections: 100, seconds: 3 },
];
