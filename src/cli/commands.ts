/** Every verb with its help. The code behind a verb is loaded only when it runs, so that help is instant. */
import { faultHelp } from '../emulator/faults.ts';
import { noPositionals, type Command } from './command.ts';
import { adminCommands } from './commands-admins.ts';
import { healthCommands } from './commands-health.ts';
import { importDocument } from './commands-import.ts';
import { presets, revisionCommands } from './commands-presets.ts';
import { fileFlag } from './document-file.ts';

const serve: Command = {
  verb: 'serve',
  summary: 'Run the gateway',
  positionals: noPositionals,
  flags: {
    config: { value: 'FILE', help: 'Apply this document at the start; without it, a demo that needs no key' },
  },
  notes: [
    'Environment: HOST (127.0.0.1), PORT (7400), SPILLWAY_DATA_DIR (./data), SPILLWAY_ADMIN_KEY,',
    'SPILLWAY_SECRET, SPILLWAY_DRAIN (10m). SIGTERM lets running requests finish; SIGHUP reads',
    'env: and file: references again.',
  ],
  examples: [
    ['spillway serve', 'the demo, and the real providers whose keys are set'],
    ['spillway serve --config spillway.yaml', 'your own document'],
  ],
  load: async () => (await import('./serve.ts')).serve,
};

const init: Command = {
  verb: 'init',
  summary: 'Write a first document from the provider keys that are set',
  positionals: noPositionals,
  flags: {
    file: { value: 'FILE', short: 'f', help: 'Where to; - prints it (default spillway.yaml)' },
    force: { help: 'Overwrite an existing file' },
  },
  notes: [
    'Looks for OPENAI_API_KEY, ANTHROPIC_API_KEY, DEEPSEEK_API_KEY, OPENROUTER_API_KEY and',
    'GEMINI_API_KEY. Keys are named in the document (env:NAME), never copied into it.',
  ],
  examples: [['spillway init && spillway check', 'a document that is ready to serve']],
  load: async () => (await import('./init.ts')).init,
};

const check: Command = {
  verb: 'check',
  summary: 'Validate a document, without a server',
  positionals: { usage: '[FILE]', least: 0, most: 1 },
  flags: {
    ...fileFlag,
    format: { value: 'FORMAT', help: 'text, json or github; in a GitHub workflow github, else text' },
    github: { help: 'The same as --format github' },
  },
  notes: [
    'Exit code 2 when there are errors; warnings alone are 0. Of a valid document it also says how many',
    'requests to a preset its tightest limit in dollars admits at once: held is not spent.',
  ],
  examples: [
    ['spillway check', 'spillway.yaml'],
    ['spillway check prod.yaml --format github', 'findings as annotations of a pull request'],
  ],
  load: async () => (await import('./check.ts')).check,
};

const apply: Command = {
  verb: 'apply',
  summary: 'Make a document the configuration; undo a revision',
  positionals: noPositionals,
  flags: {
    ...fileFlag,
    message: { value: 'TEXT', short: 'm', help: 'Why; kept in the history' },
    'dry-run': { help: 'Show what would change, change nothing' },
    prune: { help: 'Archive what an earlier document wrote and this one no longer has' },
    force: { help: 'Override objects that were edited since their last apply' },
  },
  notes: ['Whole or not at all. Exit code 2: not valid. 3: edited since the last apply; the diff is shown.'],
  examples: [
    ['spillway apply --dry-run', 'what would change'],
    ['spillway apply -f spillway.yaml -m "cheaper fallback"', 'active for the next request'],
  ],
  load: async () => (await import('./apply.ts')).apply,
};

