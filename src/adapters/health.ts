/** The health of endpoints and credentials, in memory: the breakers of `core/breaker.ts`, and who holds which probe. */
import type { HealthBook, OpenBreaker } from '../control/operations.ts';
import {
  blameOf,
  healthy,
  isPartial,
  isCalm,
  reduce,
  standing,
  type Breaker,
  type BreakerEvent,
  type Rest,
} from '../core/breaker.ts';
import { isOpenRouter } from '../core/endpoints.ts';
import type { GatewayEvent } from '../core/event.ts';
import type { Failure } from '../core/failure.ts';
import { optional } from '../core/optional.ts';
import type { Endpoint, Provider } from '../core/snapshot.ts';
import type { Call, Clock, Health } from '../ports.ts';
import type { Pauses } from './pauses.ts';

/** Names that only OpenRouter knows are made up by callers: what is kept of endpoints is bounded. */
const kept = 10_000;

/** `endpoint/author/name@provider`, or `provider/name` for a credential of it. */
export type Subject = { readonly name: string; readonly provider: Provider; readonly model?: string };

export type MemoryHealth = Health &
  Pick<HealthBook, 'breakers'> & {
    /** Closes what an operator, or a change of the emulator, has made obsolete. Returns how many. */
    reset(which: (subject: Subject) => boolean): number;
  };

type Kept = { readonly subject: Subject; state: Breaker };

export type HealthOptions = {
  /** What operators have paused. */
  readonly pauses?: Pick<Pauses, 'rest'>;
  /** Told when a breaker opens, opens for another reason, or closes. */
  readonly changed?: (event: GatewayEvent) => void;
};

export function memoryHealth(clock: Clock, options: HealthOptions = {}): MemoryHealth {
  return new Breakers(clock, options);
}

class Breakers implements MemoryHealth {
  readonly #clock: Clock;
  readonly #pauses: Pick<Pauses, 'rest'> | undefined;
  readonly #changed: (event: GatewayEvent) => void;
  readonly #endpoints = new Map<string, Kept>();
  readonly #credentials = new Map<string, Kept>();
  /** Those that are not closed: while there are none, nothing is looked up. */
  readonly #open = new Set<Kept>();
  #calls = 0;
  /** Ms from the clock that never steps back to the one on the wall. */
  #apart = 0;

  constructor(clock: Clock, { pauses, changed }: HealthOptions) {
    this.#clock = clock;
    this.#pauses = pauses;
    this.#changed = changed ?? (() => undefined);
  }

