/** How each dialect says that something went wrong: the shape that its official SDKs read. */
import { z } from 'zod';
import type { Api } from '../../src/core/ask.ts';

const some = z.string().min(1);
/** OpenRouter's: `code` is the HTTP status. */
const openrouter = z.object({
  error: z.strictObject({
    code: z.number().int(),
    message: some,
    type: some,
    param: z.string().nullable(),
    metadata: z.looseObject({ error_type: some }),
  }),
});
/** OpenAI's: `type` and `code` are words. */
const openai = z.object({
  error: z.strictObject({
    message: some,
    type: some,
    param: z.string().nullable(),
    code: some,
    metadata: z.looseObject({ error_type: some }),
  }),
});
const anthropic = z.object({
  type: z.literal('error'),
  error: z.looseObject({ type: z.string().regex(/_error$|^request_too_large$/), message: some }),
  request_id: some.nullable(),
});

const envelopes: Readonly<Record<Api, z.ZodType>> = {
  chat: openrouter,
  embeddings: openrouter,
  responses: openai,
  messages: anthropic,
};

/** What is wrong with the body of an error answer; undefined when nothing is. */
export function wrongEnvelope(api: Api, body: unknown): string | undefined {
  const read = envelopes[api].safeParse(body);
  return read.success ? undefined : z.prettifyError(read.error);
}
