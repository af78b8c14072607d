/** Conversations as fast-check draws them: what every dialect can tell, so that none may lose any of it. */
import fc from 'fast-check';
import type {
  AssistantBlock,
  Content,
  Conversation,
  Media,
  Tool,
  ToolChoice,
  Turn,
} from '../../src/core/conversation.ts';
import type { JsonObject } from '../../src/core/snapshot.ts';

/** Text that is not blank: some providers refuse blank text, and it is not told there. */
export const said = fc
  .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  .filter((text) => text.trim() !== '');

/** JSON text of an object: the arguments of a call. */
export const jsonArguments = fc
  .dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 })
  .map((value) => JSON.stringify(value));

const png: Media = { kind: 'base64', mediaType: 'image/png', data: 'iVBORw0KGgo=' };
const media: readonly Media[] = [png, { kind: 'url', url: 'https://example.com/cat.webp' }];
const image = fc.record({
  image: fc.constantFrom(...media),
  detail: fc.constantFrom('low', 'high', undefined),
});
const text = said.map((value): Content => ({ type: 'text', text: value }));

/** What a user says; only OpenAI's dialects know in which detail an image should be looked at. */
function contents(details: boolean): fc.Arbitrary<readonly Content[]> {
  const shown = image.map(({ image: shown, detail }): Content => ({
    type: 'image',
    image: shown,
    ...(details && detail !== undefined ? { detail } : {}),
  }));
  return fc.array(fc.oneof({ weight: 3, arbitrary: text }, { weight: 1, arbitrary: shown }), {
    minLength: 1,
    maxLength: 3,
  });
}

type Exchange = {
  readonly asked: readonly Content[];
  readonly thought: string | undefined;
  readonly before: string | undefined;
  readonly calls: readonly {
    readonly tool: number;
    readonly args: string;
    readonly result: string;
    readonly failed: boolean;
  }[];
  readonly after: string | undefined;
};

function exchange(details: boolean): fc.Arbitrary<Exchange> {
  const call = fc.record({ tool: fc.nat(2), args: jsonArguments, result: said, failed: fc.boolean() });
  return fc.record({
    asked: contents(details),
    thought: fc.option(said, { nil: undefined }),
    before: fc.option(said, { nil: undefined }),
    calls: fc.array(call, { maxLength: 3 }),
    after: fc.option(said, { nil: undefined }),
  });
}

const schema: JsonObject = { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] };
const tools: readonly Tool[] = ['look', 'find_it', 'go-on'].map((name, index) => ({
  name,
  ...(index === 0 ? {} : { description: `Tool ${index}.` }),
  schema,
}));
const choice = fc.constantFrom<ToolChoice | undefined>(undefined, 'auto', 'none', 'required', {
  tool: 'look',
});

/** What not every dialect can tell: thinking with its signature, and the detail of images. */
export type Extras = { readonly thinks?: boolean; readonly details?: boolean };

/** `idOf` names the call at a place in the conversation. */
export function conversation(
  idOf: (place: number) => string,
  { thinks = false, details = false }: Extras = {},
): fc.Arbitrary<Conversation> {
  return fc
    .record({
      system: fc.option(said, { nil: undefined }),
      exchanges: fc.array(exchange(details), { minLength: 1, maxLength: 4 }),
      choice,
    })
    .map(({ system, exchanges, choice: toolChoice }) => {
      let place = 0;
      const turns = exchanges.flatMap((one, index) =>
        turnsOf(one, { thinks, last: index === exchanges.length - 1, newId: () => idOf(place++) }),
      );
      const opening: readonly Turn[] =
        system === undefined ? [] : [{ role: 'system', content: [{ type: 'text', text: system }] }];
      return {
        turns: [...opening, ...turns],
        tools,
        ...(toolChoice === undefined ? {} : { toolChoice }),
        sampling: {},
        stop: [],
        maxOutput: 1_000,
        stream: false,
        warnings: [],
      };
    });
}

type Scene = { readonly thinks: boolean; readonly last: boolean; readonly newId: () => string };

/** The last exchange waits for an answer: to a question, or to the results of calls. */
function turnsOf(exchange: Exchange, { thinks, last, newId }: Scene): readonly Turn[] {
  const user: Turn = { role: 'user', content: exchange.asked };
  if (exchange.calls.length === 0 && last) return [user];
  const calls = exchange.calls.map((call) => ({ ...call, id: newId() }));
  const text = exchange.before ?? (calls.length === 0 ? 'Well.' : undefined);
  const blocks: readonly AssistantBlock[] = [
    ...(thinks && exchange.thought !== undefined
      ? [{ type: 'thinking' as const, text: exchange.thought, signature: 'c2lnbmVk' }]
      : []),
    ...(text === undefined ? [] : [{ type: 'text' as const, text }]),
    ...calls.map(({ id, tool, args }) => ({
      type: 'call' as const,
      id,
      name: tools[tool]?.name ?? '',
      arguments: args,
    })),
  ];
  const results = calls.map(({ id, result, failed }): Turn => ({
    role: 'tool',
    callId: id,
    content: [{ type: 'text', text: result }],
    ...(failed ? { failed } : {}),
  }));
  const reply: readonly Turn[] =
    calls.length > 0 && !last && exchange.after !== undefined
      ? [{ role: 'assistant', content: [{ type: 'text', text: exchange.after }] }]
      : [];
  return [user, { role: 'assistant', content: blocks }, ...results, ...reply];
}
