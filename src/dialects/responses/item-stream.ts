/** The events of one answer's output items, in the order that clients demand: added, parts and deltas, done. */
import type { Part } from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import type { AnswerIdentity } from '../dialect.ts';
import { itemIdOf, itemOf, saidPart, summaryPart, type ItemStatus, type ToldNames } from './output.ts';

/** An event without its place in the sequence. */
export type ItemEvent = JsonObject & { readonly type: string };

type Growing =
  | { type: 'text'; text: string; logprobs?: readonly JsonValue[]; refusal?: true }
  | { type: 'thinking'; text: string; signature?: string; redacted?: string }
  | { type: 'call'; id: string; name: string; arguments: string };

type Item = {
  readonly index: number;
  readonly id: string;
  readonly block: Growing;
  /** The final item, once it is done. */
  done?: JsonObject;
};

/**
 * Texts and thoughts are open one at a time. Calls stay open until the end or the next text: providers may write
 * several of them by turns.
 */
export class ItemStream {
  readonly #base: string;
  readonly #names: ToldNames;
  #items: Item[] = [];
  #open: Item | undefined;
  /** The provider's index of a call → its item. */
  #calls = new Map<number, Item>();
  /** They wait for the text they belong to. */
  #logprobs: readonly JsonValue[] = [];

  constructor({ generation }: AnswerIdentity, names: ToldNames) {
    this.#base = generation.replace(/^gen-/, '');
    this.#names = names;
  }

  /** The events that a part makes. */
  write(part: Part): readonly ItemEvent[] {
    switch (part.type) {
      case 'text':
        return part.text === '' ? [] : this.#text(part);
      case 'thinking':
        return part.text === '' ? [] : this.#thinking(part.text);
      case 'signature': {
        const { item, events } = this.#grow('thinking');
        if (item.block.type === 'thinking') item.block.signature = part.signature;
        return events;
      }
      case 'redacted':
        return [
          ...this.#closeOpen(),
          ...this.#begin({ type: 'thinking', text: '', redacted: part.data }).events,
          ...this.#closeOpen(),
        ];
      case 'break':
        return this.#closeOpen();
      case 'call':
        return this.#call(part);
      case 'arguments':
        return this.#arguments(part.index, part.json);
      case 'finish':
        return this.#closeAll(part.reason === 'length' || part.reason === 'content_filter');
      case 'logprobs':
        this.#logprobs = [...this.#logprobs, ...part.content];
        return [];
      case 'start':
      case 'usage':
        return [];
    }
  }

  /** All items, whole. */
  output(): readonly JsonObject[] {
    return this.#items.map((item) => item.done ?? this.#whole(item, 'incomplete'));
  }

  #text({ text: delta, refusal }: Part & { readonly type: 'text' }): readonly ItemEvent[] {
    const before = this.#open?.block;
    const closed = before?.type === 'text' && before.refusal !== refusal ? this.#closeOpen() : [];
    const { item, events } = this.#grow('text');
    const { block } = item;
    if (block.type !== 'text') return events;
    const first = block.text === '';
    if (refusal) block.refusal = true;
    const at = { ...placeOf(item), content_index: 0 };
    const added = { type: 'response.content_part.added', ...at, part: saidPart(block) };
    block.text += delta;
    return [...closed, ...events, ...(first ? [added] : []), this.#textDelta(item, delta)];
  }

