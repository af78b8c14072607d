/** The output items of an answer, one for each block of it. */
import type { AssistantBlock, TextBlock } from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { redactedMark } from './items.ts';
import { freeformInput, type ToolIdentity } from './tool-names.ts';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** Flat tool name → what the client calls it. */
export type ToldNames = ReadonlyMap<string, ToolIdentity>;

export type ItemFrame = { readonly id: string; readonly status: ItemStatus; readonly names: ToldNames };

/** The prefix of an item's id says what it is: the API refuses other ones when the item comes back. */
export function itemIdOf(block: AssistantBlock, base: string, index: number, names: ToldNames): string {
  return `${prefixOf(block, names)}_${base.slice(0, 48)}_${index}`;
}

function prefixOf(block: AssistantBlock, names: ToldNames): string {
  if (block.type === 'text') return 'msg';
  if (block.type === 'thinking') return 'rs';
  return names.get(block.name)?.freeform === true ? 'ctc' : 'fc';
}

/** The item as it stands with what is in the block so far. */
export function itemOf(block: AssistantBlock, { id, status, names }: ItemFrame): JsonObject {
  switch (block.type) {
    case 'text': {
      const content = block.text === '' ? [] : [saidPart(block)];
      return { id, type: 'message', status, role: 'assistant', content };
    }
    case 'thinking': {
      const proof = block.redacted === undefined ? block.signature : `${redactedMark}${block.redacted}`;
      const summary = block.text === '' ? [] : [summaryPart(block.text)];
      return { id, type: 'reasoning', summary, ...optional('encrypted_content', proof) };
    }
    case 'call':
      return callItem(block, { id, status, names });
  }
}

function callItem(
  block: AssistantBlock & { readonly type: 'call' },
  { id, status, names }: ItemFrame,
): JsonObject {
  const told = names.get(block.name);
  const named = {
    id,
    call_id: block.id,
    name: told?.name ?? block.name,
    ...optional('namespace', told?.namespace),
  };
  if (told?.freeform === true) {
    const input = block.arguments === '' ? '' : freeformInput(block.arguments);
    return { type: 'custom_tool_call', status, ...named, input };
  }
  const json = block.arguments === '' && status !== 'in_progress' ? '{}' : block.arguments;
  return { type: 'function_call', status, ...named, arguments: json };
}

/** The text as a part of its message, or the refusal that it is. */
export function saidPart({ text, refusal, logprobs }: TextBlock): JsonObject {
  return refusal ? { type: 'refusal', refusal: text } : textPart(text, logprobs);
}

function textPart(text: string, logprobs: readonly JsonValue[] = []): JsonObject {
  return { type: 'output_text', text, annotations: [], logprobs };
}

export function summaryPart(text: string): JsonObject {
  return { type: 'summary_text', text };
}
