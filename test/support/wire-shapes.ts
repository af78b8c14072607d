/** What a provider would refuse a request for, by its shape: written from their references, without a look at ours. */
import { z } from 'zod';
import type { Wire } from '../../src/core/catalog.ts';
import { anthropic } from './shapes/anthropic.ts';
import { gemini } from './shapes/gemini.ts';
import { chat, responses } from './shapes/openai.ts';
import { anthropicHistory, chatHistory, geminiHistory, responsesHistory } from './wire-histories.ts';

type Complaints = readonly string[];

const wires: Readonly<Record<Wire, readonly [z.ZodType, (body: never) => Complaints]>> = {
  anthropic: [anthropic, anthropicHistory],
  'openai-chat': [chat, chatHistory],
  'openai-responses': [responses, responsesHistory],
  gemini: [gemini, geminiHistory],
};

/** What the wire's provider would refuse in this body; nothing, if it would take it. */
export function complaints(wire: Wire, body: unknown): Complaints {
  const [shape, history] = wires[wire];
  const read = shape.safeParse(body);
  const broken = brokenTexts(body);
  if (!read.success) return [...broken, z.prettifyError(read.error)];
  return [...broken, ...history(body as never)];
}

/** Texts, keys among them, that are no well-formed Unicode. */
function brokenTexts(value: unknown): Complaints {
  if (typeof value === 'string')
    return value.isWellFormed() ? [] : [`not well-formed: ${JSON.stringify(value)}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [...brokenTexts(key), ...brokenTexts(item)]);
}
