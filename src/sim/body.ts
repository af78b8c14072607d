/** Requests as clients of the three dialects write them. */
import type { RequestPlan } from './universe.ts';

/** A picture of one pixel. */
const picture =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const schema = { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] };

/** Providers refuse a prompt that says this, whoever they are. */
export const nonsense = 'NONSENSE';

type Json = { readonly [key: string]: unknown };

export function bodyOf(plan: RequestPlan): Buffer {
  if (plan.mistake === 'json') return Buffer.from('{"model": "@preset/x", "messages": [');
  const body = { chat, responses, messages }[plan.speech](plan);
  return Buffer.from(JSON.stringify(body));
}

function shared({ stream, preset, mistake }: RequestPlan): Json {
  return { model: `@preset/${mistake === 'preset' ? 'nowhere' : preset}`, stream };
}

function promptOf({ promptBytes, mistake, number }: RequestPlan): string {
  return `${mistake === 'refused' ? nonsense : ''} Question ${number}. ${'word '.repeat(Math.ceil(promptBytes / 5))}`;
}

function chat(plan: RequestPlan): Json {
  const { cap, user, tools, vision, schema: wanted, conversation, mistake } = plan;
  const prompt = promptOf(plan);
  const content = vision
    ? [
        { type: 'text', text: prompt },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${picture}` } },
      ]
    : prompt;
  const earlier =
    conversation === undefined
      ? []
      : [
          { role: 'user', content: conversation },
          { role: 'assistant', content: 'Yes.' },
        ];
  return {
    ...shared(plan),
    messages: mistake === 'shape' ? 'hello' : [...earlier, { role: 'user', content }],
    ...(cap === undefined ? {} : { max_tokens: cap }),
    ...(user === undefined ? {} : { user }),
    ...(conversation === undefined ? {} : { session_id: conversation }),
    ...(tools ? { tools: [{ type: 'function', function: { name: 'find', parameters: schema } }] } : {}),
    ...(wanted ? { response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } } : {}),
  };
}

function responses(plan: RequestPlan): Json {
  const { cap, user, tools, vision, schema: wanted, conversation, mistake } = plan;
  const content = [
    { type: 'input_text', text: promptOf(plan) },
    ...(vision ? [{ type: 'input_image', image_url: `data:image/png;base64,${picture}` }] : []),
  ];
  const earlier =
    conversation === undefined
      ? []
      : [
          { role: 'user', content: conversation },
          { role: 'assistant', content: [{ type: 'output_text', text: 'Yes.' }] },
        ];
  return {
    ...shared(plan),
    input: mistake === 'shape' ? 7 : [...earlier, { role: 'user', content }],
    store: false,
    ...(cap === undefined ? {} : { max_output_tokens: cap }),
    ...(user === undefined ? {} : { user }),
    ...(conversation === undefined ? {} : { prompt_cache_key: conversation }),
    ...(tools ? { tools: [{ type: 'function', name: 'find', parameters: schema, strict: false }] } : {}),
    ...(wanted ? { text: { format: { type: 'json_schema', name: 'a', schema } } } : {}),
  };
}

function messages(plan: RequestPlan): Json {
  const { cap, user, tools, vision, conversation, mistake } = plan;
  const content = [
    { type: 'text', text: promptOf(plan) },
    ...(vision
      ? [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: picture } }]
      : []),
  ];
  const earlier =
    conversation === undefined
      ? []
      : [
          { role: 'user', content: conversation },
          { role: 'assistant', content: 'Yes.' },
        ];
  return {
    ...shared(plan),
    max_tokens: cap ?? 700,
    messages: mistake === 'shape' ? 'hello' : [...earlier, { role: 'user', content }],
    ...(user === undefined ? {} : { metadata: { user_id: user } }),
    ...(tools ? { tools: [{ name: 'find', input_schema: schema }] } : {}),
  };
}
