/** What a client understands of an answer: three small readers that share nothing with the gateway's own. */
import type { Speech } from './universe.ts';

/** An answer as its client has understood it. */
export type Reading = {
  /** Text, or the arguments of a tool's call. */
  readonly content: string;
  /** The answer says that it came to its end. */
  readonly finished: boolean;
  /** How many events, or bodies, tell of an error. */
  readonly errors: number;
  /** Events behind an error, or behind the end. */
  readonly trailing: number;
  /** Of `usage.cost`, in USD. */
  readonly cost: number | undefined;
  /** `usage.spillway`. */
  readonly facts: Json | undefined;
  /** What cannot be understood. */
  readonly broken: string | undefined;
  /** The code or type of the error. */
  readonly problem: string | undefined;
  /** Names that the answer gives to what serves. */
  readonly models: readonly string[];
  /** Events that are no comments and no pings. */
  readonly events: number;
};

export type Json = { readonly [key: string]: unknown };

type Event = { readonly name: string | undefined; readonly data: string };

type Notes = { -readonly [Key in keyof Reading]: Reading[Key] };

export function readAnswer(speech: Speech, stream: boolean, text: string): Reading {
  const notes: Notes = {
    content: '',
    finished: false,
    errors: 0,
    trailing: 0,
    cost: undefined,
    facts: undefined,
    broken: undefined,
    problem: undefined,
    models: [],
    events: 0,
  };
  try {
    if (stream) for (const event of eventsOf(text)) readEvent(speech, event, notes);
    else readWhole(speech, object(JSON.parse(text)), notes);
  } catch (error) {
    notes.broken = String(error);
  }
  return notes;
}

/** Frames end with a blank line; comments keep a connection alive and say nothing. */
function eventsOf(text: string): readonly Event[] {
  if (text !== '' && !text.endsWith('\n\n')) throw new Error(`half an event: ${text.slice(-40)}`);
  return text.split('\n\n').flatMap((frame): readonly Event[] => {
    const lines = frame.split('\n').filter((line) => line !== '' && !line.startsWith(':'));
    if (lines.length === 0) return [];
    const valueOf = (key: string): string | undefined =>
      lines.find((line) => line.startsWith(`${key}: `))?.slice(key.length + 2);
    return [{ name: valueOf('event'), data: valueOf('data') ?? '' }];
  });
}

function readEvent(speech: Speech, { name, data }: Event, notes: Notes): void {
  if (name === 'ping') return;
  notes.events += 1;
  if (data === '[DONE]') {
    if (speech !== 'chat') notes.broken = '[DONE] in a dialect that has none';
    notes.finished = true;
    return;
  }
  const event = object(JSON.parse(data));
  if (notes.errors > 0) notes.trailing += 1;
  noteUsage(event['usage'], notes);
  if (speech === 'chat') chatEvent(event, notes);
  else if (name !== event['type'])
    notes.broken = `the event ${name} says that it is ${String(event['type'])}`;
  else if (speech === 'messages') messagesEvent(event, notes);
  else responsesEvent(event, notes);
}

function chatEvent(event: Json, notes: Notes): void {
  noteModel(event['model'], notes);
  if (event['error'] !== undefined) noteError(event['error'], notes);
  for (const choice of list(event['choices'])) {
    notes.content += spoken(object(choice['delta']));
    const { finish_reason: finish } = choice;
    if (typeof finish === 'string' && finish !== 'error') notes.finished = true;
  }
}

function spoken(message: Json): string {
  const calls = list(message['tool_calls']).map((call) => text(object(call['function'])['arguments']));
  return text(message['content']) + calls.join('');
}

function messagesEvent(event: Json, notes: Notes): void {
  if (notes.finished) notes.trailing += 1;
  switch (event['type']) {
    case 'error':
      return noteError(event['error'], notes);
    case 'message_start':
      return noteModel(object(event['message'])['model'], notes);
    case 'content_block_delta': {
      const delta = object(event['delta']);
      notes.content += text(delta['text']) + text(delta['partial_json']);
      return;
    }
    case 'message_stop':
      notes.finished = true;
  }
}

function responsesEvent(event: Json, notes: Notes): void {
  if (notes.finished) notes.trailing += 1;
  const response = object(event['response']);
  noteUsage(response['usage'], notes);
  noteModel(response['model'], notes);
  switch (event['type']) {
    case 'response.output_text.delta':
    case 'response.function_call_arguments.delta':
      notes.content += text(event['delta']);
      return;
    case 'response.completed':
    case 'response.incomplete':
      notes.finished = true;
      return;
    case 'response.failed':
    case 'error':
      noteError(response['error'] ?? event, notes);
  }
}

function readWhole(speech: Speech, body: Json, notes: Notes): void {
  notes.events = 1;
  noteUsage(body['usage'], notes);
  noteModel(body['model'], notes);
  if (body['error'] !== undefined && body['error'] !== null) return noteError(body['error'], notes);
  const said = { chat: chatWhole, messages: messagesWhole, responses: responsesWhole }[speech](body);
  notes.content = said;
  notes.finished = true;
}

function chatWhole(body: Json): string {
  return list(body['choices'])
    .map((choice) => spoken(object(choice['message'])))
    .join('');
}

function messagesWhole(body: Json): string {
  return list(body['content'])
    .map((block) => (block['type'] === 'tool_use' ? JSON.stringify(block['input']) : text(block['text'])))
    .join('');
}

function responsesWhole(body: Json): string {
  return list(body['output'])
    .map((item) =>
      item['type'] === 'function_call'
        ? text(item['arguments'])
        : list(item['content'])
            .map((part) => text(part['text']))
            .join(''),
    )
    .join('');
}

function noteError(error: unknown, notes: Notes): void {
  notes.errors += 1;
  const told = object(error);
  notes.problem = `${text(told['type'])} ${text(told['code'])}`.trim();
}

function noteUsage(usage: unknown, notes: Notes): void {
  const { cost, spillway } = object(usage);
  if (typeof cost === 'number') notes.cost = cost;
  if (spillway !== undefined) notes.facts = object(spillway);
}

function noteModel(model: unknown, notes: Notes): void {
  if (typeof model === 'string' && !notes.models.includes(model)) notes.models = [...notes.models, model];
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(object) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
