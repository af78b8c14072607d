/** The verb `import`, with its help. */
import type { Command } from './command.ts';

export const importDocument: Command = {
  verb: 'import',
  summary: 'Turn the configuration of OpenRouter or LiteLLM into a document',
  positionals: { usage: 'openrouter|litellm FILE…', least: 2, most: 200 },
  flags: {
    output: { value: 'FILE', short: 'o', help: 'Where to; without it, the document is printed' },
    force: { help: 'Overwrite an existing file' },
  },
  notes: [
    'openrouter: what GET /api/v1/presets/SLUG answers. litellm: config.yaml, and what /team/list and',
    '/key/list?return_full_object=true answer. What a file is, is seen from what is in it; - is standard',
    'input. The report goes to standard error: what was carried, what is different now, what could not be',
    'carried and what to do about it. Secrets are never copied, nothing is applied.',
  ],
  examples: [
    ['spillway import litellm config.yaml teams.json keys.json -o spillway.yaml', 'a whole proxy'],
    ['spillway import openrouter coder.json', 'one preset'],
  ],
  load: async () => (await import('./import.ts')).importDocument,
};
