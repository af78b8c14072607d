/** Turns of a conversation as Gemini's `contents`. Facts: Gemini API reference, Content and Part; guide on thought signatures. */
import type { AssistantBlock, Content, Media, ToolCall, Turn } from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { demandsSignatures, fetchesAddresses, generationOf } from './generations.ts';

/** Stands for the signature of a call that another model made; documented for exactly that. */
const foreignCall = 'skip_thought_signature_validator';

/** Whose turn it is: results of calls stand in a content of their own, as many as there were calls. */
type Speaker = 'user' | 'model' | 'results';
type Speech = { readonly speaker: Speaker; readonly parts: JsonObject[] };

/** Neighbours of one speaker become one content; empty ones are left out; no call comes before the user. */
export function writeContents(turns: readonly Turn[], model: string, warnings: string[]): JsonObject[] {
  const writer = new ContentWriter(model, warnings);
  const speeches: Speech[] = [];
  for (const turn of turns) {
    const { speaker, parts } = writer.turn(turn);
    const last = speeches.at(-1);
    if (last?.speaker === speaker) last.parts.push(...parts);
    else if (parts.length > 0) speeches.push({ speaker, parts });
  }
  if (speeches[0]?.speaker === 'model' && speeches[0].parts.some((part) => 'functionCall' in part)) {
    warnings.push('the conversation did not begin with the user: an empty beginning was put before it');
    speeches.unshift({ speaker: 'user', parts: [{ text: '(begin)' }] });
  }
  return speeches.map(({ speaker, parts }) => ({ role: speaker === 'model' ? 'model' : 'user', parts }));
}

/** A system instruction is text. */
export function writeSystem(turns: readonly Turn[], warnings: string[]): JsonObject[] {
  return turns.flatMap((turn) =>
    turn.role === 'system'
      ? turn.content.flatMap((part): JsonObject[] => {
          if (part.type === 'text') return part.text === '' ? [] : [{ text: part.text }];
          warnings.push(`${part.type} in a system message cannot be carried to Gemini and was dropped`);
          return [];
        })
      : [],
  );
}

class ContentWriter {
  readonly #model: string;
  readonly #warnings: string[];
  /** Results name the function; the conversation only knows the call. */
  readonly #names = new Map<string, string>();

  constructor(model: string, warnings: string[]) {
    this.#model = model;
    this.#warnings = warnings;
  }

  turn(turn: Turn): Speech {
    switch (turn.role) {
      case 'system':
        this.#warnings.push('a system message in mid-conversation was sent as a user message');
        return { speaker: 'user', parts: this.#contents(turn.content) };
      case 'user':
        return { speaker: 'user', parts: this.#contents(turn.content) };
      case 'assistant':
        return { speaker: 'model', parts: this.#assistant(turn.content) };
      case 'tool':
        return this.#result(turn);
    }
  }

  #assistant(blocks: readonly AssistantBlock[]): JsonObject[] {
    const parts = blocks.flatMap((_, at) => this.#block(blocks, at));
    const first = parts.find((part) => 'functionCall' in part);
    if (!first || 'thoughtSignature' in first || !demandsSignatures(this.#model)) return parts;
    return parts.map((part) => (part === first ? { ...part, thoughtSignature: foreignCall } : part));
  }

  /**
   * A thought right before a call came with the call's signature, which goes back onto the call; one without text
   * belongs to the text before it and comes back the way it came.
   */
  #block(blocks: readonly AssistantBlock[], at: number): JsonObject[] {
    const block = blocks[at];
    const before = blocks[at - 1];
    switch (block?.type) {
      case undefined:
        return [];
      case 'text':
        return block.text === '' ? [] : [{ text: block.text }];
      case 'thinking':
        if (block.signature === undefined || blocks[at + 1]?.type === 'call') return [];
        return [
          {
            text: block.text,
            ...(block.text === '' ? {} : { thought: true }),
            thoughtSignature: block.signature,
          },
        ];
      case 'call':
        this.#names.set(block.id, block.name);
        return [
          {
            functionCall: { id: block.id, name: block.name, args: this.#arguments(block) },
            ...optional(
              'thoughtSignature',
              block.signature ?? (before?.type === 'thinking' ? before.signature : undefined),
            ),
          },
        ];
    }
  }

  #arguments(call: ToolCall): JsonValue {
    if (call.arguments.trim() === '') return {};
    try {
      const value = JSON.parse(call.arguments) as JsonValue;
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    } catch {
      // Models do write broken arguments; the tool has answered them already, so the history must still be told.
    }
    this.#warnings.push(
      `the arguments of the call ${call.name} were no JSON object; they were wrapped as text`,
    );
    return { arguments: call.arguments };
  }

  #result(turn: Turn & { readonly role: 'tool' }): Speech {
    const text = turn.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
    const media = this.#contents(turn.content.filter(({ type }) => type !== 'text'));
    const name = this.#names.get(turn.callId);
    if (name === undefined) {
      this.#warnings.push('a tool result whose call is not in the conversation was sent as text');
      return { speaker: 'user', parts: [{ text: `Result of a tool call:\n${text}` }, ...media] };
    }
    const inside = generationOf(this.#model) >= 3 && media.length > 0 ? { parts: media } : {};
    const response = { [turn.failed === true ? 'error' : 'output']: text };
    const result = { functionResponse: { id: turn.callId, name, response, ...inside } };
    return { speaker: 'results', parts: 'parts' in inside ? [result] : [result, ...media] };
  }

  #contents(contents: readonly Content[]): JsonObject[] {
    return contents.flatMap((content) => this.#content(content));
  }

  #content(content: Content): JsonObject[] {
    switch (content.type) {
      case 'text':
        return content.text === '' ? [] : [{ text: content.text }];
      case 'image':
        if ((content.detail ?? 'auto') !== 'auto')
          this.#warnings.push('"detail" of an image has no counterpart at Gemini and was dropped');
        return this.#media(content.image, 'image/jpeg');
      case 'file':
        return this.#media(content.file, 'application/pdf');
      case 'audio':
        return [{ inlineData: { mimeType: `audio/${content.format}`, data: content.data } }];
    }
  }

  #media(media: Media, likely: string): JsonObject[] {
    if (media.kind === 'base64') return [{ inlineData: { mimeType: media.mediaType, data: media.data } }];
    if (fetchesAddresses(this.#model))
      return [{ fileData: { mimeType: typeOf(media.url) ?? likely, fileUri: media.url } }];
    this.#warnings.push('an image or document given by its address cannot be carried to this model');
    return [];
  }
}

const types: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  pdf: 'application/pdf',
  txt: 'text/plain',
  csv: 'text/csv',
  html: 'text/html',
  md: 'text/markdown',
};

/** The media type that the end of an address suggests. */
function typeOf(url: string): string | undefined {
  const path = url.split(/[?#]/, 1)[0] ?? '';
  return types[/\.(\w{2,5})$/.exec(path)?.[1]?.toLowerCase() ?? ''];
}
