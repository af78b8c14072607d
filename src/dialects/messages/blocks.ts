/** Reads the content blocks of a Messages request into canonical content. */
import type { AssistantBlock, CacheMark, Content, Media } from '../../core/conversation.ts';
import { asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { addressAt, listAt, objectAt, textAt, wrong } from '../shape.ts';
import type { Warnings } from './warnings.ts';

/** `cache_control`, where there is one. */
export function markOf(block: JsonObject): { readonly cache?: CacheMark } {
  const mark = block['cache_control'];
  return typeof mark === 'object' && mark !== null && !Array.isArray(mark)
    ? { cache: mark as CacheMark }
    : {};
}

/** The blocks of a `content`, of which a string is one of text. Throws Refused. */
export function blocksOf(value: JsonValue | undefined, path: string): readonly JsonObject[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (!Array.isArray(value)) throw wrong(path, 'must be a string or an array of blocks');
  return listAt(value, path);
}

/** What a user, the system or a tool said. What nobody else understands is dropped with a warning. */
export function readContents(
  value: JsonValue | undefined,
  path: string,
  warnings: Warnings,
): readonly Content[] {
  return blocksOf(value, path).flatMap((block, index) => readContent(block, `${path}[${index}]`, warnings));
}

/** One block of it. Throws Refused. */
export function readContent(block: JsonObject, path: string, warnings: Warnings): readonly Content[] {
  switch (block['type']) {
    case 'text':
      return [{ type: 'text', text: textAt(block['text'], `${path}.text`), ...markOf(block) }];
    case 'image': {
      const image = readMedia(objectAt(block['source'], `${path}.source`), `${path}.source`, warnings);
      return image ? [{ type: 'image', image, ...markOf(block) }] : [];
    }
    case 'document':
      return readDocument(block, path, warnings);
    case 'search_result': {
      const found = readContents(block['content'], `${path}.content`, warnings);
      return [{ type: 'text', text: [block['title'], block['source']].map(asText).join('\n') }, ...found];
    }
    default:
      warnings.add(unknownBlock(block));
      return [];
  }
}

function unknownBlock(block: JsonObject): string {
  return `content of the type ${JSON.stringify(block['type'] ?? null).slice(0, 80)} exists only at Anthropic and was dropped`;
}

function readMedia(source: JsonObject, path: string, warnings: Warnings): Media | undefined {
  switch (source['type']) {
    case 'base64':
      return {
        kind: 'base64',
        mediaType: someText(source['media_type']) ?? 'application/octet-stream',
        data: textAt(source['data'], `${path}.data`),
      };
    case 'url':
      return { kind: 'url', url: addressAt(source['url'], `${path}.url`) };
    default:
      warnings.add(
        `a source of the type ${JSON.stringify(source['type'] ?? null).slice(0, 80)} exists only at Anthropic and was dropped`,
      );
      return undefined;
  }
}

/** Documents of text are told as text; others are files. */
function readDocument(block: JsonObject, path: string, warnings: Warnings): readonly Content[] {
  const source = objectAt(block['source'], `${path}.source`);
  const title = someText(block['title']);
  const head = title === undefined ? [] : [{ type: 'text' as const, text: title }];
  if (source['type'] === 'text')
    return [...head, { type: 'text', text: textAt(source['data'], `${path}.source.data`), ...markOf(block) }];
  if (source['type'] === 'content')
    return [...head, ...readContents(source['content'], `${path}.source.content`, warnings)];
  const file = readMedia(source, `${path}.source`, warnings);
  return file ? [{ type: 'file', file, ...optional('name', title), ...markOf(block) }] : [];
}

/** What the model said before, in its order. Throws Refused. */
export function readAssistant(
  value: JsonValue | undefined,
  path: string,
  warnings: Warnings,
): readonly AssistantBlock[] {
  return blocksOf(value, path).flatMap((block, index) => readSaid(block, `${path}[${index}]`, warnings));
}

function readSaid(block: JsonObject, path: string, warnings: Warnings): readonly AssistantBlock[] {
  switch (block['type']) {
    case 'text':
      return [{ type: 'text', text: textAt(block['text'], `${path}.text`), ...markOf(block) }];
    case 'thinking':
      return [
        {
          type: 'thinking',
          text: asText(block['thinking']),
          ...optional('signature', someText(block['signature'])),
        },
      ];
    case 'redacted_thinking':
      return [{ type: 'thinking', text: '', redacted: textAt(block['data'], `${path}.data`) }];
    case 'tool_use':
      return [
        {
          type: 'call',
          id: textAt(block['id'], `${path}.id`),
          name: textAt(block['name'], `${path}.name`),
          arguments: JSON.stringify(block['input'] ?? {}),
          ...markOf(block),
        },
      ];
    default:
      warnings.add(unknownBlock(block));
      return [];
  }
}
