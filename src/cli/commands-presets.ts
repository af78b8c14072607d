/** The verbs about presets, their versions and the history, with their help. */
import type { Command } from './command.ts';

export const presets: Command = {
  verb: 'presets',
  summary: 'Versions of presets: compare, activate, roll out, go back',
  positionals: { usage: '[list | ACTION NAME …]', least: 0, most: 4 },
  flags: {
    workspace: { value: 'NAME', help: 'Where the preset is looked up (default); list: only of this one' },
    file: {
      value: 'FILE',
      short: 'f',
      help: 'write, draft: the config, YAML or JSON; - is standard input',
    },
    message: { value: 'TEXT', short: 'm', help: 'Why; kept in the history' },
    'if-version': { value: 'N', help: 'Only if this is still the active version; else exit code 3' },
    discard: { help: 'draft: throw it away' },
    force: { help: 'archive, delete: also in use; publish: also over a version that came between' },
    'dry-run': { help: 'Decide and report, change nothing' },
  },
  notes: [
    'Actions, each active for the next request:',
    '  show NAME [VERSION]          versions NAME           diff NAME [FROM] [TO]',
    '  write NAME -f FILE           activate NAME VERSION   rollback NAME [VERSION]',
    '  draft NAME [-f FILE]         publish NAME            archive, restore, delete NAME',
    '  rollout NAME [VERSION PERCENT]                       promote NAME',
    'A VERSION is a number, active or draft. diff says what the change costs for the traffic of the last',
    '7 days. rollback ends a roll-out; without one it goes to VERSION, else to the one before the active.',
    'Exit code 3: somebody was faster, or it is in use.',
  ],
  examples: [
    ['spillway presets diff coder draft', 'what publishing it would change, and cost'],
    ['spillway presets rollout coder 8 10', 'version 8 serves 10 % of conversations'],
    ['spillway presets rollback coder', 'and back, in one call'],
  ],
  load: async () => (await import('./presets.ts')).presets,
};

export const revisionCommands: readonly Command[] = [
  {
    verb: 'diff',
    beside: 'history',
    summary: 'What changed between two revisions, or against a document',
    positionals: { usage: '[REVISION REVISION]', least: 0, most: 2 },
    flags: {
      file: {
        value: 'FILE',
        short: 'f',
        help: 'What applying this document would change, and what it leaves alone',
      },
    },
    notes: [
      'Revision 0 is the empty beginning. With --file it shows the drift: what was edited since the document',
      'was applied. Exit code 3 where both changed, so that apply would refuse.',
    ],
    examples: [
      ['spillway diff 41 42', 'one revision'],
      ['spillway diff -f spillway.yaml', 'the drift'],
    ],
    load: async () => (await import('./revisions.ts')).diff,
  },
  {
    verb: 'revert',
    beside: 'apply',
    summary: 'Undo a revision by a new one',
    positionals: { usage: 'REVISION', least: 1, most: 1 },
    flags: {
      message: { value: 'TEXT', short: 'm', help: 'Why; kept in the history' },
      force: { help: 'Also what was edited since' },
      'dry-run': { help: 'Show what would change, change nothing' },
    },
    notes: ['Exit code 3: edited since. A revert is a revision like any other, and can be reverted.'],
    examples: [['spillway revert 42', 'as it was before revision 42']],
    load: async () => (await import('./revisions.ts')).revert,
  },
];
