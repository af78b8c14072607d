/** The three dialects as a client of the soak speaks them: what is asked, and how an answer may end. */
import type { Dice } from '../../src/sim/dice.ts';

export type DialectName = 'chat' | 'responses' | 'messages';

type Dialect = {
  readonly path: string;
  body(ask: Ask): object;
  /** The sign that a stream is whole, and the sign that it broke. */
  readonly whole: RegExp;
  readonly broken: RegExp;
};

export type Ask = {
  readonly dialect: DialectName;
  readonly model: string;
  readonly text: string;
  readonly stream: boolean;
  readonly user: string;
};

export const dialects: Readonly<Record<DialectName, Dialect>> = {
  chat: {
    path: '/v1/chat/completions',
    body: ({ model, text, stream, user }) => ({
      model,
      stream,
      user,
      max_tokens: 400,
      messages: [{ role: 'user', content: text }],
    }),
    whole: /^data: \[DONE\]$/m,
    broken: /^data: \{.*"error":\{/m,
  },
  responses: {
    path: '/v1/responses',
    body: ({ model, text, stream, user }) => ({ model, stream, user, max_output_tokens: 400, input: text }),
    whole: /^event: response\.(?:completed|incomplete)$/m,
    broken: /^event: (?:response\.failed|error)$/m,
  },
  messages: {
    path: '/v1/messages',
    body: ({ model, text, stream, user }) => ({
      model,
      stream,
      metadata: { user_id: user },
      max_tokens: 400,
      messages: [{ role: 'user', content: text }],
    }),
    whole: /^event: message_stop$/m,
    broken: /^event: error$/m,
  },
};

/** Texts that come again, as in conversations, so that caches are met; some are new every time. */
const conversations = 300;

export function drawAsk(dice: Dice): Ask {
  const topic = dice.chance(0.1) ? dice.whole(1_000, 1_000_000_000) : dice.whole(1, conversations);
  const words = dice.pick([5, 20, 60, 60, 120, 200]);
  const context = `The parser of part ${topic} drops its last item. `.repeat(dice.pick([1, 10, 200]));
  return {
    dialect: dice.pick<DialectName>(['chat', 'responses', 'messages']),
    model: dice.pick(['@preset/coder', '@preset/coder', '@preset/crossing', '@preset/poor']),
    text: `${context}Write ${words} words about it.`,
    stream: dice.chance(0.85),
    user: `user-${dice.whole(1, 40)}`,
  };
}