  rest(endpoint: Endpoint): Rest | undefined {
    const paused = this.#pauses?.rest(endpoint);
    if (paused || this.#open.size === 0) return paused;
    const own = this.#restOf(this.#endpoints.get(endpoint.id));
    const credentials = this.#restOfCredentials(endpoint.provider);
    return own && credentials ? latest(own, credentials) : (own ?? credentials);
  }

  credential(provider: Provider): string | undefined {
    const { credentials } = provider;
    if (this.#open.size === 0 || credentials.length < 2) return credentials[0];
    return credentials.find((secret) => !this.#restOf(this.#credential(provider, secret))) ?? credentials[0];
  }

  calm(endpoint: Endpoint): boolean {
    const { credentials } = endpoint.provider;
    const now = this.#clock.ticks();
    const mine = [this.#endpoints.get(endpoint.id), this.#credential(endpoint.provider, credentials[0])];
    return mine.every((one) => !one || isCalm(one.state, now));
  }

  enter(endpoint: Endpoint, secret: string | undefined, forced: boolean): Call | undefined {
    const id = ++this.#calls;
    if (this.#pauses?.rest(endpoint)) return undefined;
    if (this.#open.size > 0) {
      const mine = [this.#endpoints.get(endpoint.id), this.#credential(endpoint.provider, secret)];
      if (!forced && mine.some((one) => this.#restOf(one))) return undefined;
      for (const one of mine) if (one) this.#tell(one, { kind: 'probe', id });
    }
    const began = this.#clock.ticks();
    return {
      answered: () => {
        if (this.#open.size > 0) this.#tellBoth(endpoint, secret, { kind: 'content', began });
      },
      settle: (failure) => this.#settle({ endpoint, secret, id, began }, failure),
    };
  }

  breakers(): readonly OpenBreaker[] {
    return [...this.#open].flatMap(({ subject, state }): readonly OpenBreaker[] => {
      if (!state.open) return [];
      const { why, since, until } = state.open;
      const half = standing(state, this.#clock.ticks()) !== 'open';
      return [
        {
          subject: subject.name,
          state: half ? 'half_open' : 'open',
          why,
          since: this.#epoch(since),
          ...optional('until', this.#until(until)),
        },
      ];
    });
  }

  reset(which: (subject: Subject) => boolean): number {
    let closed = 0;
    for (const known of [this.#endpoints, this.#credentials])
      for (const [name, one] of known) {
        if (!which(one.subject)) continue;
        known.delete(name);
        if (!this.#open.delete(one)) continue;
        closed += 1;
        this.#tellClosed(one, 'reset');
      }
    return closed;
  }

  #settle({ endpoint, secret, id, began }: Entered, failure: Failure | undefined): void {
    const blame = failure && blameOf(failure, isOpenRouter(endpoint.provider));
    if (!failure) {
      this.#tell(this.#endpoint(endpoint), { kind: 'success', began });
      const credential = this.#credential(endpoint.provider, secret);
      if (credential) this.#tell(credential, { kind: 'success', began });
      this.#giveBack(endpoint, secret, id);
      return;
    }
    if (blame?.on === 'endpoint') this.#tell(this.#endpoint(endpoint), { kind: 'failure', id, began, blame });
    else if (blame)
      this.#tell(this.#openCredential(endpoint.provider, secret), { kind: 'failure', id, began, blame });
    this.#giveBack(endpoint, secret, id);
  }

  /** Whatever became of a probe, the next may begin. */
  #giveBack(endpoint: Endpoint, secret: string | undefined, id: number): void {
    this.#tellBoth(endpoint, secret, { kind: 'returned', id });
  }

  #tellBoth({ id, provider }: Endpoint, secret: string | undefined, event: BreakerEvent): void {
    for (const one of [this.#endpoints.get(id), this.#credential(provider, secret)])
      if (one?.state.open) this.#tell(one, event);
  }

  #tell(one: Kept, event: BreakerEvent): void {
    const before = one.state.open;
    one.state = reduce(one.state, event, this.#clock.ticks());
    const { open } = one.state;
    if (!before && !open) return;
    if (open) this.#open.add(one);
    else this.#open.delete(one);
    if (!open) this.#tellClosed(one, 'it answered');
    else if (before?.why !== open.why)
      this.#changed({
        at: this.#clock.now(),
        kind: 'breaker_opened',
        subject: one.subject.name,
        why: open.why,
        ...optional('until', this.#until(open.until)),
      });
  }

  #tellClosed({ subject }: Kept, why: string): void {
    this.#changed({ at: this.#clock.now(), kind: 'breaker_closed', subject: subject.name, why });
  }

  #endpoint({ id, model, provider }: Endpoint): Kept {
    const known = this.#endpoints.get(id);
    if (known) return known;
    const made: Kept = { subject: { name: `endpoint/${id}`, provider, model: model.slug }, state: healthy };
    this.#endpoints.set(id, made);
    this.#forget(this.#endpoints);
    return made;
  }

  #credential(provider: Provider, secret: string | undefined): Kept | undefined {
    return this.#credentials.size === 0 ? undefined : this.#credentials.get(credentialId(provider, secret));
  }

  #openCredential(provider: Provider, secret: string | undefined): Kept {
    const known = this.#credential(provider, secret);
    if (known) return known;
    const place = provider.credentials.length < 2 ? 0 : provider.credentials.indexOf(secret ?? '') + 1;
    const name = `provider/${provider.name}${place === 0 ? '' : ` key ${place}`}`;
    const made: Kept = { subject: { name, provider }, state: healthy };
    this.#credentials.set(credentialId(provider, secret), made);
    this.#forget(this.#credentials);
    return made;
  }

  #forget(known: Map<string, Kept>): void {
    for (const [name, oldest] of known) {
      if (known.size <= kept) break;
      known.delete(name);
      this.#open.delete(oldest);
    }
  }

  #restOf(one: Kept | undefined): Rest | undefined {
    if (!one?.state.open) return undefined;
    const now = standing(one.state, this.#clock.ticks());
    if (now === 'half-open') return undefined;
    const { why, until } = one.state.open;
    const partial = isPartial(one.state.open) ? { partial: true as const } : {};
    return { reason: 'breaker', why, ...partial, ...optional('until', this.#until(until)) };
  }

  /** All of them rest: until the first is back. */
  #restOfCredentials(provider: Provider): Rest | undefined {
    if (this.#credentials.size === 0) return undefined;
    const secrets = provider.credentials.length === 0 ? [undefined] : provider.credentials;
    let first: Rest | undefined;
    for (const secret of secrets) {
      const rest = this.#restOf(this.#credential(provider, secret));
      if (!rest) return undefined;
      if (!first || (rest.until ?? Infinity) < (first.until ?? Infinity)) first = rest;
    }
    return first;
  }

  #until(ticks: number): number | undefined {
    return ticks === Infinity ? undefined : this.#epoch(ticks);
  }

  /** The same moment is the same number whenever it is read, unless the clock was set. */
  #epoch(ticks: number): number {
    const apart = this.#clock.now() - this.#clock.ticks();
    if (Math.abs(apart - this.#apart) > 50) this.#apart = apart;
    return Math.round(this.#apart + ticks);
  }
}

/** Both must be over before it is asked again. */
function latest(one: Rest, other: Rest): Rest {
  return (one.until ?? Infinity) >= (other.until ?? Infinity) ? one : other;
}

type Entered = {
  readonly endpoint: Endpoint;
  readonly secret: string | undefined;
  readonly id: number;
  readonly began: number;
};

/** A credential that changes, or is sent elsewhere, begins anew. */
function credentialId({ name, baseUrl, headers }: Provider, secret: string | undefined): string {
  return JSON.stringify([name, baseUrl, headers, secret]);
}
