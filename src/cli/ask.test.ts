import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { capturedShell, type CapturedShell, type ShellOptions } from '../../test/support/captured-shell.ts';
import { host } from '../../test/support/control-host.ts';
import { addGeneration, addUsage, factLine, factsFromHeaders, readTries } from './ask-facts.ts';
import { runCommand } from './main.ts';
import { plain } from './shell.ts';

const primaryHeaders = {
  'x-generation-id': 'gen-1',
  'x-spillway-preset': 'coder@1',
  'x-spillway-model': 'deepseek/deepseek-v4-pro',
  'x-spillway-provider': 'emulator-deepseek',
  'x-spillway-position': '0',
  'x-spillway-fallback': 'false',
  'x-spillway-attempts': 'deepseek/deepseek-v4-pro@emulator-deepseek:ok',
};
const fallbackHeaders = {
  ...primaryHeaders,
  'x-spillway-model': 'anthropic/claude-haiku-4.5',
  'x-spillway-provider': 'emulator-anthropic',
  'x-spillway-position': '1',
  'x-spillway-fallback': 'true',
  'x-spillway-attempts':
    'deepseek/deepseek-v4-pro@emulator-deepseek:rate_limit,anthropic/claude-haiku-4.5@emulator-anthropic:ok',
};
const primaryLine = 'position 0 primary · deepseek/deepseek-v4-pro @ emulator-deepseek · $0.000123 · 0.42 s';
const fallbackLine =
  'position 1 FALLBACK · anthropic/claude-haiku-4.5 @ emulator-anthropic · $0.000357 · 2.9x the primary · 0.42 s · because deepseek/deepseek-v4-pro@emulator-deepseek: rate_limit';

describe('the line that says what served', () => {
  const table: readonly (readonly [
    name: string,
    headers: Record<string, string>,
    usage: unknown,
    line: string,
  ])[] = [
    ['the primary', primaryHeaders, { cost: 0.000123 }, primaryLine],
    ['a fallback', fallbackHeaders, { cost: 0.000357, spillway: { cost_multiplier: 2.9 } }, fallbackLine],
    [
      'a whole answer, whose headers know the cost',
      { ...fallbackHeaders, 'x-spillway-cost-usd': '0.000357', 'x-spillway-cost-multiplier': '2.9' },
      undefined,
      fallbackLine,
    ],
    [
      'a heartbeat went first: only the last chunk knows',
      { 'x-generation-id': 'gen-1', 'x-spillway-pending': 'true' },
      {
        cost: 0.000357,
        spillway: {
          model: 'anthropic/claude-haiku-4.5',
          provider: 'emulator-anthropic',
          position: 1,
          fallback: true,
          cost_multiplier: 2.9,
          attempts: fallbackHeaders['x-spillway-attempts'].split(','),
        },
      },
      fallbackLine,
    ],
    [
      'nothing known',
      {},
      { cost: 'much', spillway: { position: 'first', attempts: 3 } },
      'position unknown · cost unknown · 0.42 s',
    ],
  ];
  for (const [name, headers, usage, line] of table) {
    test(name, () =>
      assert.equal(factLine(addUsage(factsFromHeaders(new Headers(headers)), usage), 420, plain), line),
    );
  }

  test('what an answer left open comes from its record', () => {
    const record = {
      data: {
        total_cost: 0.000357,
        model: 'anthropic/claude-haiku-4.5',
        provider_name: 'emulator-anthropic',
        position: 1,
        fallback: true,
        cost_multiplier: 2.9,
        attempts: [
          { model: 'deepseek/deepseek-v4-pro', provider: 'emulator-deepseek', outcome: 'rate_limit' },
          { model: 'anthropic/claude-haiku-4.5', provider: 'emulator-anthropic', outcome: 'ok' },
        ],
      },
    };
    assert.equal(factLine(addGeneration(factsFromHeaders(new Headers()), record), 420, plain), fallbackLine);
  });

  test('attempts may name models with colons, and lists that were shortened', () => {
    assert.deepEqual(readTries('a/b:free@openrouter:server_error, c/d@x:ok,+3 more'), [
      { endpoint: 'a/b:free@openrouter', outcome: 'server_error' },
      { endpoint: 'c/d@x', outcome: 'ok' },
    ]);
    assert.deepEqual(readTries(''), []);
  });
});

type Seen = { body?: Record<string, unknown>; auth?: string | null };

/** Runs `ask` against a gateway that answers as told. */
async function askGateway(
  answer: (request: Request) => Response,
  argv: readonly string[],
  options: ShellOptions = {},
): Promise<{ readonly code: number; readonly shell: CapturedShell; readonly seen: Seen }> {
  const seen: Seen = {};
  const server = await host(async (request) => {
    if (request.method === 'POST') {
      seen.body = (await request.json()) as Record<string, unknown>;
      seen.auth = request.headers.get('authorization');
    }
    return answer(request);
  });
  const shell = capturedShell({
    ...options,
    env: { SPILLWAY_URL: server.url, SPILLWAY_KEY: 'sk-test', ...options.env },
  });
  const code = await runCommand(['ask', ...argv], shell);
  await server.close();
  return { code, shell, seen };
}

function stream(headers: Record<string, string>, ...events: readonly string[]): () => Response {
  const body = events.map((event) => `data: ${event}\n\n`).join('');
  return () => new Response(body, { headers: { ...headers, 'content-type': 'text/event-stream' } });
}

function delta(content: string): string {
  return JSON.stringify({ choices: [{ delta: { content } }] });
}