const explain: Command = {
  verb: 'explain',
  summary: 'Why a request goes, or went, where it does',
  positionals: { usage: '[PRESET|MODEL|gen-ID]', least: 0, most: 1 },
  flags: {
    file: {
      value: 'FILE',
      short: 'f',
      help: 'Plan with this document, without a server; - reads standard input',
    },
    request: { value: 'FILE', short: 'r', help: 'The body of a real request, as JSON' },
    dialect: {
      value: 'NAME',
      help: 'chat, responses, messages or embeddings; else what the body looks like, or chat',
    },
    tokens: { value: 'N', help: 'Make up a prompt of about so many tokens (1000)' },
    'max-tokens': { value: 'N', help: 'The output cap of the request' },
    tools: { help: 'The request carries a tool' },
    task: { value: 'NAME', help: 'What the request says it is for, as x-spillway-task does' },
    header: {
      value: 'PAIR',
      multiple: true,
      help: 'A header of the request, "name: value"; may be repeated',
    },
    key: { value: 'NAME', help: 'As this key would ask: what it may use, its limits' },
    workspace: { value: 'NAME', help: 'default unless said otherwise' },
  },
  notes: [
    'Without --file each step says whether its worst case fits the limits as they stand now.',
    'Exit code 1 when the request would be refused. A generation is explained from its record: its id is in',
    'x-generation-id, in every answer.',
  ],
  examples: [
    ['spillway explain coder --tokens 50000 --tools', 'as the running gateway would'],
    ['spillway explain coder -f spillway.yaml', 'before the document is applied'],
    ['spillway explain auto --task summarize', 'which rule of a routing preset fits, and why'],
    ['spillway explain gen-…', 'why a past request went where it went'],
    ['spillway explain -r body.json --dialect messages', 'what Claude Code sent'],
  ],
  load: async () => (await import('./explain.ts')).explain,
};

const ask: Command = {
  verb: 'ask',
  summary: 'Send one prompt, and see what served it and what it cost',
  positionals: { usage: 'PRESET|MODEL ["TEXT"]', least: 1, most: 2 },
  flags: {
    system: { value: 'TEXT', help: 'A system prompt' },
    'max-tokens': { value: 'N', help: 'The output cap' },
    'no-stream': { help: 'Wait for the whole answer' },
    key: { value: 'KEY', help: 'Inference key (default SPILLWAY_KEY, else the one made by a local gateway)' },
  },
  notes: [
    'Without a text, or with -, the prompt is standard input. The answer goes to standard output,',
    'the line about it to standard error.',
  ],
  examples: [
    ['spillway ask coder "hello"', 'a preset'],
    ['spillway ask anthropic/claude-haiku-4.5 "hello"', 'a model'],
    ['git diff | spillway ask coder --system "Review this."', 'a pipe'],
  ],
  load: async () => (await import('./ask.ts')).ask,
};

const tail: Command = {
  verb: 'tail',
  summary: 'Follow generations as they end',
  positionals: noPositionals,
  flags: { last: { value: 'N', short: 'n', help: 'Begin with the last N (10)' } },
  notes: ['Times are UTC. Connects again when the gateway restarts. --json prints one record in each line.'],
  examples: [
    ['spillway tail', 'who is served by what, as it happens'],
    ['spillway tail -n 0 --json | grep \'"fallback":true\'', 'fallbacks alone'],
  ],
  load: async () => (await import('./tail.ts')).tail,
};

const spend: Command = {
  verb: 'spend',
  summary: 'What was spent, by workspace, preset, model, key, tag and more',
  positionals: noPositionals,
  flags: {
    month: { value: '2026-11', help: 'A calendar month (the current one)' },
    from: { value: 'DAY', help: 'From this day on, such as 2026-11-24' },
    to: { value: 'DAY', help: 'To this day, included (today)' },
    days: { value: 'N', help: 'The last N days, today included' },
    by: {
      value: 'LIST',
      help: 'workspace,preset,version,position,model,provider,key,user,tag,tag:NAME,day,month',
    },
    workspace: { value: 'NAME', help: 'Only of this workspace' },
    preset: { value: 'NAME', help: 'Only of this preset; workspace/NAME outside default' },
    model: { value: 'SLUG', help: 'Only what went to this model' },
    provider: { value: 'NAME', help: 'Only what went to this provider' },
    key: { value: 'NAME', help: 'Only of this key' },
    user: { value: 'ID', help: 'Only of this end user' },
    limit: { value: 'N', help: 'Rows of the table (40); --csv and --json have all' },
    csv: { help: 'Exact dollars, for a spreadsheet or a script' },
  },
  notes: [
    'Days and months are UTC. SPEND is settled + estimated + unmeasured; FAILED is the part of it that',
    'attempts cost which did not answer. PREMIUM is what was paid above what the primaries would have',
    'cost; negative is saved. A generation with several tags stands in each of their rows; the total',
    'counts it once.',
  ],
  examples: [
    ['spillway spend', 'this month, by workspace'],
    ['spillway spend --days 7 --by preset,model', 'which model costs what, in which preset'],
    ['spillway spend --month 2026-11 --by workspace,tag --csv', 'the bill to pass on'],
  ],
  load: async () => (await import('./spend.ts')).spend,
};

