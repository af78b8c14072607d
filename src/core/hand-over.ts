/**
 * What must change in a conversation before another model can go on with it: thinking that only its issuer can
 * verify, and tool-call ids that do not fit the grammar of the wire. Pure; the client never sees any of it.
 */
import type { AssistantBlock, Conversation, Turn } from './conversation.ts';
import type { Endpoint } from './snapshot.ts';

/** Drops thinking, and signatures of calls, that were not issued where the request is going; unsigned thinking stays. */
export function ownThinking(conversation: Conversation, keeps: (signature: string) => boolean): Conversation {
  return {
    ...conversation,
    turns: conversation.turns.map((turn) =>
      turn.role === 'assistant'
        ? { ...turn, content: turn.content.flatMap((block) => ownBlock(block, keeps)) }
        : turn,
    ),
  };
}

function ownBlock(block: AssistantBlock, keeps: (signature: string) => boolean): readonly AssistantBlock[] {
  const proof = proofOf(block);
  if (proof === undefined || keeps(proof)) return [block];
  if (block.type !== 'call') return [];
  const { signature: _foreign, ...call } = block;
  return [call];
}

function proofOf(block: AssistantBlock): string | undefined {
  if (block.type === 'thinking') return block.redacted ?? block.signature;
  return block.type === 'call' ? block.signature : undefined;
}

/**
 * What of a conversation stays behind on its way to an endpoint though nobody asked for less: in words for people.
 * `own` is the conversation as it goes there.
 */
export function leftBehind(conversation: Conversation, own: Conversation, endpoint: Endpoint): string[] {
  const found: string[] = [];
  if (proofs(own) < proofs(conversation))
    found.push('thinking that another model signed was left out: only its issuer can verify it');
  const { wire, provider } = endpoint;
  if (wire !== 'anthropic' && isMarked(conversation))
    found.push('"cache_control" has no counterpart on this wire and was dropped');
  if (conversation.cacheKey !== undefined && (wire === 'anthropic' || provider.catalog !== 'openai'))
    found.push('"prompt_cache_key" is known to OpenAI alone and was dropped');
  return found;
}

function proofs({ turns }: Conversation): number {
  const blocks = turns.flatMap((turn) => (turn.role === 'assistant' ? turn.content : []));
  return blocks.filter((block) => proofOf(block) !== undefined).length;
}

function isMarked({ turns, tools }: Conversation): boolean {
  const marked = (part: object): boolean => 'cache' in part;
  return tools.some(marked) || turns.some((turn) => marked(turn) || turn.content.some(marked));
}

/** Which ids a wire accepts for tool calls. */
export type IdGrammar = {
  readonly valid: RegExp;
  /** The characters that made-up ids are written with, and their length. */
  readonly alphabet: string;
  readonly length: number;
};

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Facts: Anthropic refuses anything else than these characters; OpenAI refuses more than 64; Mistral wants exactly nine. */
export const idGrammars = {
  anthropic: { valid: /^[a-zA-Z0-9_-]{1,64}$/, alphabet: letters, length: 24 },
  openai: { valid: /^[^\p{Surrogate}]{1,64}$/u, alphabet: letters, length: 24 },
  mistral: { valid: /^[a-zA-Z0-9]{9}$/, alphabet: letters, length: 9 },
} as const satisfies Record<string, IdGrammar>;

/** The grammar of tool-call ids where a request is going. */
export function grammarOf({ wire, provider }: Endpoint): IdGrammar {
  if (provider.catalog === 'mistral') return idGrammars.mistral;
  return wire === 'anthropic' ? idGrammars.anthropic : idGrammars.openai;
}

/** Rewrites ids that the grammar refuses: injective within the conversation, the same every time for the same ids. */
export function fitIds(conversation: Conversation, grammar: IdGrammar): Conversation {
  const ids = idsOf(conversation.turns);
  if (ids.every((id) => grammar.valid.test(id))) return conversation;
  const fitted = newNames(ids, grammar);
  return { ...conversation, turns: conversation.turns.map((turn) => renamed(turn, fitted)) };
}

/** Every id → one that the grammar accepts. Valid ids stay; no two ids become one. */
export function newNames(ids: readonly string[], grammar: IdGrammar): ReadonlyMap<string, string> {
  const taken = new Set(ids.filter((id) => grammar.valid.test(id)));
  const map = new Map<string, string>();
  for (const id of ids) {
    if (grammar.valid.test(id) || map.has(id)) continue;
    let made = spell(id, grammar);
    for (let again = 1; taken.has(made); again++) made = spell(`${again}/${id}`, grammar);
    taken.add(made);
    map.set(id, made);
  }
  return map;
}

/** A short name for an id, from a hash of it: the same id has the same name in every request, for the cache's sake. */
function spell(id: string, { alphabet, length }: IdGrammar): string {
  let text = '';
  for (let round = 0; text.length < length; round++) {
    let hash = fnv(`${round}:${id}`);
    for (let digit = 0; digit < 6 && text.length < length; digit++) {
      text += alphabet[hash % alphabet.length];
      hash = Math.floor(hash / alphabet.length);
    }
  }
  return text;
}

/** FNV-1a, 32 bits. */
function fnv(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}

function idsOf(turns: readonly Turn[]): readonly string[] {
  return turns.flatMap((turn) => {
    if (turn.role === 'tool') return [turn.callId];
    if (turn.role !== 'assistant') return [];
    return turn.content.flatMap((block) => (block.type === 'call' ? [block.id] : []));
  });
}

function renamed(turn: Turn, names: ReadonlyMap<string, string>): Turn {
  if (turn.role === 'tool') return { ...turn, callId: names.get(turn.callId) ?? turn.callId };
  if (turn.role !== 'assistant') return turn;
  return {
    ...turn,
    content: turn.content.map((block) =>
      block.type === 'call' ? { ...block, id: names.get(block.id) ?? block.id } : block,
    ),
  };
}
