/** Reads the content of messages and of tool outputs. */
import type { Content, Media } from '../../core/conversation.ts';
import { asObject, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import { refuse } from '../../core/problem.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { readMedia } from '../openai-fields.ts';
import { objectAt, textAt } from '../shape.ts';

/** A text, or a list of parts. Parts that cannot be carried are named in `warnings`. */
export function readContent(
  value: JsonValue | undefined,
  path: string,
  warnings: string[],
): readonly Content[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (!Array.isArray(value))
    throw refuse('invalid_request', `"${path}" must be a string or an array of parts.`, { param: path });
  return value.flatMap((part: JsonValue, index) =>
    readPart(objectAt(part, `${path}[${index}]`), `${path}[${index}]`, warnings),
  );
}

function readPart(part: JsonObject, path: string, warnings: string[]): readonly Content[] {
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text':
    case 'summary_text':
      return [{ type: 'text', text: textAt(part['text'], `${path}.text`) }];
    case 'refusal':
      return [{ type: 'text', text: textAt(part['refusal'], `${path}.refusal`) }];
    case 'input_image':
    case 'computer_screenshot':
      return readImage(part, path, warnings);
    case 'input_file':
      return readFile(part, path, warnings);
    case 'input_audio': {
      const audio = objectAt(part['input_audio'], `${path}.input_audio`);
      const data = textAt(audio['data'], `${path}.input_audio.data`);
      return [{ type: 'audio', data, format: someText(audio['format']) ?? 'wav' }];
    }
    default:
      warnings.push(
        `a part of the type ${JSON.stringify(part['type'] ?? null)} cannot be carried and was dropped`,
      );
      return [];
  }
}

function readImage(part: JsonObject, path: string, warnings: string[]): readonly Content[] {
  const given = part['image_url'];
  const url = someText(given) ?? someText(asObject(given)['url']);
  if (url === undefined) return stored('an image', warnings);
  return [
    {
      type: 'image',
      image: readMedia(url, `${path}.image_url`),
      ...optional('detail', someText(part['detail'])),
    },
  ];
}

function readFile(part: JsonObject, path: string, warnings: string[]): readonly Content[] {
  const name = optional('name', someText(part['filename']));
  const url = someText(part['file_url']);
  if (url !== undefined) return [{ type: 'file', file: readMedia(url, `${path}.file_url`), ...name }];
  const data = someText(part['file_data']);
  if (data === undefined) return stored('a file', warnings);
  const file: Media = data.startsWith('data:')
    ? readMedia(data, `${path}.file_data`)
    : { kind: 'base64', mediaType: 'application/pdf', data };
  return [{ type: 'file', file, ...name }];
}

function stored(what: string, warnings: string[]): readonly Content[] {
  warnings.push(`${what} given by its id is stored at another provider and was dropped`);
  return [];
}