const connect: Command = {
  verb: 'connect',
  summary: 'Point a coding agent or an SDK at this gateway',
  positionals: { usage: 'claude-code|codex|opencode|cline|openai|anthropic|ai-sdk', least: 1, most: 1 },
  flags: {
    preset: { value: 'NAME', help: 'What the tool shall use; not needed where there is only one' },
    key: { value: 'KEY', help: 'Inference key (default SPILLWAY_KEY)' },
    'new-key': { help: 'Make a key for this tool that opens the preset and nothing else' },
    workspace: { value: 'NAME', help: 'Of a key that is made; default unless said otherwise' },
    write: { help: "Put it into the tool's own config file; makes a key where none is given" },
    'dry-run': { help: 'Show what --write would change, change nothing' },
    file: { value: 'PATH', short: 'f', help: 'Another config file than the one in its usual place' },
  },
  notes: [
    'Without --write, what is to be pasted goes to standard output and everything else to standard',
    'error. --write: claude-code, codex, opencode. What else stands in the file stays; the file as',
    'it was is kept beside it (.bak), and the new one is readable by its owner only.',
  ],
  examples: [
    ['spillway connect claude-code', 'variables to paste'],
    ['spillway connect codex --preset coder --write', 'into ~/.codex/config.toml'],
    ['spillway connect openai --new-key', 'a key of its own, and code that works'],
  ],
  load: async () => (await import('./connect.ts')).connect,
};

const keys: Command = {
  verb: 'keys',
  summary: 'List, make and take away inference keys',
  positionals: {
    usage: '[list | (add | rotate | disable | enable | remove) NAME]',
    least: 0,
    most: 2,
  },
  flags: {
    preset: { value: 'NAME', multiple: true, help: 'add: may use this preset (repeat for more)' },
    model: { value: 'SLUG', multiple: true, help: 'add: may use this model (repeat for more)' },
    expires: { value: 'WHEN', help: 'add: 30d, 12h, or a date such as 2027-01-31 (UTC)' },
    workspace: { value: 'NAME', help: 'add: default unless said otherwise' },
    drafts: { help: 'add: may call drafts, as @preset/NAME@draft' },
    'write-presets': { help: 'add: may write the presets that it may use, as requests to /v1/presets' },
    overlap: {
      value: 'DURATION',
      help: 'rotate: how long the old secret is accepted as well (24h; 0s: no longer)',
    },
  },
  notes: ['add and rotate print the secret, once, alone on standard output.'],
  examples: [
    ['spillway keys', 'all keys'],
    ['KEY=$(spillway keys add ci --preset coder --expires 30d)', 'a key for one preset'],
    ['KEY=$(spillway keys rotate ci --overlap 2h)', 'the old secret works for two hours more'],
    ['spillway keys disable ci', 'refused from the next request on'],
  ],
  load: async () => (await import('./keys.ts')).keys,
};

const fault: Command = {
  verb: 'fault',
  summary: 'Break the built-in emulator on purpose, and mend it',
  positionals: { usage: '[MODEL [KIND]]', least: 0, most: 2 },
  flags: {
    clear: { help: 'Mend MODEL, or everything' },
    times: { value: 'N', help: 'Mend itself after N requests' },
    'retry-after': { value: 'S', help: 'Seconds in Retry-After (rate_limit)' },
    delay: { value: 'MS', help: 'Before the first token (slow)' },
    tps: { value: 'N', help: 'Tokens per second (slow)' },
    after: {
      value: 'N',
      help: 'Tokens of content before a fault that comes after content',
    },
  },
  notes: [
    'Kinds, other words for them, and what happens:',
    ...faultHelp.split('\n').map((line) => `  ${line}`),
  ],
  examples: [
    ['spillway fault deepseek/deepseek-v4-pro 429', 'the primary of the demo is rate-limited'],
    ['spillway fault "*" 500 --times 3', 'three failures, whatever the model'],
    ['spillway fault --clear', 'all is well again'],
  ],
  load: async () => (await import('./fault.ts')).fault,
};