const stop = JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }] });
const lastChunk = JSON.stringify({ choices: [], usage: { cost: 0.000123 } });

describe('ask', () => {
  test('streams the answer, then one line tells what served it', async () => {
    const answer = stream(primaryHeaders, delta('Hel'), delta('lo'), stop, lastChunk, '[DONE]');
    const { code, shell, seen } = await askGateway(answer, [
      'coder',
      'hi',
      '--system',
      'Be brief.',
      '--max-tokens',
      '50',
    ]);
    assert.equal(code, 0);
    assert.match(
      shell.stdout(),
      /^Hello\nposition 0 primary · deepseek\/deepseek-v4-pro @ emulator-deepseek · \$0\.000123 · \d/,
    );
    assert.equal(seen.auth, 'Bearer sk-test');
    assert.deepEqual(seen.body, {
      model: '@preset/coder',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hi' },
      ],
      max_tokens: 50,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test('a model, a pin and a piped prompt go as they stand', async () => {
    const answer = stream(primaryHeaders, delta('x'), stop, lastChunk, '[DONE]');
    for (const [name, model] of [
      ['a/b', 'a/b'],
      ['@preset/coder@3', '@preset/coder@3'],
      ['coder', '@preset/coder'],
    ] as const) {
      const { seen } = await askGateway(answer, [name], { stdin: 'from a pipe' });
      assert.partialDeepStrictEqual(seen.body, {
        model,
        messages: [{ role: 'user', content: 'from a pipe' }],
      });
    }
  });

  test('without streaming', async () => {
    const body = {
      choices: [{ message: { content: 'Hello' }, finish_reason: 'length' }],
      usage: { cost: 0.000123 },
    };
    const { code, shell, seen } = await askGateway(
      () => Response.json(body, { headers: primaryHeaders }),
      ['coder', 'hi', '--no-stream'],
    );
    assert.equal(code, 0);
    assert.equal(seen.body?.['stream'], undefined);
    assert.match(shell.stdout(), /^Hello\nposition 0 primary/);
    assert.match(shell.stderr(), /stopped at the output cap/);
  });

  test('as JSON', async () => {
    const answer = stream(
      fallbackHeaders,
      delta('Hello'),
      stop,
      JSON.stringify({ choices: [], usage: { cost: 0.1, spillway: { cost_multiplier: 2.9 } } }),
      '[DONE]',
    );
    const { shell } = await askGateway(answer, ['coder', 'hi', '--json']);
    assert.partialDeepStrictEqual(JSON.parse(shell.stdout()), {
      answer: 'Hello',
      finish: 'stop',
      generation_id: 'gen-1',
      preset: 'coder@1',
      model: 'anthropic/claude-haiku-4.5',
      position: 1,
      fallback: true,
      cost_usd: 0.1,
      cost_multiplier: 2.9,
      attempts: [
        { endpoint: 'deepseek/deepseek-v4-pro@emulator-deepseek', outcome: 'rate_limit' },
        { outcome: 'ok' },
      ],
    });
    assert.equal(shell.stderr(), '');
  });

  const broken: readonly (readonly [name: string, answer: () => Response, says: RegExp])[] = [
    [
      'an error event',
      stream(primaryHeaders, delta('Hel'), '{"error":{"message":"the provider went away"}}'),
      /broken off: the provider went away/,
    ],
    [
      'an end without a finish',
      stream(primaryHeaders, delta('Hel')),
      /broken off: the connection closed in mid-answer/,
    ],
    ['something that is not JSON', stream(primaryHeaders, delta('Hel'), '<html>'), /broken off: .*not JSON/],
  ];
  for (const [name, answer, says] of broken) {
    test(`${name} is not a finished answer`, async () => {
      const { code, shell } = await askGateway(answer, ['coder', 'hi']);
      assert.equal(code, 1);
      assert.match(shell.stdout(), /^Hel\nposition 0/);
      assert.match(shell.stderr(), says);
    });
  }

  test('a refusal is the gateway’s own sentence, with what was tried', async () => {
    const answer = () =>
      Response.json(
        { error: { message: 'every model of the chain failed' } },
        { status: 503, headers: { 'x-spillway-attempts': 'a/b@x:timeout' } },
      );
    const { code, shell } = await askGateway(answer, ['coder', 'hi']);
    assert.equal(code, 1);
    assert.equal(shell.stderr(), 'spillway: every model of the chain failed (tried a/b@x: timeout)\n');
    assert.equal(shell.stdout(), '');
  });

  test('a terminal is not steered by what a model says; a pipe gets every byte', async () => {
    const answer = stream(primaryHeaders, delta('\u001b[2Jgone'), stop, lastChunk, '[DONE]');
    const onTerminal = await askGateway(answer, ['coder', 'hi'], { terminal: true });
    assert.match(onTerminal.shell.stdout(), /^\[2Jgone\n/);
    const piped = await askGateway(answer, ['coder', 'hi']);
    assert.ok(piped.shell.stdout().startsWith('\u001b[2Jgone\n'));
  });

  test('without a key or a prompt it says what to do', async () => {
    const noKey = await askGateway(() => new Response(), ['coder', 'hi'], { env: { SPILLWAY_KEY: '' } });
    assert.equal(noKey.code, 2);
    assert.match(noKey.shell.stderr(), /set SPILLWAY_KEY or use --key/);
    const noPrompt = await askGateway(() => new Response(), ['coder']);
    assert.equal(noPrompt.code, 2);
    assert.match(noPrompt.shell.stderr(), /spillway ask coder "TEXT"/);
  });
});