  #textDelta(item: Item, delta: string): ItemEvent {
    const { block } = item;
    const at = { ...placeOf(item), content_index: 0 };
    if (block.type !== 'text' || block.refusal) return { type: 'response.refusal.delta', ...at, delta };
    const logprobs = this.#logprobs;
    this.#logprobs = [];
    if (logprobs.length > 0) block.logprobs = [...(block.logprobs ?? []), ...logprobs];
    return { type: 'response.output_text.delta', ...at, delta, logprobs };
  }

  #thinking(delta: string): readonly ItemEvent[] {
    const { item, events } = this.#grow('thinking');
    const { block } = item;
    if (block.type !== 'thinking') return events;
    const first = block.text === '';
    block.text += delta;
    const at = { ...placeOf(item), summary_index: 0 };
    return [
      ...events,
      ...(first ? [{ type: 'response.reasoning_summary_part.added', ...at, part: summaryPart('') }] : []),
      { type: 'response.reasoning_summary_text.delta', ...at, delta },
    ];
  }

  #call(part: Part & { readonly type: 'call' }): readonly ItemEvent[] {
    const closed = this.#closeOpen();
    const { item, events } = this.#add({ type: 'call', id: part.id, name: part.name, arguments: '' });
    this.#calls.set(part.index, item);
    return [...closed, ...events];
  }

  /** The text of a freeform call is known only when its arguments are complete. */
  #arguments(index: number, json: string): readonly ItemEvent[] {
    const item = this.#calls.get(index);
    if (item?.block.type !== 'call' || item.done || json === '') return [];
    item.block.arguments += json;
    if (this.#isFreeform(item)) return [];
    return [{ type: 'response.function_call_arguments.delta', ...placeOf(item), delta: json }];
  }

  #isFreeform({ block }: Item): boolean {
    return block.type === 'call' && this.#names.get(block.name)?.freeform === true;
  }

  /** The open item where it is of this kind, else a new one. */
  #grow(type: 'text' | 'thinking'): { readonly item: Item; readonly events: readonly ItemEvent[] } {
    const open = this.#open;
    if (open?.block.type === type) return { item: open, events: [] };
    const closed = this.#closeAll(false);
    const { item, events } = this.#begin({ type, text: '' });
    return { item, events: [...closed, ...events] };
  }

  #begin(block: Growing): { readonly item: Item; readonly events: readonly ItemEvent[] } {
    const begun = this.#add(block);
    this.#open = begun.item;
    return begun;
  }

  #add(block: Growing): { readonly item: Item; readonly events: readonly ItemEvent[] } {
    const index = this.#items.length;
    const item = { index, id: itemIdOf(block, this.#base, index, this.#names), block };
    this.#items.push(item);
    const added = this.#whole(item, 'in_progress');
    return { item, events: [{ type: 'response.output_item.added', output_index: index, item: added }] };
  }

  #closeOpen(): readonly ItemEvent[] {
    const open = this.#open;
    this.#open = undefined;
    return open ? this.#close(open, 'completed') : [];
  }

  /** `cut`: the answer ended before the model did, in the middle of its last item. */
  #closeAll(cut: boolean): readonly ItemEvent[] {
    this.#open = undefined;
    this.#calls.clear();
    const last = this.#items.at(-1);
    return this.#items
      .filter((item) => !item.done)
      .flatMap((item) => this.#close(item, cut && item === last ? 'incomplete' : 'completed'));
  }

  #close(item: Item, status: ItemStatus): readonly ItemEvent[] {
    const whole = (item.done = this.#whole(item, status));
    return [
      ...this.#ends(item, whole),
      { type: 'response.output_item.done', output_index: item.index, item: whole },
    ];
  }

  #ends(item: Item, whole: JsonObject): readonly ItemEvent[] {
    const { block } = item;
    const place = placeOf(item);
    switch (block.type) {
      case 'text': {
        const at = { ...place, content_index: 0 };
        return [
          block.refusal
            ? { type: 'response.refusal.done', ...at, refusal: block.text }
            : { type: 'response.output_text.done', ...at, text: block.text, logprobs: block.logprobs ?? [] },
          { type: 'response.content_part.done', ...at, part: saidPart(block) },
        ];
      }
      case 'thinking': {
        if (block.text === '') return [];
        const at = { ...place, summary_index: 0 };
        return [
          { type: 'response.reasoning_summary_text.done', ...at, text: block.text },
          { type: 'response.reasoning_summary_part.done', ...at, part: summaryPart(block.text) },
        ];
      }
      case 'call':
        return this.#callEnds(item, whole);
    }
  }

  #callEnds(item: Item, whole: JsonObject): readonly ItemEvent[] {
    const place = placeOf(item);
    if (this.#isFreeform(item)) {
      const input = whole['input'] ?? '';
      return [
        { type: 'response.custom_tool_call_input.delta', ...place, delta: input },
        { type: 'response.custom_tool_call_input.done', ...place, input },
      ];
    }
    const json = whole['arguments'] ?? '{}';
    return [
      {
        type: 'response.function_call_arguments.done',
        ...place,
        ...optional('name', whole['name']),
        arguments: json,
      },
    ];
  }

  #whole(item: Item, status: ItemStatus): JsonObject {
    return itemOf(item.block, { id: item.id, status, names: this.#names });
  }
}

function placeOf({ id, index }: Item): { readonly item_id: string; readonly output_index: number } {
  return { item_id: id, output_index: index };
}
