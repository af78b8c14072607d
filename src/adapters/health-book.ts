/** What an operator sees of health, and does about it: breakers and pauses together, and what happened. */
import type { HealthBook } from '../control/operations.ts';
import type { GatewayEvent } from '../core/event.ts';
import type { MemoryHealth, Subject } from './health.ts';
import type { Pauses } from './pauses.ts';

export type HealthBookOptions = {
  readonly health: Pick<MemoryHealth, 'breakers' | 'reset'>;
  readonly pauses: Pauses;
  readonly events: (from: number, most: number) => readonly GatewayEvent[];
};

export function openHealthBook({ health, pauses, events }: HealthBookOptions): HealthBook {
  return {
    breakers: () => health.breakers(),
    pauses: () => pauses.list(),
    pause: (pause) => pauses.add(pause),
    resume: (subject, intervention) => ({
      paused: pauses.end(subject, intervention),
      breakers: health.reset((one) => belongs(one, subject)),
    }),
    events,
  };
}

/** A provider's are its credentials and all its endpoints; a model's its endpoints everywhere. */
function belongs({ name, provider, model }: Subject, subject: string): boolean {
  return name === subject || subject === `provider/${provider.name}` || subject === `model/${model ?? ''}`;
}
