/**
 * Which requests of known agents are background calls: titles, summaries, probes, what a person never waits for by
 * name. Pure, and careful: an agent is known by what it says of itself (`user-agent`, `originator`), a call by a few
 * words of its prompt or by a header. Words that only happen to be alike in another program's prompt match nothing.
 */

/** The kinds of background calls; as a task each is `background:KIND`. */
export const backgroundKinds = [
  'title',
  'topic',
  'summary',
  'compaction',
  'suggestion',
  'command',
  'memory',
  'quota',
] as const;
export type BackgroundKind = (typeof backgroundKinds)[number];

/** Of the table below: another one may recognise more, or other calls. */
export const recognisersVersion = '2026-11';

export type Recognised = { readonly kind: BackgroundKind; readonly agent: string };

/** What a recogniser may look at. The questions are cheap: bytes are searched, nothing is parsed but a role or two. */
export type Glimpse = {
  /** Of the client's request; the name in lower case. */
  readonly header: (name: string) => string | undefined;
  /** The caller's own output cap in tokens. */
  readonly outputCap: number | undefined;
  /** The request carries tools. */
  readonly tools: boolean;
  /** These words stand in the system prompt, whatever the dialect calls it. */
  readonly system: (words: string) => boolean;
  /** These words stand in the last message of the user's. */
  readonly last: (words: string) => boolean;
};

type Recogniser = Recognised & { readonly holds: (seen: Glimpse) => boolean };

const isClaude = (seen: Glimpse): boolean => agentIs(seen, 'claude-cli/');
const isOpencode = (seen: Glimpse): boolean => agentIs(seen, 'opencode/');
const isQwen = (seen: Glimpse): boolean => agentIs(seen, 'QwenCode/');
const isCodex = ({ header }: Glimpse): boolean => header('originator')?.startsWith('codex') === true;

function agentIs({ header }: Glimpse, prefix: string): boolean {
  return header('user-agent')?.startsWith(prefix) === true;
}

const claude = 'Claude Code';
const codex = 'Codex';
const opencode = 'opencode';

/** The first that holds counts, so the surest and cheapest come first. */
const recognisers: readonly Recogniser[] = [
  // codex-rs: `x-codex-turn-metadata` is JSON with `request_kind`: turn, compaction, … (Codex 0.169).
  {
    kind: 'compaction',
    agent: codex,
    holds: (seen) => isCodex(seen) && turnKind(seen) === 'compaction',
  },
  // codex-rs, `subagent_header`: review, compact, memory_consolidation, collab_spawn; the first and last are real work.
  {
    kind: 'compaction',
    agent: codex,
    holds: (seen) => isCodex(seen) && seen.header('x-openai-subagent') === 'compact',
  },
  {
    kind: 'memory',
    agent: codex,
    holds: (seen) => isCodex(seen) && seen.header('x-openai-subagent') === 'memory_consolidation',
  },
  // codex-rs/core/templates/compact/prompt.md: versions before the header.
  {
    kind: 'compaction',
    agent: codex,
    holds: (seen) => isCodex(seen) && seen.last('CONTEXT CHECKPOINT COMPACTION'),
  },
  // Claude Code asks for one token at its start to learn its rate limits from the headers.
  { kind: 'quota', agent: claude, holds: (seen) => isClaude(seen) && seen.outputCap === 1 },
  // The title of a session (Claude Code 2.x): no tools, and words of its system prompt.
  {
    kind: 'title',
    agent: claude,
    holds: (seen) =>
      isClaude(seen) &&
      !seen.tools &&
      (seen.system('sentence-case title') || seen.last('write a 5-10 word title')),
  },
  // Is it a new topic? (Claude Code 1.x): answers JSON with `isNewTopic`.
  {
    kind: 'topic',
    agent: claude,
    holds: (seen) => isClaude(seen) && !seen.tools && seen.system('isNewTopic'),
  },
  // What the user might type next (Claude Code 2.x), asked after an answer with the whole conversation.
  { kind: 'suggestion', agent: claude, holds: (seen) => isClaude(seen) && seen.last('[SUGGESTION MODE:') },
  // `/compact`, and by itself when the context is nearly full: of everything, or of the recent part.
  {
    kind: 'compaction',
    agent: claude,
    holds: (seen) => isClaude(seen) && seen.last('Your task is to create a detailed summary of'),
  },
  // A recap for somebody who comes back to the session.
  {
    kind: 'summary',
    agent: claude,
    holds: (seen) => isClaude(seen) && seen.last('The user stepped away and is coming back'),
  },
  // Which prefix, and which files, a shell command has.
  {
    kind: 'command',
    agent: claude,
    holds: (seen) =>
      isClaude(seen) &&
      !seen.tools &&
      (seen.system('process Bash commands') || seen.system('any file paths that this command')),
  },
  // opencode, packages/opencode/src/agent/prompt: title.txt, summary.txt, compaction.txt (1.18).
  {
    kind: 'title',
    agent: opencode,
    holds: (seen) => isOpencode(seen) && !seen.tools && seen.system('You are a title generator'),
  },
  {
    kind: 'summary',
    agent: opencode,
    holds: (seen) =>
      isOpencode(seen) && !seen.tools && seen.system('Summarize what was done in this conversation'),
  },
  {
    kind: 'compaction',
    agent: opencode,
    holds: (seen) => isOpencode(seen) && seen.system('anchored context summarization assistant'),
  },
  // qwen-code, its second and hidden request after an answer (0.24).
  {
    kind: 'memory',
    agent: 'Qwen Code',
    holds: (seen) => isQwen(seen) && seen.system('managed memory extraction subagent'),
  },
];

/** The background call that a request is, or undefined for everything else. */
export function recognise(seen: Glimpse): Recognised | undefined {
  const found = recognisers.find(({ holds }) => holds(seen));
  return found && { kind: found.kind, agent: found.agent };
}

function turnKind({ header }: Glimpse): string | undefined {
  return /"request_kind"\s*:\s*"(\w+)"/.exec(header('x-codex-turn-metadata') ?? '')?.[1];
}

const prefix = 'background:';

/** The task of a background call. */
export function backgroundTask(kind: BackgroundKind): string {
  return prefix + kind;
}

/** The other way round: what kind of background call a task names, if it names one. */
export function backgroundKind(task: string | undefined): string | undefined {
  return task?.startsWith(prefix) === true ? task.slice(prefix.length) : undefined;
}
