/** What Google's generateContent takes, as strictly as its provider does. Facts: Gemini API reference, GenerateContentRequest, and its error messages. */
import { z } from 'zod';
import { finite, int32, name, object, schemaObject, some, url } from './words.ts';

const signature = some.optional();
const blob = z.strictObject({ mimeType: some, data: z.string() });
const geminiPart = z.union([
  z.strictObject({ text: z.string(), thought: z.literal(true).optional(), thoughtSignature: signature }),
  z.strictObject({ inlineData: blob }),
  z.strictObject({ fileData: z.strictObject({ mimeType: some, fileUri: url }) }),
  z.strictObject({
    functionCall: z.strictObject({ id: some, name, args: object }),
    thoughtSignature: signature,
  }),
  z.strictObject({
    functionResponse: z.strictObject({
      id: some,
      name,
      response: object,
      parts: z.array(z.unknown()).min(1).optional(),
    }),
  }),
]);

export const gemini = z.strictObject({
  systemInstruction: z.strictObject({ parts: z.array(z.strictObject({ text: some })).min(1) }).optional(),
  contents: z
    .array(z.strictObject({ role: z.enum(['user', 'model']), parts: z.array(geminiPart).min(1) }))
    .min(1),
  tools: z
    .array(
      z.strictObject({
        functionDeclarations: z
          .array(
            z.strictObject({ name, description: z.string().optional(), parametersJsonSchema: schemaObject }),
          )
          .min(1),
      }),
    )
    .length(1)
    .optional(),
  toolConfig: z
    .strictObject({
      functionCallingConfig: z.strictObject({
        mode: z.enum(['AUTO', 'ANY', 'NONE', 'VALIDATED']),
        allowedFunctionNames: z.array(name).length(1).optional(),
      }),
    })
    .optional(),
  generationConfig: z.strictObject({
    temperature: finite.optional(),
    topP: finite.optional(),
    topK: int32.optional(),
    seed: int32.optional(),
    presencePenalty: finite.optional(),
    frequencyPenalty: finite.optional(),
    maxOutputTokens: int32.min(1),
    stopSequences: z.array(some).min(1).max(5).optional(),
    responseMimeType: z.literal('application/json').optional(),
    responseJsonSchema: object.optional(),
    responseLogprobs: z.literal(true).optional(),
    logprobs: int32.min(1).optional(),
    thinkingConfig: z
      .strictObject({
        thinkingLevel: some.optional(),
        thinkingBudget: int32.min(-1).optional(),
        includeThoughts: z.literal(true).optional(),
      })
      .optional(),
  }),
});
