/** Answers that no recording has, as each provider would send them: two calls at once, and a refusal in words. */
import type { Dict } from '../../src/emulator/json.ts';
import type { Wire } from './openapi-judge.ts';

export type Composed = { readonly whole: Dict; readonly stream: readonly Dict[] };

const cities = ['Lisbon', 'Oslo'];
const argumentsOf = (city: string): string => JSON.stringify({ city });

const chatUsage = { prompt_tokens: 9, completion_tokens: 8, total_tokens: 17 };

function chat(message: Dict, deltas: readonly Dict[], finish: string): Composed {
  const head = { id: 'chatcmpl-1', created: 1, model: 'm' };
  const ended = { index: 0, logprobs: null, finish_reason: finish };
  const chunk = (choice: Dict): Dict => ({ ...head, object: 'chat.completion.chunk', choices: [choice] });
  return {
    whole: {
      ...head,
      object: 'chat.completion',
      choices: [{ ...ended, message: { role: 'assistant', content: null, refusal: null, ...message } }],
      usage: chatUsage,
    },
    stream: [
      ...deltas.map((delta) => chunk({ index: 0, delta, logprobs: null, finish_reason: null })),
      { ...chunk({ ...ended, delta: {} }), usage: chatUsage },
    ],
  };
}

const chatCalls = chat(
  {
    tool_calls: cities.map((city, at) => ({
      id: `call_${at}`,
      type: 'function',
      function: { name: 'weather', arguments: argumentsOf(city) },
    })),
  },
  [
    {
      role: 'assistant',
      tool_calls: cities.map((_, index) => ({
        index,
        id: `call_${index}`,
        type: 'function',
        function: { name: 'weather', arguments: '' },
      })),
    },
    // In turns, as some servers do.
    ...[0, 1].map((half) => ({
      tool_calls: cities.map((city, index) => ({
        index,
        function: { arguments: argumentsOf(city).slice(half * 9, half === 0 ? 9 : undefined) },
      })),
    })),
  ],
  'tool_calls',
);

const chatRefusal = chat(
  { refusal: 'I will not.' },
  [{ role: 'assistant', refusal: '' }, { refusal: 'I will not.' }],
  'stop',
);

function responses(items: readonly Dict[], events: readonly Dict[]): Composed {
  const response = {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    completed_at: null,
    error: null,
    frequency_penalty: 0,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model: 'm',
    parallel_tool_calls: true,
    presence_penalty: 0,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
  };
  const usage = {
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: 8,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 17,
  };
  const whole = { ...response, status: 'completed', output: items, usage };
  const stream: Dict[] = [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [], usage: null } },
    ...events,
    { type: 'response.completed', response: whole },
  ];
  return { whole, stream: stream.map((event, at) => ({ ...event, sequence_number: at })) };
}

const functionCalls = cities.map((city, at) => ({
  id: `fc_${at}`,
  type: 'function_call',
  status: 'completed',
  call_id: `call_${at}`,
  name: 'weather',
  arguments: argumentsOf(city),
}));

const responsesCalls = responses(functionCalls, [
  ...functionCalls.map((item, at) => ({
    type: 'response.output_item.added',
    output_index: at,
    item: { ...item, status: 'in_progress', arguments: '' },
  })),
  ...functionCalls.map((item, at) => ({
    type: 'response.function_call_arguments.delta',
    item_id: item.id,
    output_index: at,
    delta: item.arguments,
  })),
  ...functionCalls.map((item, at) => ({ type: 'response.output_item.done', output_index: at, item })),
]);

const refusalItem = { id: 'msg_1', type: 'message', status: 'completed', role: 'assistant' };
const refusalPlace = { item_id: 'msg_1', output_index: 0, content_index: 0 };
const refusalPart = { type: 'refusal', refusal: 'I will not.' };
const refused = { ...refusalItem, content: [refusalPart] };

const responsesRefusal = responses(
  [refused],
  [
    {
      type: 'response.output_item.added',
      output_index: 0,
      item: { ...refusalItem, status: 'in_progress', content: [] },
    },
    { type: 'response.content_part.added', ...refusalPlace, part: { type: 'refusal', refusal: '' } },
    { type: 'response.refusal.delta', ...refusalPlace, delta: 'I will not.' },
    { type: 'response.refusal.done', ...refusalPlace, refusal: 'I will not.' },
    { type: 'response.content_part.done', ...refusalPlace, part: refusalPart },
    { type: 'response.output_item.done', output_index: 0, item: refused },
  ],
);

const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_sequence: null };
const messageUsage = { input_tokens: 9, output_tokens: 8 };
const toolUses = cities.map((_, at) => ({ type: 'tool_use', id: `toolu_${at}`, name: 'weather', input: {} }));

const messagesCalls: Composed = {
  whole: {
    ...message,
    content: toolUses.map((block, at) => ({ ...block, input: { city: cities[at] } })),
    stop_reason: 'tool_use',
    usage: messageUsage,
  },
  stream: [
    {
      type: 'message_start',
      message: { ...message, content: [], stop_reason: null, usage: messageUsage },
    },
    ...toolUses.flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: block },
      {
        type: 'content_block_delta',
        index,
        delta: { type: 'input_json_delta', partial_json: argumentsOf(cities[index] ?? '') },
      },
      { type: 'content_block_stop', index },
    ]),
    {
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: messageUsage,
    },
    { type: 'message_stop' },
  ],
};

const geminiAnswer = {
  candidates: [
    {
      index: 0,
      finishReason: 'STOP',
      content: {
        role: 'model',
        parts: cities.map((city) => ({ functionCall: { name: 'weather', args: { city } } })),
      },
    },
  ],
  usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 8, totalTokenCount: 17 },
};

/** Wire → name → the answer. */
export const composed: Readonly<Record<Wire, Readonly<Record<string, Composed>>>> = {
  'openai-chat': { calls: chatCalls, refusal: chatRefusal },
  'openai-responses': { calls: responsesCalls, refusal: responsesRefusal },
  anthropic: { calls: messagesCalls },
  gemini: { calls: { whole: geminiAnswer, stream: [geminiAnswer] } },
};
