/** Reads the body of `POST /chat/completions`. */
import { hash } from 'node:crypto';
import { BadAsk, type Ask, type Segment, type ToolChoice, type ToolOffer } from './ask.ts';
import { count, dict, list, text, type Dict } from './json.ts';
import { countTokens, imageTokens } from './tokens.ts';
import { vendorNamed } from './vendor.ts';

/** A role may speak without being spoken to: such messages do not end a turn. */
const asides = new Set(['system', 'developer']);

export function readOpenaiAsk(body: Dict, vendor: string): Ask {
  const messages = list(body['messages']).map(dict);
  if (text(body['model']) === '') throw new BadAsk('you must provide a model parameter', 'model');
  if (messages.length === 0)
    throw new BadAsk("'messages' must be an array with at least one message", 'messages');
  const tools = list(body['tools'])
    .map(dict)
    .filter((tool) => tool['type'] === 'function');
  const maxTokens = count(body['max_completion_tokens']) ?? count(body['max_tokens']);
  const last = messages.findLast((message) => !asides.has(text(message['role'])));
  const answerSchema = schemaOf(dict(body['response_format']));
  return {
    model: text(body['model']),
    stream: body['stream'] === true,
    reportUsage: dict(body['stream_options'])['include_usage'] === true,
    choices: Math.min(count(body['n']) ?? 1, 128),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    stop: typeof body['stop'] === 'string' ? [body['stop']] : list(body['stop']).map(text),
    prompt: [...list(body['tools']).map(toolSegment), ...messages.flatMap(messageSegments)],
    userText: lastText(messages.findLast((message) => message['role'] === 'user')),
    ...(last?.['role'] === 'tool' ? { toolResult: allText(last) } : {}),
    toolResults: messages.filter((message) => message['role'] === 'tool').length,
    tools: tools.map(toolOffer),
    toolChoice: toolChoice(body['tool_choice']),
    ...(answerSchema ? { answerSchema } : {}),
    reasoning: reasoning(body, vendor),
  };
}

function toolOffer(tool: Dict): ToolOffer {
  const { name, parameters } = dict(tool['function']);
  return { name: text(name), schema: { type: 'object', ...dict(parameters) } };
}

function toolChoice(choice: unknown): ToolChoice {
  if (choice === 'none' || choice === 'required') return choice;
  const name = text(dict(dict(choice)['function'])['name']);
  return name === '' ? 'auto' : { name };
}

function schemaOf(format: Dict): Dict | undefined {
  if (format['type'] === 'json_object') return { type: 'object', properties: { answer: { type: 'string' } } };
  return format['type'] === 'json_schema' ? dict(dict(format['json_schema'])['schema']) : undefined;
}

/** OpenAI's `reasoning_effort`, DeepSeek's `thinking`, OpenRouter's `reasoning`. */
function reasoning(body: Dict, vendor: string): Ask['reasoning'] {
  const router = dict(body['reasoning']);
  const effort = text(body['reasoning_effort'] ?? router['effort']);
  const asked =
    (effort !== '' && effort !== 'none') ||
    dict(body['thinking'])['type'] === 'enabled' ||
    router['enabled'] === true ||
    count(router['max_tokens']) !== undefined;
  if (!asked) return 'none';
  return vendorNamed(vendor).reasoningField && router['exclude'] !== true ? 'shown' : 'hidden';
}

function toolSegment(tool: unknown): Segment {
  const definition = JSON.stringify(tool);
  return { text: definition, tokens: countTokens(definition) };
}

function messageSegments(message: Dict): readonly Segment[] {
  const { role, content, tool_calls: calls } = message;
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : list(content).map(dict);
  const segments = parts.map((part) => partSegment(text(role), part));
  return calls === undefined ? segments : [...segments, toolSegment({ role, calls })];
}

function partSegment(role: string, part: Dict): Segment {
  if (part['type'] === 'text') {
    const said = `${role}: ${text(part['text'])}`;
    return { text: said, tokens: countTokens(said) };
  }
  return { text: `${role}: ${hash('sha256', JSON.stringify(part))}`, tokens: imageTokens };
}

function texts(message: Dict | undefined): readonly string[] {
  const content = message?.['content'];
  return typeof content === 'string' ? [content] : list(content).map((part) => text(dict(part)['text']));
}

function lastText(message: Dict | undefined): string {
  return texts(message).findLast((part) => part !== '') ?? '';
}

function allText(message: Dict): string {
  return texts(message).join(' ');
}