const status: Command = {
  verb: 'status',
  summary: 'Version, providers, presets and counts of the running gateway',
  positionals: noPositionals,
  flags: {},
  examples: [['spillway status', 'on one screen']],
  load: async () => (await import('./status.ts')).status,
};

const limits: Command = {
  verb: 'limits',
  summary: 'How the limits stand; raise one for a time',
  positionals: { usage: '[SCOPE | raise SCOPE | lower SCOPE | release SCOPE]', least: 0, most: 3 },
  flags: {
    by: { value: 'USD', help: 'raise: lend so many dollars' },
    until: { value: 'WHEN', help: 'raise: 18:30 today, 24:00, 2h, or a date; UTC. It ends by itself' },
    reason: { value: 'TEXT', help: 'raise, lower, release: why; kept with your name' },
    per: { value: 'WINDOW', help: 'raise: which limit in dollars, where the scope has several' },
    each: { value: 'user|key', help: 'raise: the limit with one counter for each; every counter gets USD' },
    premium: { help: 'raise: the limit on what failover costs extra' },
    loan: { value: 'N', help: 'lower: this loan; without it all loans that run on the scope' },
    loans: { help: 'What was ever lent and released' },
    workspace: { value: 'NAME', help: 'Where presets and keys are looked up (presets: default)' },
    top: { value: 'N', help: 'At most so many, the fullest (100)' },
  },
  notes: [
    'SCOPE: gateway, workspace/NAME, key/NAME, preset/NAME, provider/NAME, model/AUTHOR/NAME; to list,',
    'a kind alone too. A loan raises one limit: a request must fit all the others as before.',
    'release takes back what a crash counted as spent and no provider billed, in the current windows.',
  ],
  examples: [
    ['spillway limits key', 'all keys, fullest first'],
    ['spillway limits raise key/ci --by 50 --until 24:00 --reason release', 'until midnight UTC'],
    ['spillway limits lower key/ci', 'ends it early'],
  ],
  load: async () => (await import('./limits.ts')).limits,
};

const history: Command = {
  verb: 'history',
  summary: 'Who changed what, newest first',
  positionals: noPositionals,
  flags: { last: { value: 'N', short: 'n', help: 'How many (20)' } },
  notes: ['Times are UTC.'],
  examples: [['spillway history -n 5', 'the last five revisions']],
  load: async () => (await import('./apply.ts')).history,
};

const exportDocument: Command = {
  verb: 'export',
  summary: 'Print the active configuration as a document',
  positionals: noPositionals,
  flags: {},
  notes: ['Secrets are written as <secret>; env: and file: references stay.'],
  examples: [['spillway export > spillway.yaml', 'what runs now, as a file']],
  load: async () => (await import('./apply.ts')).exportDocument,
};

const backup: Command = {
  verb: 'backup',
  summary: 'Copy the data of the running gateway to a file',
  positionals: { usage: 'FILE', least: 1, most: 1 },
  flags: {},
  notes: ['The gateway writes the file, on its own machine, without pausing.'],
  examples: [['spillway backup /var/backups/spillway.db', 'a consistent copy']],
  load: async () => (await import('./status.ts')).backup,
};

const where: Command = {
  verb: 'where',
  summary: 'What depends on a model, and who called it',
  positionals: { usage: 'MODEL', least: 1, most: 1 },
  flags: {
    days: { value: 'N', help: 'How far back those who called it by its name count (7)' },
    top: { value: 'N', help: 'Rows of each list at most (100)' },
  },
  notes: [
    'Before a model retires, or a price changes: who would feel it. Callers come from the hourly spend.',
  ],
  examples: [['spillway where deepseek/deepseek-v4-pro', 'by slug, or by another name of the catalogue']],
  load: async () => (await import('./where.ts')).where,
};

/** In the order of the help. */
export const commands: readonly Command[] = [
  serve,
  init,
  importDocument,
  check,
  apply,
  explain,
  where,
  ask,
  tail,
  status,
  ...healthCommands,
  spend,
  presets,
  limits,
  connect,
  keys,
  ...adminCommands,
  fault,
  history,
  ...revisionCommands,
  exportDocument,
  backup,
];
