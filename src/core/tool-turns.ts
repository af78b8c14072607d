/**
 * Tools, calls and results in the one order that every wire takes: names are unlike each other, ids are used once, and
 * right after its calls come their results, one for each. A history from elsewhere need not be like that. Pure.
 */
import type { AssistantBlock, Content, Conversation, Turn } from './conversation.ts';

/** Names that every wire takes for a tool. */
export const toolName: RegExp = /^[a-zA-Z0-9_-]{1,64}$/;

type Call = Extract<AssistantBlock, { readonly type: 'call' }>;
type Result = Turn & { readonly role: 'tool' };
/** A turn, and the results of the calls in it as they are found. */
type Group = { readonly turn: Turn; readonly results: Result[]; readonly missing: Set<string> };

/** The conversation with its tools in order; what had to be changed is a warning. */
export function orderTools(conversation: Conversation): Conversation {
  const warnings: string[] = [];
  const tools = distinct(conversation.tools, warnings);
  const { toolChoice, ...rest } = conversation;
  const named = typeof toolChoice === 'object' ? toolChoice.tool : undefined;
  const lost = named !== undefined && !tools.some(({ name }) => name === named);
  if (lost) warnings.push('"tool_choice" names a tool that is not among the tools and was dropped');
  return {
    ...rest,
    ...(lost || toolChoice === undefined ? {} : { toolChoice }),
    tools,
    turns: orderTurns(conversation.turns, warnings),
    warnings: [...new Set([...conversation.warnings, ...warnings])],
  };
}

function distinct(tools: Conversation['tools'], warnings: string[]): Conversation['tools'] {
  const first = new Map(tools.toReversed().map((tool) => [tool.name, tool]));
  if (first.size === tools.length) return tools;
  warnings.push('of several tools of one name only the first was sent');
  return tools.filter((tool) => first.get(tool.name) === tool);
}

function orderTurns(turns: readonly Turn[], warnings: string[]): readonly Turn[] {
  const groups: Group[] = [];
  const open = new Map<string, { readonly id: string; readonly group: Group }[]>();
  const used = new Set<string>();
  const opened = (call: Call, group: Group): Call => {
    const id = unused(call.id, used);
    used.add(id);
    group.missing.add(id);
    open.set(call.id, [...(open.get(call.id) ?? []), { id, group }]);
    return { ...call, id, name: tameName(call.name) };
  };
  for (const turn of turns) {
    if (turn.role === 'tool') {
      const call = open.get(turn.callId)?.pop();
      call?.group.results.push({ ...turn, callId: call.id });
      call?.group.missing.delete(call.id);
      if (!call) groups.push({ turn: asSpeech(turn, warnings), results: [], missing: new Set() });
      continue;
    }
    const group: Group = { turn, results: [], missing: new Set() };
    if (turn.role !== 'assistant') groups.push(group);
    else {
      const content = turn.content.map((block) => (block.type === 'call' ? opened(block, group) : block));
      groups.push({ ...group, turn: { ...turn, content } });
    }
  }
  return groups.flatMap(({ turn, results, missing }) => [turn, ...results, ...madeUp(missing, warnings)]);
}

function unused(id: string, used: ReadonlySet<string>): string {
  let made = id;
  for (let again = 2; used.has(made); again++) made = `${id}~${again}`;
  return made;
}

/** Models do call tools that do not exist, by names that no wire takes back. */
function tameName(name: string): string {
  return toolName.test(name) ? name : name.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64) || 'unnamed';
}

function asSpeech({ content }: Result, warnings: string[]): Turn {
  warnings.push('a tool result whose call is not in the conversation was sent as text');
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  const said: Content = { type: 'text', text: `Result of a tool call:\n${text}` };
  return { role: 'user', content: [said, ...content.filter(({ type }) => type !== 'text')] };
}

function madeUp(missing: ReadonlySet<string>, warnings: string[]): readonly Result[] {
  if (missing.size > 0) warnings.push('a tool call without a result was given one that says so');
  return [...missing].map((callId) => ({
    role: 'tool',
    callId,
    content: [{ type: 'text', text: 'There is no result of this call.' }],
    failed: true,
  }));
}
