/** What Anthropic's Messages API takes, as strictly as its provider does. Facts: Anthropic API reference, Messages, and its error messages. */
import { z } from 'zod';
import { finite, name, object, schemaObject, some, tokens, told, url, whole } from './words.ts';

const mark = z
  .strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() })
  .optional();
const anthropicText = z.strictObject({ type: z.literal('text'), text: told, cache_control: mark });
const anthropicImage = z.strictObject({
  type: z.literal('image'),
  source: z.union([
    z.strictObject({
      type: z.literal('base64'),
      media_type: z.enum(['image/png', 'image/jpeg', 'image/gif', 'image/webp']),
      data: z.string(),
    }),
    z.strictObject({ type: z.literal('url'), url }),
  ]),
  cache_control: mark,
});
const anthropicDocument = z.strictObject({
  type: z.literal('document'),
  source: z.union([
    z.strictObject({ type: z.literal('base64'), media_type: z.literal('application/pdf'), data: z.string() }),
    z.strictObject({ type: z.literal('text'), media_type: z.literal('text/plain'), data: z.string() }),
    z.strictObject({ type: z.literal('url'), url }),
  ]),
  title: z.string().optional(),
  cache_control: mark,
});
const anthropicId = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/);
const anthropicUser = z.union([
  anthropicText,
  anthropicImage,
  anthropicDocument,
  z.strictObject({
    type: z.literal('tool_result'),
    tool_use_id: anthropicId,
    content: z
      .array(z.union([anthropicText, anthropicImage, anthropicDocument]))
      .min(1)
      .optional(),
    is_error: z.boolean().optional(),
    cache_control: mark,
  }),
]);
const anthropicAssistant = z.union([
  anthropicText,
  z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: some }),
  z.strictObject({ type: z.literal('redacted_thinking'), data: some }),
  z.strictObject({
    type: z.literal('tool_use'),
    id: anthropicId,
    name,
    input: object,
    cache_control: mark,
  }),
]);
export const anthropic = z.strictObject({
  model: some,
  max_tokens: tokens,
  system: z.array(anthropicText).min(1).optional(),
  messages: z
    .array(
      z.union([
        z.strictObject({ role: z.literal('user'), content: z.array(anthropicUser).min(1) }),
        z.strictObject({ role: z.literal('assistant'), content: z.array(anthropicAssistant).min(1) }),
      ]),
    )
    .min(1),
  tools: z
    .array(
      z.strictObject({
        name,
        description: z.string().optional(),
        input_schema: schemaObject,
        strict: z.literal(true).optional(),
        cache_control: mark,
      }),
    )
    .min(1)
    .optional(),
  tool_choice: z
    .union([
      z.strictObject({ type: z.enum(['auto', 'any']), disable_parallel_tool_use: z.boolean().optional() }),
      z.strictObject({ type: z.literal('none') }),
      z.strictObject({ type: z.literal('tool'), name, disable_parallel_tool_use: z.boolean().optional() }),
    ])
    .optional(),
  thinking: z
    .union([
      z.strictObject({ type: z.literal('enabled'), budget_tokens: whole.min(1_024) }),
      z.strictObject({ type: z.literal('adaptive'), display: z.enum(['summarized', 'omitted']).optional() }),
    ])
    .optional(),
  temperature: finite.max(1).optional(),
  top_p: finite.optional(),
  top_k: whole.optional(),
  stop_sequences: z.array(told).min(1).optional(),
  output_config: z
    .strictObject({
      effort: some.optional(),
      format: z.strictObject({ type: z.literal('json_schema'), schema: object }).optional(),
    })
    .optional(),
  metadata: z.strictObject({ user_id: z.string().min(1).max(256) }).optional(),
  stream: z.literal(true).optional(),
});
