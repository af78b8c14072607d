/** Writes a conversation as a generateContent request. Facts: Gemini API reference and its guides. */
import type { Conversation, Tool, ToolChoice } from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { Endpoint, JsonObject } from '../../core/snapshot.ts';
import { writeContents, writeSystem } from './contents.ts';
import { mixesToolsAndSchema } from './generations.ts';
import { writeThinking } from './thinking.ts';

/** The most stop sequences that are taken. */
const mostStops = 5;

/** The request body for the endpoint, and what could not be carried. Safety settings are left to the provider. */
export function writeGemini(
  conversation: Conversation,
  endpoint: Endpoint,
): { readonly body: JsonObject; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const { turns, tools } = conversation;
  const firstOther = turns.findIndex(({ role }) => role !== 'system');
  const opening = firstOther === -1 ? turns : turns.slice(0, firstOther);
  const system = writeSystem(opening, warnings);
  const contents = writeContents(turns.slice(opening.length), endpoint.providerModel, warnings);
  // A request needs something to answer: a system prompt alone is what the user says.
  const speech = contents.length > 0 || system.length === 0 ? contents : [{ role: 'user', parts: system }];
  const body: JsonObject = {
    ...(system.length > 0 && speech === contents ? { systemInstruction: { parts: system } } : {}),
    contents: speech,
    ...(tools.length > 0
      ? {
          tools: [{ functionDeclarations: tools.map(writeTool) }],
          ...optional('toolConfig', writeToolChoice(conversation)),
        }
      : {}),
    generationConfig: writeConfig(conversation, endpoint, warnings),
  };
  if (tools.length > 0 && conversation.parallelTools === false)
    warnings.push('"parallel_tool_calls" has no counterpart at Gemini and was dropped');
  return { body, warnings };
}

function writeConfig(conversation: Conversation, endpoint: Endpoint, warnings: string[]): JsonObject {
  const { sampling, stop, logprobs } = conversation;
  const stops = stop.filter((text) => text !== '');
  if (stops.length > mostStops)
    warnings.push('more than five stop sequences were given; the first five were sent');
  if (conversation.verbosity !== undefined)
    warnings.push('"verbosity" has no counterpart at Gemini and was dropped');
  const thinking = endpoint.features.has('reasoning') ? conversation.thinking : undefined;
  return {
    ...optional('temperature', sampling.temperature),
    ...optional('topP', sampling.topP),
    ...optional('topK', int32('top_k', sampling.topK, warnings)),
    ...optional('seed', int32('seed', sampling.seed, warnings)),
    ...optional('presencePenalty', sampling.presencePenalty),
    ...optional('frequencyPenalty', sampling.frequencyPenalty),
    maxOutputTokens: conversation.maxOutput,
    ...(stops.length > 0 ? { stopSequences: stops.slice(0, mostStops) } : {}),
    ...writeFormat(conversation, endpoint, warnings),
    ...(logprobs === undefined
      ? {}
      : { responseLogprobs: true, ...optional('logprobs', logprobs > 0 ? logprobs : undefined) }),
    ...optional('thinkingConfig', writeThinking(thinking, endpoint.providerModel, warnings)),
  };
}

/** Google's whole numbers have 32 bits. */
function int32(name: string, value: number | undefined, warnings: string[]): number | undefined {
  if (value === undefined || Math.abs(value) < 2 ** 31) return value;
  warnings.push(`"${name}" is larger than Gemini takes and was dropped`);
  return undefined;
}

function writeFormat(
  { format, tools }: Conversation,
  { providerModel }: Endpoint,
  warnings: string[],
): JsonObject {
  if (format === undefined) return {};
  if (tools.length > 0 && !mixesToolsAndSchema(providerModel)) {
    warnings.push('this model cannot answer in JSON while it may call tools; "response_format" was dropped');
    return {};
  }
  return {
    responseMimeType: 'application/json',
    ...(format.type === 'json_schema' ? { responseJsonSchema: format.schema } : {}),
  };
}

/** JSON schemas go as they are: the field takes them, and what a model does not know in them it ignores. */
function writeTool({ name, description, schema }: Tool): JsonObject {
  return {
    name,
    ...optional('description', description),
    parametersJsonSchema: schema['type'] === undefined ? { type: 'object', ...schema } : schema,
  };
}

/** `VALIDATED` leaves the choice to the model and holds its arguments to the schema: what `strict` asks for. */
function writeToolChoice({ toolChoice, tools }: Conversation): JsonObject | undefined {
  const strict = tools.some((tool) => tool.strict === true);
  if (toolChoice === undefined && !strict) return undefined;
  return { functionCallingConfig: choiceOf(toolChoice ?? 'auto', strict) };
}

function choiceOf(choice: ToolChoice, strict: boolean): JsonObject {
  if (choice === 'none') return { mode: 'NONE' };
  if (choice === 'auto') return { mode: strict ? 'VALIDATED' : 'AUTO' };
  return choice === 'required' ? { mode: 'ANY' } : { mode: 'ANY', allowedFunctionNames: [choice.tool] };
}
