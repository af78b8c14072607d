/** The verbs about health, with their help. */
import { noPositionals, type Command } from './command.ts';

const subject = 'SUBJECT: provider/NAME, model/AUTHOR/NAME or endpoint/AUTHOR/NAME@PROVIDER.';

export const healthCommands: readonly Command[] = [
  {
    verb: 'events',
    summary: 'What happened: breakers, pauses, limits reached; newest first',
    positionals: noPositionals,
    flags: {
      since: { value: 'DURATION', help: 'How far back (1d)' },
      top: { value: 'N', help: 'At most so many (1000)' },
    },
    notes: ['Times are UTC. Events are kept for 90 days.'],
    examples: [['spillway events --since 1h', 'the last hour']],
    load: async () => (await import('./health.ts')).events,
  },
  {
    verb: 'pause',
    summary: 'Leave a provider, model or endpoint alone for a time; end that',
    positionals: { usage: 'SUBJECT', least: 1, most: 1 },
    flags: {
      for: { value: 'DURATION', help: 'How long, such as 2h; it ends by itself' },
      reason: { value: 'TEXT', help: 'Why; kept with your name' },
    },
    notes: [
      subject,
      'What is paused is left out of every plan with the reason paused; a restart does not end it.',
    ],
    examples: [['spillway pause provider/deepseek --for 2h --reason maintenance', 'the fallbacks serve']],
    load: async () => (await import('./health.ts')).pause,
  },
  {
    verb: 'resume',
    beside: 'pause',
    summary: 'End a pause early, and reset the breakers of the same subject',
    positionals: { usage: 'SUBJECT', least: 1, most: 1 },
    flags: { reason: { value: 'TEXT', help: 'Why; kept with your name' } },
    notes: [subject, 'After a credential was topped up or a model came back, this asks it again at once.'],
    examples: [['spillway resume provider/deepseek', 'it is asked by the next request']],
    load: async () => (await import('./health.ts')).resume,
  },
];
