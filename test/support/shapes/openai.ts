/** What OpenAI's two APIs takes, as strictly as its provider does. Facts: OpenAI API reference, Chat and Responses, and its error messages. */
import { z } from 'zod';
import { finite, name, object, some, tokens, url, whole } from './words.ts';

const chatText = z.strictObject({ type: z.literal('text'), text: z.string() });
const chatParts = z
  .array(
    z.union([
      chatText,
      z.strictObject({
        type: z.literal('image_url'),
        image_url: z.strictObject({ url: z.string().regex(/^(https?:\/\/|data:)/), detail: some.optional() }),
      }),
      z.strictObject({
        type: z.literal('input_audio'),
        input_audio: z.strictObject({ data: z.string(), format: some }),
      }),
      z.strictObject({
        type: z.literal('file'),
        file: z.strictObject({ filename: some, file_data: z.string().startsWith('data:') }),
      }),
    ]),
  )
  .min(1);
const openaiId = z
  .string()
  .min(1)
  .refine((id) => Array.from(id).length <= 64);
const namedFormat = { name, schema: object, strict: z.boolean().optional() };

export const chat = z.strictObject({
  model: some,
  messages: z
    .array(
      z.union([
        z.strictObject({
          role: z.literal('system'),
          content: z.union([z.string(), z.array(chatText).min(1)]),
        }),
        z.strictObject({ role: z.literal('user'), content: z.union([z.string(), chatParts]) }),
        z.strictObject({ role: z.literal('assistant'), content: z.string() }),
        z.strictObject({
          role: z.literal('assistant'),
          content: z.string().nullable(),
          tool_calls: z
            .array(
              z.strictObject({
                id: openaiId,
                type: z.literal('function'),
                function: z.strictObject({ name, arguments: z.string() }),
              }),
            )
            .min(1),
        }),
        z.strictObject({ role: z.literal('tool'), tool_call_id: openaiId, content: z.string() }),
      ]),
    )
    .min(1),
  max_tokens: tokens.optional(),
  max_completion_tokens: tokens.optional(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({
          name,
          description: z.string().optional(),
          parameters: object,
          strict: z.boolean().optional(),
        }),
      }),
    )
    .min(1)
    .optional(),
  tool_choice: z
    .union([
      z.enum(['auto', 'none', 'required']),
      z.strictObject({ type: z.literal('function'), function: z.strictObject({ name }) }),
    ])
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
  temperature: finite.optional(),
  top_p: finite.optional(),
  seed: whole.optional(),
  presence_penalty: finite.optional(),
  frequency_penalty: finite.optional(),
  stop: z.array(z.string()).min(1).max(4).optional(),
  reasoning_effort: some.optional(),
  response_format: z
    .union([
      z.strictObject({ type: z.literal('json_object') }),
      z.strictObject({ type: z.literal('json_schema'), json_schema: z.strictObject(namedFormat) }),
    ])
    .optional(),
  logprobs: z.literal(true).optional(),
  top_logprobs: whole.min(0).optional(),
  verbosity: some.optional(),
  user: some.optional(),
  prompt_cache_key: some.optional(),
  stream: z.literal(true).optional(),
  stream_options: z.strictObject({ include_usage: z.literal(true) }).optional(),
});

const inputParts = z.array(
  z.union([
    z.strictObject({ type: z.literal('input_text'), text: z.string() }),
    z.strictObject({
      type: z.literal('input_image'),
      image_url: z.string().regex(/^(https?:\/\/|data:)/),
      detail: some,
    }),
    z.strictObject({ type: z.literal('input_file'), file_url: url }),
    z.strictObject({
      type: z.literal('input_file'),
      filename: some,
      file_data: z.string().startsWith('data:'),
    }),
  ]),
);

export const responses = z.strictObject({
  model: some,
  instructions: some.optional(),
  input: z
    .array(
      z.union([
        z.strictObject({
          type: z.literal('message'),
          role: z.enum(['developer', 'user']),
          content: inputParts.min(1),
        }),
        z.strictObject({
          type: z.literal('message'),
          role: z.literal('assistant'),
          // As parts it would need an id, which only the provider that made it can give.
          content: some,
        }),
        z.strictObject({
          type: z.literal('reasoning'),
          id: some.optional(),
          summary: z.array(z.strictObject({ type: z.literal('summary_text'), text: z.string() })),
          encrypted_content: some,
        }),
        z.strictObject({ type: z.literal('function_call'), call_id: openaiId, name, arguments: z.string() }),
        z.strictObject({
          type: z.literal('function_call_output'),
          call_id: openaiId,
          output: z.union([z.string(), inputParts]),
        }),
      ]),
    )
    .min(1),
  max_output_tokens: tokens,
  store: z.literal(false),
  include: z.array(some).min(1).optional(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        name,
        description: z.string().optional(),
        parameters: object,
        strict: z.boolean(),
      }),
    )
    .min(1)
    .optional(),
  tool_choice: z
    .union([z.enum(['auto', 'none', 'required']), z.strictObject({ type: z.literal('function'), name })])
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
  temperature: finite.optional(),
  top_p: finite.optional(),
  top_logprobs: whole.min(0).optional(),
  reasoning: z.strictObject({ effort: some.optional(), summary: some.optional() }).optional(),
  text: z
    .strictObject({
      format: z
        .union([
          z.strictObject({ type: z.literal('json_object') }),
          z.strictObject({ type: z.literal('json_schema'), ...namedFormat }),
        ])
        .optional(),
      verbosity: some.optional(),
    })
    .optional(),
  user: some.optional(),
  prompt_cache_key: some.optional(),
  stream: z.literal(true).optional(),
});
