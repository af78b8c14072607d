/** The verbs about administrators, with their help. */
import type { Command } from './command.ts';

export const adminCommands: readonly Command[] = [
  {
    verb: 'admins',
    summary: 'Who may change this gateway: owners, editors, viewers',
    positionals: { usage: '[list | add NAME | role NAME ROLE | remove NAME]', least: 0, most: 3 },
    flags: {
      role: { value: 'ROLE', help: 'add: viewer, editor or owner' },
      expires: { value: 'WHEN', help: 'add: 12h, or a date such as 2027-01-31 (UTC)' },
    },
    notes: [
      'viewer   sees everything but secrets',
      'editor   also changes the configuration, pauses, lends to limits',
      'owner    also makes administrators, and lets the gateway reach private addresses',
      'add prints the key, once, alone on standard output: it is the SPILLWAY_ADMIN_KEY of that person.',
    ],
    examples: [
      ['spillway admins add ann --role editor', 'a key of her own; the audit log then says ann'],
      ['spillway admins role ann viewer', 'from the next request on'],
    ],
    load: async () => (await import('./admins.ts')).admins,
  },
  {
    verb: 'audit',
    beside: 'admins',
    summary: 'Who changed or did what, with what was there before; newest first',
    positionals: { usage: '[OBJECT]', least: 0, most: 1 },
    flags: {
      since: { value: 'DURATION', help: 'How far back (7d)' },
      who: { value: 'NAME', help: 'Only what this administrator did' },
      full: { help: 'Show each object before (-) and after (+), secrets hidden' },
      top: { value: 'N', help: 'At most so many (200)' },
    },
    notes: ['OBJECT: preset/coder, key/ci, provider/deepseek, … Times are UTC. Entries are kept for ever.'],
    examples: [
      ['spillway audit preset/coder --full', 'every change of a preset'],
      ['spillway audit --who ann --since 30d', 'what ann did'],
    ],
    load: async () => (await import('./admins.ts')).audit,
  },
];
