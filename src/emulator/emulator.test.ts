import assert from 'node:assert/strict';
import { request, type IncomingHttpHeaders } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Catalogue } from '../core/catalog.ts';
import { perMillion } from '../core/money.ts';
import { startEmulator, type Charge, type Emulator, type FaultKind } from './emulator.ts';

const model = {
  slug: 'maker/one',
  name: 'One',
  features: [],
  offers: ['deepseek', 'openai', 'anthropic'].map((provider) => ({
    provider,
    id: 'one-1',
    price: { base: { input: perMillion(1), output: perMillion(4), cacheRead: perMillion(0.1) } },
  })),
};
const catalogue: Catalogue = {
  models: new Map([[model.slug, model]]),
  aliases: new Map(),
  date: '2026-01-01',
};

let emulator: Emulator;
before(async () => {
  emulator = await startEmulator({ catalogue, tokensPerSecond: Infinity, firstTokenMs: 0 });
});
after(() => emulator.close());
beforeEach(() => emulator.clearFaults());

/** How an exchange ended for a client that looks at the bytes only. */
type Seen = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** `silent`: nothing came any more, and the client left. */
  readonly end: 'clean' | 'reset' | 'refused' | 'broken' | 'silent';
};

type Post = { readonly path: string; readonly body: unknown; readonly leaveAt?: Scene };

/** What has arrived when the client loses patience: from then on it waits for a moment only. */
type Scene = { readonly status: number; readonly body: RegExp };

const moment = 60;

