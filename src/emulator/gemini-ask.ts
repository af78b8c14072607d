/** Reads the body of `POST /models/ID:generateContent`; `model` and `stream` were read from the path. */
import { hash } from 'node:crypto';
import { BadAsk, type Ask, type Segment, type ToolChoice, type ToolOffer } from './ask.ts';
import { count, dict, list, text, type Dict } from './json.ts';
import { countTokens, imageTokens } from './tokens.ts';

export function readGeminiAsk(body: Dict): Ask {
  const contents = list(body['contents']).map(dict);
  const model = text(body['model']);
  if (contents.length === 0) throw new BadAsk('* GenerateContentRequest.contents: contents is not specified');
  checkCalls(contents, model);
  const config = dict(body['generationConfig']);
  const maxTokens = count(config['maxOutputTokens']);
  const answerSchema = schemaOf(config);
  const result = partsOf(contents.at(-1)).findLast((part) => 'functionResponse' in part);
  return {
    model,
    stream: body['stream'] === true,
    reportUsage: true,
    choices: Math.min(count(config['candidateCount']) ?? 1, 8),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    stop: list(config['stopSequences']).map(text),
    prompt: promptOf(body, contents),
    userText: lastUserText(contents),
    ...(result ? { toolResult: resultText(dict(result['functionResponse'])) } : {}),
    toolResults: contents.flatMap((content) => partsOf(content)).filter((part) => 'functionResponse' in part)
      .length,
    tools: toolOffers(body['tools']),
    toolChoice: toolChoice(dict(dict(body['toolConfig'])['functionCallingConfig'])),
    ...(answerSchema ? { answerSchema } : {}),
    reasoning: reasoning(dict(config['thinkingConfig'])),
  };
}

/** What the vendor insists on: an answer to every call, and, from the third generation on, proof of who made it. */
function checkCalls(contents: readonly Dict[], model: string): void {
  const strict = Number(/gemini-(\d+)/.exec(model)?.[1] ?? 0) >= 3;
  for (const [at, content] of contents.entries()) {
    const calls = partsOf(content).filter((part) => 'functionCall' in part);
    const [first] = calls;
    if (!first) continue;
    if (strict && text(first['thoughtSignature']) === '')
      throw new BadAsk('Function call is missing a thought_signature in functionCall parts.');
    const answers = partsOf(contents[at + 1]).filter((part) => 'functionResponse' in part);
    if (answers.length !== calls.length)
      throw new BadAsk(
        'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
      );
  }
}

function partsOf(content: Dict | undefined): readonly Dict[] {
  return list(content?.['parts']).map(dict);
}

function toolOffers(tools: unknown): readonly ToolOffer[] {
  return list(tools)
    .flatMap((tool) => list(dict(tool)['functionDeclarations']))
    .map(dict)
    .map(({ name, parameters, parametersJsonSchema }) => ({
      name: text(name),
      schema: { type: 'object', ...dict(parametersJsonSchema ?? parameters) },
    }));
}

function toolChoice({ mode, allowedFunctionNames }: Dict): ToolChoice {
  const [name, ...others] = list(allowedFunctionNames).map(text);
  if (mode === 'NONE') return 'none';
  if (mode !== 'ANY') return 'auto';
  return name !== undefined && others.length === 0 ? { name } : 'required';
}

function schemaOf({ responseMimeType, responseJsonSchema, responseSchema }: Dict): Dict | undefined {
  if (responseMimeType !== 'application/json') return undefined;
  const schema = responseJsonSchema ?? responseSchema;
  return schema === undefined ? { type: 'object', properties: { answer: { type: 'string' } } } : dict(schema);
}

/** Thoughts are counted when a level or a budget is asked for, and shown when asked for as well. */
function reasoning({ includeThoughts, thinkingBudget, thinkingLevel }: Dict): Ask['reasoning'] {
  if (includeThoughts === true) return 'shown';
  const asked = (typeof thinkingBudget === 'number' && thinkingBudget !== 0) || text(thinkingLevel) !== '';
  return asked ? 'hidden' : 'none';
}

function promptOf(body: Dict, contents: readonly Dict[]): readonly Segment[] {
  const tools = list(body['tools']).map((tool) => JSON.stringify(tool));
  const system = partsOf(dict(body['systemInstruction'])).map((part) => `system: ${text(part['text'])}`);
  return [
    ...[...tools, ...system].map(segment),
    ...contents.flatMap((content) =>
      partsOf(content).map((part) => partSegment(text(content['role']), part)),
    ),
  ];
}

function partSegment(role: string, part: Dict): Segment {
  if ('inlineData' in part || 'fileData' in part)
    return { text: `${role}: ${hash('sha256', JSON.stringify(part))}`, tokens: imageTokens };
  return segment(`${role}: ${'text' in part ? text(part['text']) : JSON.stringify(part)}`);
}

function segment(said: string): Segment {
  return { text: said, tokens: countTokens(said) };
}

function lastUserText(contents: readonly Dict[]): string {
  return (
    contents
      .filter(({ role }) => role !== 'model')
      .flatMap((content) => partsOf(content).map((part) => text(part['text'])))
      .findLast((said) => said !== '') ?? ''
  );
}

function resultText({ response }: Dict): string {
  const { output, error } = dict(response);
  const said = output ?? error ?? response;
  return typeof said === 'string' ? said : JSON.stringify(said);
}
