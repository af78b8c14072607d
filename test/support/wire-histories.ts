/** Rules of each wire that no schema can say: who speaks after whom, and that every tool call is answered once. */

type Block = {
  readonly type: string;
  readonly text?: string;
  readonly id?: string;
  readonly tool_use_id?: string;
};
type Named = { readonly name: string };

/** Calls by id against the answers to them, which must be the same, each once. */
function unanswered(calls: readonly string[], answers: readonly string[], where: string): readonly string[] {
  const same = calls.length === answers.length && calls.every((id) => answers.includes(id));
  const once = new Set(calls).size === calls.length;
  return same && once ? [] : [`${where}: calls ${calls.join()} are answered by ${answers.join()}`];
}

function chosen(tool: string | undefined, tools: readonly Named[] | undefined): readonly string[] {
  return tool === undefined || tools?.some(({ name }) => name === tool) ? [] : [`no tool ${tool} to choose`];
}

function once(names: readonly string[] | undefined): readonly string[] {
  return new Set(names).size === (names?.length ?? 0) ? [] : ['a tool name stands twice'];
}

/** The user first, then in turn; results in the very next message, before anything else; ids are used once. */
export function anthropicHistory(body: {
  messages: readonly { role: string; content: readonly Block[] }[];
  tools?: readonly Named[];
  tool_choice?: { name?: string };
  thinking?: { budget_tokens?: number };
  max_tokens: number;
}): readonly string[] {
  const { messages, tools, tool_choice: choice, thinking } = body;
  const found = [...chosen(choice?.name, tools), ...once(tools?.map(({ name }) => name))];
  const marks = JSON.stringify(body).match(/"cache_control":/g)?.length ?? 0;
  if (marks > 4) found.push(`${marks} cache marks`);
  if ((thinking?.budget_tokens ?? 0) >= body.max_tokens) found.push('thinking takes the whole output');
  let calls: readonly string[] = [];
  const ids = new Set<string>();
  for (const [index, { role, content }] of messages.entries()) {
    if ((role === 'user') !== (index % 2 === 0)) found.push(`message ${index} is of the ${role}`);
    const results = content.flatMap(({ type, tool_use_id: id = '' }) => (type === 'tool_result' ? [id] : []));
    found.push(...unanswered(calls, results, `message ${index}`));
    if (content.slice(0, results.length).some(({ type }) => type !== 'tool_result'))
      found.push('something stands before a result');
    calls = content.flatMap(({ type, id = '' }) => (type === 'tool_use' ? [id] : []));
    for (const id of calls) {
      if (ids.has(id)) found.push(`the id ${id} is used twice`);
      ids.add(id);
    }
    if (role === 'assistant' && content.at(-1)?.type.includes('thinking')) found.push('ends in thinking');
  }
  const end = messages.at(-1);
  const begun = end?.role === 'assistant' ? (end.content.at(-1)?.text ?? '') : '';
  if (begun !== begun.trimEnd()) found.push('an answer begun with white space at its end');
  return [...found, ...unanswered(calls, [], 'the end')];
}

type ChatMessage = {
  readonly role: string;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly { readonly id: string }[];
};

/** Right after calls come their results, and results come nowhere else. */
export function chatHistory(body: {
  messages: readonly ChatMessage[];
  tools?: readonly { function: Named }[];
  tool_choice?: { function?: Named };
}): readonly string[] {
  const tools = body.tools?.map((tool) => tool.function);
  const found = [...chosen(body.tool_choice?.function?.name, tools), ...once(tools?.map(({ name }) => name))];
  let calls: readonly string[] = [];
  let answers: string[] = [];
  for (const { role, tool_call_id: id = '', tool_calls: made = [] } of body.messages) {
    if (role === 'tool') {
      answers.push(id);
      continue;
    }
    found.push(...unanswered(calls, answers, role));
    calls = made.map((call) => call.id);
    answers = [];
  }
  return [...found, ...unanswered(calls, answers, 'the end')];
}

/** Outputs and calls belong together, an output after its call; reasoning is followed by what it led to. */
export function responsesHistory(body: {
  input: readonly { type: string; role?: string; call_id?: string }[];
  tools?: readonly Named[];
  tool_choice?: { name?: string };
}): readonly string[] {
  const { input, tools, tool_choice: choice } = body;
  const found = [...chosen(choice?.name, tools), ...once(tools?.map(({ name }) => name))];
  const of = (wanted: string): readonly string[] =>
    input.flatMap(({ type, call_id: id = '' }) => (type === wanted ? [id] : []));
  found.push(...unanswered(of('function_call'), of('function_call_output'), 'the input'));
  for (const [index, item] of input.entries()) {
    const next = input[index + 1];
    const made = next?.type === 'function_call' || next?.type === 'reasoning' || next?.role === 'assistant';
    if (item.type === 'reasoning' && !made) found.push(`item ${index}: reasoning that led to nothing`);
    const call = input.findIndex(({ type, call_id: id }) => type === 'function_call' && id === item.call_id);
    if (item.type === 'function_call_output' && call > index) found.push(`item ${index}: before its call`);
  }
  return found;
}

type GeminiContent = {
  readonly role: string;
  readonly parts: readonly {
    readonly functionCall?: { readonly id: string };
    readonly functionResponse?: { readonly id: string };
  }[];
};

/** A call comes right after the user or a result, and right after it as many results as there were calls. */
export function geminiHistory(body: {
  contents: readonly GeminiContent[];
  tools?: readonly { functionDeclarations: readonly Named[] }[];
  toolConfig?: { functionCallingConfig: { allowedFunctionNames?: readonly string[] } };
}): readonly string[] {
  const tools = body.tools?.flatMap(({ functionDeclarations }) => functionDeclarations);
  const [choice] = body.toolConfig?.functionCallingConfig.allowedFunctionNames ?? [];
  const found = [...chosen(choice, tools), ...once(tools?.map(({ name }) => name))];
  let calls: readonly string[] = [];
  let before = '';
  for (const { role, parts } of body.contents) {
    const answers = parts.flatMap(({ functionResponse }) => (functionResponse ? [functionResponse.id] : []));
    found.push(...unanswered(calls, answers, role));
    calls = parts.flatMap(({ functionCall }) => (functionCall ? [functionCall.id] : []));
    if (calls.length > 0 && before !== 'user') found.push('a call before anybody asked for anything');
    before = role;
  }
  return [...found, ...unanswered(calls, [], 'the end')];
}