/** Sends a request on a connection of its own. */
function post({ path, body, leaveAt }: Post): Promise<Seen> {
  return new Promise((resolve) => {
    const vendor = path.split('/')[1] ?? '';
    const version = path.includes('/messages') ? { 'anthropic-version': '2023-06-01' } : {};
    const headers = { ...version, 'content-type': 'application/json', connection: 'keep-alive' };
    const call = request(`${emulator.originFor(vendor, 'one-1')}${path}`, {
      method: 'POST',
      headers,
      agent: false,
    });
    let head: Pick<Seen, 'status' | 'headers'> = { status: 0, headers: {} };
    let text = '';
    let [leaving, left] = [false, false];
    const seen = (end: Seen['end']): void => resolve({ ...head, body: text, end: left ? 'silent' : end });
    call.on('response', (response) => {
      head = { status: response.statusCode ?? 0, headers: response.headers };
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        mayLeave();
      });
      mayLeave();
      response.on('end', () => seen('clean')).on('error', () => seen('broken'));
    });
    call.on('error', (error: NodeJS.ErrnoException) =>
      seen(error.code === 'ECONNREFUSED' ? 'refused' : 'reset'),
    );
    const mayLeave = (): void => {
      if (leaving || head.status !== leaveAt?.status || !leaveAt.body.test(text)) return;
      leaving = true;
      setTimeout(() => {
        left = true;
        call.destroy();
      }, moment);
    };
    mayLeave();
    call.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

const paths = { openai: '/openai/v1/chat/completions', anthropic: '/anthropic/v1/messages' } as const;

function ask(stream: boolean, more: object = {}): object {
  return {
    model: 'one-1',
    max_tokens: 500,
    stream,
    messages: [{ role: 'user', content: 'hello there' }],
    ...more,
  };
}

type Row = {
  readonly status: number | readonly [openai: number, anthropic: number];
  readonly end: Seen['end'];
  readonly openai?: RegExp;
  readonly anthropic?: RegExp;
};

/** What the client sees of a fault, and where a stream shows it in another way. */
const table: Record<FaultKind, Row & { readonly stream?: Row }> = {
  rate_limit: {
    status: 429,
    end: 'clean',
    openai: /"code":"rate_limit_exceeded"/,
    anthropic: /"rate_limit_error"/,
  },
  server_error: {
    status: 500,
    end: 'clean',
    openai: /"type":"server_error"/,
    anthropic: /"type":"api_error"/,
  },
  overloaded: { status: [503, 529], end: 'clean', openai: /"service_unav/, anthropic: /"overloaded_error"/ },
  html_502: { status: 502, end: 'clean', openai: /^<html>/, anthropic: /^<html>/ },
  empty_200: { status: 200, end: 'clean', openai: /^$/, anthropic: /^$/ },
  error_in_stream: {
    status: 200,
    end: 'clean',
    openai: /^\{"error":\{/,
    anthropic: /^\{"type":"error","error":\{/,
    stream: {
      status: 200,
      end: 'clean',
      openai: /^data: .*"delta":\{"role":"assistant","content":""\}.*\n\ndata: \{"error":\{.*\n\n$/,
      anthropic:
        /^event: message_start\n.*\n\nevent: ping\n.*\n\nevent: error\ndata: \{"type":"error",.*\n\n$/,
    },
  },
  error_after_content: {
    status: 500,
    end: 'clean',
    openai: /"type":"server_error"/,
    anthropic: /"type":"api_error"/,
    stream: {
      status: 200,
      end: 'clean',
      openai: /(data: .*"delta":\{"content":".*\n\n){5}data: \{"error":\{.*\n\n$/,
      anthropic: /(event: content_block_delta\n.*\n\n){5}event: error\n.*\n\n$/,
    },
  },
  stall: { status: 0, end: 'silent', stream: { status: 200, end: 'silent', openai: /^$/, anthropic: /^$/ } },
  stall_mid_stream: {
    status: 200,
    end: 'silent',
    openai: /^\{"id":"chatcmpl-/,
    anthropic: /^\{"id":"msg_/,
    stream: {
      status: 200,
      end: 'silent',
      openai: /(data: .*"delta":\{"content":".*\n\n){5}$/,
      anthropic: /(event: content_block_delta\n.*\n\n){5}$/,
    },
  },
  reset: { status: 0, end: 'reset' },
  refused: { status: 0, end: 'refused' },
  cut: {
    status: 200,
    end: 'broken',
    openai: /^\{"id":"chatcmpl-/,
    anthropic: /^\{"id":"msg_/,
    stream: {
      status: 200,
      end: 'clean',
      openai: /(data: .*"delta":\{"content":".*\n\n){5}$/,
      anthropic: /(event: content_block_delta\n.*\n\n){5}$/,
    },
  },
  unknown_model: {
    status: 404,
    end: 'clean',
    openai: /"code":"model_not_found"/,
    anthropic: /"not_found_error"/,
  },
  out_of_credit: {
    status: [429, 400],
    end: 'clean',
    openai: /"code":"insufficient_quota"/,
    anthropic: /credit balance/,
  },
  slow: {
    status: 200,
    end: 'clean',
    openai: /"finish_reason":"stop"/,
    anthropic: /"stop_reason":"end_turn"/,
    stream: { status: 200, end: 'clean', openai: /\[DONE\]\n\n$/, anthropic: /"message_stop"\}\n\n$/ },
  },
};

const finished = /"finish_reason":"|\[DONE\]|"stop_reason":"|message_stop/;

for (const [kind, row] of Object.entries(table) as [FaultKind, (typeof table)[FaultKind]][]) {
  for (const wire of ['openai', 'anthropic'] as const) {
    for (const stream of [false, true]) {
      test(`${kind}, ${wire}, ${stream ? 'stream' : 'JSON'}`, async () => {
        const expected = (stream && row.stream) || row;
        emulator.setFault({ model: model.slug, kind, delayMs: 5, tokensPerSecond: 5_000 });
        const status =
          typeof expected.status === 'number' ? expected.status : expected.status[wire === 'openai' ? 0 : 1];
        const body = expected[wire] ?? /^$/;
        const leaving = expected.end === 'silent' ? { leaveAt: { status, body } } : {};
        const seen = await post({ path: paths[wire], body: ask(stream), ...leaving });
        assert.deepEqual([seen.status, seen.end], [status, expected.end], seen.body);
        assert.match(seen.body, body);
        if (kind !== 'slow') assert.doesNotMatch(seen.body, finished);
      });
    }
  }
}

test('a body that is cut or stalls is half of one', async () => {
  for (const kind of ['cut', 'stall_mid_stream'] as const) {
    emulator.setFault({ model: '*', kind });
    const leaveAt = { status: 200, body: kind === 'cut' ? /never/ : /^\{"id"/ };
    const seen = await post({ path: paths.openai, body: ask(false), leaveAt });
    assert.ok(seen.body.length * 2 <= Number(seen.headers['content-length']), kind);
  }
});

test('Retry-After is 30 s, or what was asked for', async () => {
  for (const [retryAfter, header] of [
    [undefined, '30'],
    [7, '7'],
  ] as const) {
    emulator.setFault({ model: '*', kind: 'rate_limit', ...(retryAfter ? { retryAfter } : {}) });
    assert.equal((await post({ path: paths.anthropic, body: ask(true) })).headers['retry-after'], header);
  }
});

test('DeepSeek says in its own way that there is no credit', async () => {
  emulator.setFault({ model: '*', kind: 'out_of_credit' });
  const seen = await post({ path: '/deepseek/v1/chat/completions', body: ask(false) });
  assert.equal(seen.status, 402);
  assert.match(seen.body, /"Insufficient Balance"/);
});

test('a fault holds for its model only, and for as many requests as it was given', async () => {
  emulator.setFault({ model: 'maker/other', kind: 'server_error' });
  assert.equal((await post({ path: paths.openai, body: ask(false) })).status, 200);
  for (const kind of ['server_error', 'refused'] as const) {
    emulator.setFault({ model: model.slug, kind, times: 1 });
    const seen = [
      await post({ path: paths.openai, body: ask(false) }),
      await post({ path: paths.openai, body: ask(false) }),
    ];
    assert.notEqual(seen[0]?.status, 200);
    assert.equal(seen[1]?.status, 200);
  }
  assert.deepEqual(
    emulator.faults().map(({ kind }) => kind),
    ['server_error'],
  );
});

const lastCharge = (): Charge | undefined => Object.values(emulator.bill().charges).at(-1);

/** The charge that is entered after `before`; the client may know the end sooner than the server. */
async function nextCharge(before: Charge | undefined): Promise<Charge> {
  for (;;) {
    const charge = lastCharge();
    if (charge && charge !== before) return charge;
    await pause(5);
  }
}

test('refusals cost nothing; a broken answer costs its input and what was said', async () => {
  const said = /(data: .*"delta":\{"content":".*\n\n){3}$/;
  const rows: readonly (readonly [FaultKind, boolean, Charge['ending'], output: number, until?: RegExp])[] = [
    ['rate_limit', false, 'failed', 0],
    ['empty_200', true, 'failed', 0],
    ['error_in_stream', true, 'failed', 0],
    ['reset', true, 'failed', 0],
    ['stall', true, 'client_gone', 0, /^$/],
    ['error_after_content', true, 'cut', 3],
    ['cut', true, 'cut', 3],
    ['cut', false, 'cut', 3],
    ['stall_mid_stream', true, 'client_gone', 3, said],
  ];
  for (const [kind, stream, ending, output, until] of rows) {
    const before = lastCharge();
    emulator.setFault({ model: '*', kind, afterTokens: 3 });
    const leaving = until ? { leaveAt: { status: 200, body: until } } : {};
    await post({ path: paths.openai, body: ask(stream), ...leaving });
    const charge = await nextCharge(before);
    assert.deepEqual([charge.ending, charge.usage.output], [ending, output], kind);
    assert.equal(charge.cost, charge.usage.input * 1_000 + output * 4_000, kind);
    assert.equal(charge.usage.input > 0, output > 0, kind);
  }
});

test('a client that hangs up stops the generation and pays for what was said', async () => {
  const before = lastCharge();
  emulator.setFault({ model: '*', kind: 'slow', delayMs: 0, tokensPerSecond: 200 });
  const body = ask(true, { max_tokens: 50_000, messages: [{ role: 'user', content: 'write 20000 words' }] });
  const url = `${emulator.originFor('openai', 'one-1')}${paths.openai}`;
  const frames = await new Promise<number>((resolve) => {
    const call = request(url, { method: 'POST', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const count = text.split('"content":"').length - 2;
        if (count < 5) return;
        call.destroy();
        resolve(count);
      });
      response.on('error', () => {});
    });
    call.end(JSON.stringify(body));
  });
  const { ending, usage } = await nextCharge(before);
  assert.equal(ending, 'client_gone');
  assert.ok(usage.output >= frames && usage.output < 5_000, `${usage.output} of ${frames}`);
});

test('a client that leaves before the body is there pays once for what was generated', async () => {
  const [before, { requests }] = [lastCharge(), emulator.bill().total];
  emulator.setFault({ model: '*', kind: 'slow', delayMs: 0, tokensPerSecond: 400, times: 1 });
  const body = ask(false, { messages: [{ role: 'user', content: 'write 100 words' }] });
  const url = `${emulator.originFor('openai', 'one-1')}${paths.openai}`;
  const call = request(url, { method: 'POST', agent: false }).on('error', () => {});
  call.end(JSON.stringify(body));
  while (emulator.faults().length > 0) await pause(5);
  await pause(moment);
  call.destroy();
  const { ending, usage } = await nextCharge(before);
  assert.equal(ending, 'client_gone');
  assert.ok(usage.output > 0 && usage.output < 100);
  await pause(500);
  assert.equal(emulator.bill().total.requests, requests + 1, 'the generation went on without a reader');
});

test('a client that does not read holds the generation back', async () => {
  const before = lastCharge();
  const messages = [{ role: 'user', content: 'write 20000 words' }];
  const body = ask(true, { n: 8, max_tokens: 50_000, messages });
  const url = `${emulator.originFor('openai', 'one-1')}${paths.openai}`;
  const call = request(url, { method: 'POST', agent: false }, (response) =>
    response.pause().on('error', () => {}),
  );
  call.on('error', () => {}).end(JSON.stringify(body));
  await pause(300);
  assert.equal(lastCharge(), before, 'it is still waiting');
  call.destroy();
  const { ending, usage } = await nextCharge(before);
  assert.equal(ending, 'client_gone');
  assert.ok(usage.output > 0 && usage.output < 8 * 20_000);
});

test('mistakes of the caller are refused as the vendor would', async () => {
  const big = Buffer.alloc(64 * 1_024 * 1_024 + 1, ' ').toString();
  const rows: readonly (readonly [string, unknown, number, RegExp])[] = [
    [paths.openai, '{"model":', 400, /"type":"invalid_request_error"/],
    [paths.openai, { messages: [] }, 400, /"param":"model"/],
    [paths.openai, { model: 'one-1' }, 400, /"param":"messages"/],
    [paths.openai, big, 413, /"error":\{/],
    ['/openai/v1/unheard', {}, 404, /"error":\{"message":/],
    [paths.anthropic, '[', 400, /"type":"invalid_request_error"/],
    [paths.anthropic, { model: 'one-1', messages: [{}] }, 400, /max_tokens: Field required/],
    [paths.anthropic, { model: 'one-1', max_tokens: 1 }, 400, /messages: /],
    [paths.anthropic, big, 413, /"type":"request_too_large"/],
    ['/anthropic/v1/messages/batches', {}, 404, /"type":"not_found_error"/],
  ];
  const before = emulator.bill().total.requests;
  for (const [path, body, status, says] of rows) {
    const seen = await post({ path, body });
    assert.equal(seen.status, status, path);
    assert.match(seen.body, says);
  }
  assert.equal(emulator.bill().total.requests, before);
});

test('closing breaks off stalled and running answers and frees the port', async () => {
  const main = emulator;
  emulator = await startEmulator({ catalogue, tokensPerSecond: 1 });
  const running = post({ path: paths.openai, body: ask(true) });
  emulator.setFault({ model: '*', kind: 'stall', times: 1 });
  const stalled = post({ path: paths.anthropic, body: ask(false) });
  while (emulator.faults().length > 0) await pause(5);
  const { port } = emulator;
  await emulator.close();
  assert.deepEqual([(await running).end, (await stalled).end], ['broken', 'reset']);
  emulator = await startEmulator({ catalogue, port });
  assert.equal(emulator.port, port);
  await emulator.close();
  emulator = main;
});

test('options that make no sense are refused by name', async () => {
  await assert.rejects(startEmulator({ catalogue, tokensPerSecond: 0 }), /tokensPerSecond must be above 0/);
  await assert.rejects(startEmulator({ catalogue, firstTokenMs: -1 }), /firstTokenMs must be 0 or more/);
});
