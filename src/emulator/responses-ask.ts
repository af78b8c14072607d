/** Reads the body of `POST /responses`. */
import { hash } from 'node:crypto';
import { BadAsk, type Ask, type Segment, type ToolChoice } from './ask.ts';
import { count, dict, list, text, type Dict } from './json.ts';
import { countTokens, imageTokens } from './tokens.ts';

/** A role may speak without being spoken to: such messages do not end a turn. */
const asides = new Set(['system', 'developer']);

export function readResponsesAsk(body: Dict): Ask {
  const items = itemsOf(body['input']);
  if (text(body['model']) === '') throw new BadAsk('you must provide a model parameter', 'model');
  if (items.length === 0) throw new BadAsk("Missing required parameter: 'input'.", 'input');
  const answerSchema = schemaOf(dict(dict(body['text'])['format']));
  const maxTokens = count(body['max_output_tokens']);
  const last = items.findLast((item) => !asides.has(text(item['role'])));
  return {
    model: text(body['model']),
    stream: body['stream'] === true,
    reportUsage: true,
    choices: 1,
    ...(maxTokens === undefined ? {} : { maxTokens }),
    stop: [],
    prompt: promptOf(body, items),
    userText: textsOf(items.findLast(({ role }) => role === 'user')?.['content']).at(-1) ?? '',
    ...(last?.['type'] === 'function_call_output' ? { toolResult: textsOf(last['output']).join(' ') } : {}),
    toolResults: items.filter(({ type }) => type === 'function_call_output').length,
    tools: list(body['tools']).map(dict).flatMap(toolOffer),
    toolChoice: toolChoice(body['tool_choice']),
    ...(answerSchema ? { answerSchema } : {}),
    reasoning: reasoning(dict(body['reasoning'])),
  };
}

function itemsOf(input: unknown): readonly Dict[] {
  if (typeof input === 'string') return input === '' ? [] : [{ role: 'user', content: input }];
  return list(input).map(dict);
}

/** Tools that the vendor would run itself have no schema and are never called. */
function toolOffer({ type, name, parameters }: Dict): Ask['tools'] {
  return type === 'function' ? [{ name: text(name), schema: { type: 'object', ...dict(parameters) } }] : [];
}

function toolChoice(choice: unknown): ToolChoice {
  if (choice === 'none' || choice === 'required') return choice;
  const name = text(dict(choice)['name']);
  return name === '' ? 'auto' : { name };
}

function schemaOf({ type, schema }: Dict): Dict | undefined {
  if (type === 'json_object') return { type: 'object', properties: { answer: { type: 'string' } } };
  return type === 'json_schema' ? dict(schema) : undefined;
}

/** Thoughts are shown as a summary, and only to those who ask for one. */
function reasoning({ effort, summary }: Dict): Ask['reasoning'] {
  if (text(effort) === '' || effort === 'none') return 'none';
  return text(summary) === '' ? 'hidden' : 'shown';
}

function promptOf(body: Dict, items: readonly Dict[]): readonly Segment[] {
  const instructions = text(body['instructions']);
  return [
    ...list(body['tools']).map((tool) => segment(JSON.stringify(tool))),
    ...(instructions === '' ? [] : [segment(`system: ${instructions}`)]),
    ...items.flatMap(itemSegments),
  ];
}

/** Messages are `{ role, content }`, with or without a `type`; anything else is counted as it is written. */
function itemSegments(item: Dict): readonly Segment[] {
  const role = text(item['role']);
  if (role === '') return [segment(JSON.stringify(item))];
  const content = item['content'];
  if (typeof content === 'string') return [segment(`${role}: ${content}`)];
  return list(content)
    .map(dict)
    .map((part) =>
      'text' in part
        ? segment(`${role}: ${text(part['text'])}`)
        : { text: `${role}: ${hash('sha256', JSON.stringify(part))}`, tokens: imageTokens },
    );
}

function segment(said: string): Segment {
  return { text: said, tokens: countTokens(said) };
}

function textsOf(content: unknown): readonly string[] {
  if (typeof content === 'string') return [content];
  return list(content)
    .map((part) => text(dict(part)['text']))
    .filter((part) => part !== '');
}
