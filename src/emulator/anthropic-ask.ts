/** Reads the body of `POST /messages`. */
import { hash } from 'node:crypto';
import { BadAsk, type Ask, type Segment, type ToolChoice } from './ask.ts';
import { count, dict, list, text, type Dict } from './json.ts';
import { fiveMinutes, oneHour } from './prompt-cache.ts';
import { countTokens, imageTokens } from './tokens.ts';

export function readAnthropicAsk(body: Dict): Ask {
  if (text(body['model']) === '') throw new BadAsk('model: Field required');
  const maxTokens = count(body['max_tokens']);
  if (maxTokens === undefined) throw new BadAsk('max_tokens: Field required');
  return { ...readPrompt(body), ...readAnswerOptions(body), maxTokens };
}

/** The part that counting tokens needs too. */
export function readPrompt(
  body: Dict,
): Pick<Ask, 'model' | 'prompt' | 'userText' | 'toolResult' | 'toolResults' | 'tools'> {
  const messages = list(body['messages']).map(dict);
  if (messages.length === 0) throw new BadAsk('messages: at least one message is required');
  const turn = messages.findLast((message) => message['role'] !== 'system');
  const result =
    turn?.['role'] === 'user' ? blocksOf(turn).findLast(({ type }) => type === 'tool_result') : undefined;
  return {
    model: text(body['model']),
    prompt: promptOf(body, messages),
    userText: lastUserText(messages),
    ...(result ? { toolResult: textOf(result) } : {}),
    toolResults: messages.flatMap(blocksOf).filter(({ type }) => type === 'tool_result').length,
    tools: list(body['tools']).map(dict).flatMap(toolOffer),
  };
}

function readAnswerOptions(body: Dict): Omit<Ask, keyof ReturnType<typeof readPrompt>> {
  const answerSchema = schemaOf(body);
  return {
    stream: body['stream'] === true,
    reportUsage: true,
    choices: 1,
    stop: list(body['stop_sequences']).map(text),
    toolChoice: toolChoice(dict(body['tool_choice'])),
    ...(answerSchema ? { answerSchema } : {}),
    reasoning: reasoning(dict(body['thinking'])),
  };
}

/** Tools that the vendor would run itself have no schema and are never called. */
function toolOffer(tool: Dict): Ask['tools'] {
  return 'input_schema' in tool
    ? [{ name: text(tool['name']), schema: { type: 'object', ...dict(tool['input_schema']) } }]
    : [];
}

function toolChoice({ type, name }: Dict): ToolChoice {
  if (type === 'none') return 'none';
  if (type === 'any') return 'required';
  return type === 'tool' ? { name: text(name) } : 'auto';
}

function schemaOf(body: Dict): Dict | undefined {
  const format = dict(dict(body['output_config'])['format'] ?? body['output_format']);
  return format['type'] === 'json_schema' ? dict(format['schema']) : undefined;
}

function reasoning({ type, display }: Dict): Ask['reasoning'] {
  if (type !== 'enabled' && type !== 'adaptive') return 'none';
  return display === 'omitted' ? 'hidden' : 'shown';
}

/** Tools, then system, then messages: the order in which the vendor caches them. */
function promptOf(body: Dict, messages: readonly Dict[]): readonly Segment[] {
  const prompt = [
    ...list(body['tools']).map((tool) => segment('tool', dict(tool))),
    ...blocksOf({ content: body['system'] }).map((block) => segment('system', block)),
    ...messages.flatMap((message) => blocksOf(message).map((block) => segment(text(message['role']), block))),
  ];
  const last = prompt.at(-1);
  const lifetime = lifetimeOf(body['cache_control']);
  return last && lifetime ? [...prompt.slice(0, -1), { ...last, cacheFor: lifetime }] : prompt;
}

function blocksOf({ content }: Dict): readonly Dict[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : list(content).map(dict);
}

function segment(role: string, block: Dict): Segment {
  const { cache_control: mark, ...rest } = block;
  const lifetime = lifetimeOf(mark);
  return { ...contentOf(role, rest), ...(lifetime ? { cacheFor: lifetime } : {}) };
}

function contentOf(role: string, block: Dict): Pick<Segment, 'text' | 'tokens'> {
  if (block['type'] === 'image' || block['type'] === 'document') {
    return { text: `${role}: ${hash('sha256', JSON.stringify(block))}`, tokens: imageTokens };
  }
  const said = `${role}: ${block['type'] === 'text' ? text(block['text']) : JSON.stringify(block)}`;
  return { text: said, tokens: countTokens(said) };
}

function lifetimeOf(mark: unknown): number | undefined {
  const { type, ttl } = dict(mark);
  if (type !== 'ephemeral') return undefined;
  return ttl === '1h' ? oneHour : fiveMinutes;
}

function lastUserText(messages: readonly Dict[]): string {
  const said = messages
    .filter(({ role }) => role === 'user')
    .flatMap((message) => blocksOf(message).map((block) => text(block['text'])));
  return said.findLast((part) => part !== '') ?? '';
}

function textOf(block: Dict): string {
  return blocksOf(block)
    .map((part) => text(part['text']))
    .join(' ');
}
