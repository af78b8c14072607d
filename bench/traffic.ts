/** What is sent and answered in the bench: requests as agents send them, answers as providers give them. Made up, and the same every time. */

/** Tokens per second of every stream, as a fast provider sends them. */
export const tokensPerSecond = 50;

/** Requests per second of every candidate where all have the same to do: some 40 % of a processor for the dearest. */
export const pacedPerSecond = 2_000;

export type Size = 'small' | 'large';

/** Bytes of a request body of each size, about: a short question, and an agent's turn in a long session. */
const bytesOf: Readonly<Record<Size, number>> = { small: 2_000, large: 200_000 };

export type Ask = {
  readonly model: string;
  readonly size: Size;
  /** A stream of this many tokens; absent = one JSON answer. */
  readonly tokens?: number;
};

/** A chat completions request: system prompt, tools, and turns of a coding session until the size is reached. */
export function requestBody({ model, size, tokens }: Ask): string {
  const wanted = bytesOf[size];
  const messages: unknown[] = [{ role: 'system', content: 'You are a careful engineer. Answer briefly.' }];
  const tools = size === 'large' ? toolNames.map(tool) : toolNames.slice(0, 1).map(tool);
  const body = { model, max_tokens: tokens ?? 256, stream: tokens !== undefined, messages, tools };
  let length = JSON.stringify(body).length;
  for (let turn = 0; length < wanted; turn++) {
    const added = turn % 3 === 0 ? [question(turn)] : toolCall(turn, Math.min(4_000, wanted - length));
    messages.push(...added);
    length += JSON.stringify(added).length;
  }
  return JSON.stringify(body);
}

const toolNames = ['read_file', 'write_file', 'run_command', 'search', 'list_folder', 'apply_patch'];

function tool(name: string): unknown {
  return {
    type: 'function',
    function: {
      name,
      description: `Use ${name} to work on the repository; paths are relative to its root.`,
      parameters: {
        type: 'object',
        properties: { path: { type: 'string' }, text: { type: 'string' }, limit: { type: 'integer' } },
        required: ['path'],
      },
    },
  };
}

function question(turn: number): unknown {
  return {
    role: 'user',
    content: `Step ${turn}: why does the parser drop the last "item" of the list – again?`,
  };
}

/** An assistant's call of a tool, and what the tool said: source text, with the escapes that come with it. */
function toolCall(turn: number, bytes: number): unknown[] {
  const id = `call_${turn}`;
  const path = `src/parser/part-${turn}.ts`;
  const call = { id, type: 'function', function: { name: 'read_file', arguments: JSON.stringify({ path }) } };
  return [
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: id, content: sourceText(turn, Math.max(100, bytes - 400)) },
  ];
}

function sourceText(seed: number, bytes: number): string {
  const lines: string[] = [];
  for (let line = 0, length = 0; length < bytes; line++) {
    const text = `\tif (items[${line}] !== "${(seed * 7_919 + line).toString(36)}") throw new Error('no item ${line}'); // ok`;
    lines.push(text);
    length += text.length + 8;
  }
  return lines.join('\n');
}

const identity = { id: 'chatcmpl-bench0123456789abcdefghij', created: 1_790_000_000, model: 'mock-1' };
const usage = {
  prompt_tokens: 512,
  completion_tokens: 64,
  total_tokens: 576,
  prompt_tokens_details: { cached_tokens: 256 },
  completion_tokens_details: { reasoning_tokens: 0 },
};

/** A complete answer of about 0.7 KB. */
export function answerBody(): string {
  const message = { role: 'assistant', content: sourceText(1, 220), refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
  return JSON.stringify({
    ...identity,
    object: 'chat.completion',
    choices,
    usage,
    system_fingerprint: 'fp_bench',
  });
}

/** The events of one stream, in the order they are sent. */
export const streamEvents = {
  first: event({ role: 'assistant', content: '' }, null),
  token: event({ content: ' token' }, null),
  finish: event({}, 'stop'),
  usage: frame({ ...identity, object: 'chat.completion.chunk', choices: [], usage }),
  done: 'data: [DONE]\n\n',
} as const;

const anthropicUsage = { input_tokens: 256, cache_read_input_tokens: 256, cache_creation_input_tokens: 0 };

/** The same stream as a provider of the Anthropic wire sends it. */
export const anthropicEvents = {
  first:
    named('message_start', {
      message: {
        id: 'msg_bench0123456789',
        type: 'message',
        role: 'assistant',
        model: 'mock-1',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { ...anthropicUsage, output_tokens: 1 },
      },
    }) + named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  token: named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: ' token' } }),
  last:
    named('content_block_stop', { index: 0 }) +
    named('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { ...anthropicUsage, output_tokens: 64 },
    }) +
    named('message_stop', {}),
} as const;

function named(type: string, fields: Record<string, unknown>): string {
  return `event: ${type}\n${frame({ type, ...fields })}`;
}

function event(delta: unknown, finish: string | null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  return frame({
    ...identity,
    object: 'chat.completion.chunk',
    system_fingerprint: 'fp_bench',
    choices,
    usage: null,
  });
}

function frame(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** The refusals of the failing origin, by the status they come with. */
export const refusals: Readonly<Record<number, string>> = {
  500: JSON.stringify({ error: { message: 'The server had an error.', type: 'server_error', code: null } }),
  429: JSON.stringify({
    error: { message: 'Rate limit reached.', type: 'requests', code: 'rate_limit_exceeded' },
  }),
};
