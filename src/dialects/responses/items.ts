/** Reads the `input` of a Responses request into turns: items that follow each other from one side are one turn. */
import type { AssistantBlock, Content, Turn } from '../../core/conversation.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import { refuse } from '../../core/problem.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { readContent } from './content.ts';
import { listAt, optionalTextAt, textAt } from '../shape.ts';
import { flatOf, type NamedTool } from './tool-names.ts';

/** What is known around an item. */
type Scene = {
  readonly tools: readonly NamedTool[];
  /** The call ids that some output in the input answers. */
  readonly answered: ReadonlySet<string>;
  readonly warnings: string[];
};

/** Throws Refused naming the path of what must be understood and cannot be. */
export function readInput(
  input: JsonValue | undefined,
  tools: readonly NamedTool[],
  warnings: string[],
): readonly Turn[] {
  if (typeof input === 'string') return [{ role: 'user', content: [{ type: 'text', text: input }] }];
  const items = listAt(input, 'input');
  const outputs = items.filter((item) => asText(item['type']).endsWith('_output'));
  const scene = {
    tools,
    warnings,
    answered: new Set(outputs.flatMap((item) => someText(item['call_id']) ?? [])),
  };
  const turns: Turn[] = [];
  items.forEach((item, index) => {
    for (const turn of readItem(item, `input[${index}]`, scene)) append(turns, turn);
  });
  return turns;
}

function append(turns: Turn[], turn: Turn): void {
  const last = turns.at(-1);
  if (last?.role === 'assistant' && turn.role === 'assistant')
    turns.splice(-1, 1, { role: 'assistant', content: [...last.content, ...turn.content] });
  else turns.push(turn);
}

function readItem(item: JsonObject, path: string, scene: Scene): readonly Turn[] {
  const type = item['type'] ?? 'message';
  switch (type) {
    case 'message':
      return [readMessage(item, path, scene)];
    case 'reasoning':
      return readReasoning(item);
    case 'function_call':
      return said({
        ...callOf(item, path, scene),
        arguments: optionalTextAt(item['arguments'], `${path}.arguments`) ?? '',
      });
    case 'custom_tool_call':
      return said({
        ...callOf(item, path, scene),
        arguments: JSON.stringify({ input: asText(item['input']) }),
      });
    case 'item_reference':
      scene.warnings.push('an item given by its id alone is stored at another provider and was left out');
      return [];
    default:
      return readOther(item, asText(type), path, scene);
  }
}

function said(call: { id: string; name: string; arguments: string }): readonly Turn[] {
  return [{ role: 'assistant', content: [{ type: 'call', ...call }] }];
}

function callOf(item: JsonObject, path: string, { tools }: Scene): { id: string; name: string } {
  const name = textAt(item['name'], `${path}.name`);
  return {
    id: textAt(item['call_id'], `${path}.call_id`),
    name: flatOf(tools, { name, namespace: someText(item['namespace']) }),
  };
}

function readMessage(item: JsonObject, path: string, { warnings }: Scene): Turn {
  const content = readContent(item['content'], `${path}.content`, warnings);
  switch (item['role']) {
    case 'system':
    case 'developer':
      return { role: 'system', content };
    case 'user':
      return { role: 'user', content };
    case 'assistant':
      return { role: 'assistant', content: content.filter((part) => part.type === 'text') };
    default:
      throw refuse('invalid_request', `"${path}.role" must be user, assistant, system or developer.`, {
        param: `${path}.role`,
      });
  }
}

/** Thinking written by us for a model of another wire has its proof where OpenAI has the encrypted content. */
function readReasoning(item: JsonObject): readonly Turn[] {
  const pieces = [item['summary'], item['content']].flatMap((list) => (Array.isArray(list) ? list : []));
  const text = pieces.map((piece: JsonValue) => asText(asObject(piece)['text'])).join('\n\n');
  const proof = someText(item['encrypted_content']);
  const hidden = proof?.startsWith(redactedMark) === true ? proof.slice(redactedMark.length) : undefined;
  if (hidden !== undefined) return thought({ type: 'thinking', text: '', redacted: hidden });
  if (text === '' && proof === undefined) return [];
  return thought({
    type: 'thinking',
    text,
    ...optional('signature', proof),
    ...optional('id', someText(item['id'])),
  });
}

function thought(block: AssistantBlock): readonly Turn[] {
  return [{ role: 'assistant', content: [block] }];
}

/** Before thinking that only its issuer can read, in `encrypted_content`: it has no text that it could sign. */
export const redactedMark = 'redacted:';

/**
 * Outputs of any kind of tool, and the calls that they answer (`local_shell_call`, `shell_call`, `apply_patch_call`,
 * …). What ran at the provider itself has no output here; it is left out, like everything unknown.
 */
function readOther(item: JsonObject, type: string, path: string, scene: Scene): readonly Turn[] {
  const callId = asText(item['call_id']);
  if (type.endsWith('_call_output') && callId !== '') {
    const content = readOutput(item['output'], `${path}.output`, scene.warnings);
    return [{ role: 'tool', callId, content }];
  }
  if (type.endsWith('_call') && scene.answered.has(callId)) {
    const { type: _type, id: _id, call_id: _call, status: _status, ...rest } = item;
    return said({ id: callId, name: type.slice(0, -'_call'.length), arguments: JSON.stringify(rest) });
  }
  scene.warnings.push(`an input item of the type ${JSON.stringify(type)} cannot be carried and was left out`);
  return [];
}

const partTypes = /^(input|output)_|^text$|^refusal$|^computer_screenshot$/;

/** A text or parts; anything else is told as the JSON it is. */
function readOutput(output: JsonValue | undefined, path: string, warnings: string[]): readonly Content[] {
  const list = Array.isArray(output) ? output : [output ?? ''];
  if (
    typeof output === 'string' ||
    list.every((part: JsonValue) => partTypes.test(asText(asObject(part)['type'])))
  )
    return readContent(typeof output === 'string' ? output : list, path, warnings);
  return [{ type: 'text', text: JSON.stringify(output ?? null) }];
}
