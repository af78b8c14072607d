/** The events of an Anthropic stream, as text: one message, its content block after block. */
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { namedFrame } from '../sse.ts';

/** One event. */
export function event(type: string, fields: JsonObject): string {
  return namedFrame(type, JSON.stringify({ type, ...fields }));
}

/** A call of one of the client's own tools, by the model itself. */
export function toolUse(id: string, name: string, input: JsonValue): JsonObject {
  return { type: 'tool_use', id, name, input, caller: { type: 'direct' } };
}

type Call = { readonly id: string; readonly name: string; json: string; sent: number };

/**
 * Writes content blocks one after the other: each is closed before the next begins, as the dialect wants it. Tool
 * calls that a provider streams at the same time wait until the one before them is complete.
 */
export class BlockWriter {
  #next = 0;
  #open: 'text' | 'thinking' | 'call' | undefined;
  #signed = false;
  /** By the provider's index, in order; the first is the open block. */
  #calls = new Map<number, Call>();
  /** True once any tool was called. */
  called = false;

  text(text: string): string {
    return (
      this.#ensure('text', { type: 'text', text: '', citations: null }) +
      this.#delta({ type: 'text_delta', text })
    );
  }

  thinking(thinking: string): string {
    return this.#thought() + this.#delta({ type: 'thinking_delta', thinking });
  }

  /** Ends the thought that it proves. */
  signature(signature: string): string {
    const out = this.#thought() + this.#delta({ type: 'signature_delta', signature });
    this.#signed = true;
    return out;
  }

  redacted(data: string): string {
    const out = this.close() + this.#start({ type: 'redacted_thinking', data });
    return out + this.#stop();
  }

  call(index: number, id: string, name: string): string {
    this.called = true;
    const out = this.#open === 'call' ? this.#finishCall() : this.close();
    this.#calls.set(index, { id, name, json: '', sent: 0 });
    return out + this.#openCall();
  }

  arguments(index: number, json: string): string {
    const call = this.#calls.get(index);
    if (!call) return '';
    call.json += json;
    return this.#first() === call ? this.#tell(call) : '';
  }

  /** Whatever is open is complete. */
  close(): string {
    let out = '';
    while (this.#calls.size > 0) out += this.#openCall() + this.#endCall();
    return this.#open === undefined ? out : out + this.#stop();
  }

  #thought(): string {
    const out = this.#signed && this.#open === 'thinking' ? this.close() : '';
    return out + this.#ensure('thinking', { type: 'thinking', thinking: '', signature: '' });
  }

  #ensure(kind: 'text' | 'thinking', block: JsonObject): string {
    if (this.#open === kind) return '';
    const out = this.close() + this.#start(block);
    this.#open = kind;
    return out;
  }

  #first(): Call | undefined {
    return this.#calls.values().next().value;
  }

  #openCall(): string {
    const call = this.#first();
    if (!call || this.#open === 'call') return '';
    const out = this.#start(toolUse(call.id, call.name, {}));
    this.#open = 'call';
    return out + this.#tell(call);
  }

  #tell(call: Call): string {
    const json = call.json.slice(call.sent);
    call.sent = call.json.length;
    return json === '' ? '' : this.#delta({ type: 'input_json_delta', partial_json: json });
  }

  /** The open call is over when its arguments are whole; until then others wait. */
  #finishCall(): string {
    const call = this.#first();
    return call && isJson(call.json) ? this.#endCall() : '';
  }

  #endCall(): string {
    const [index] = this.#calls.keys();
    if (index !== undefined) this.#calls.delete(index);
    return this.#stop();
  }

  #start(block: JsonObject): string {
    this.#signed = false;
    return event('content_block_start', { index: this.#next, content_block: block });
  }

  #delta(delta: JsonObject): string {
    return event('content_block_delta', { index: this.#next, delta });
  }

  #stop(): string {
    this.#open = undefined;
    return event('content_block_stop', { index: this.#next++ });
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
