/** The rows of docs/defaults.md on staying put, on real sockets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultFailover } from '../src/core/defaults.ts';
import { ask, startPair } from './support/pair.ts';
import { completion, json } from './support/upstream.ts';

const long = { role: 'user', content: 'word '.repeat(4_000) };

test('a warm conversation is tried once more at the same endpoint, any other is not', async (t) => {
  const down = json(503, {});
  const { gateway, first } = await startPair(t, down);
  const talk = { ...ask, session_id: 'talk', messages: [long] };
  const outcomes = async (body: object): Promise<string> => {
    await (await gateway.post(body)).arrayBuffer();
    return gateway
      .lastRecord()
      .attempts.map(({ model, outcome }) => `${model}:${outcome}`)
      .join();
  };
  assert.equal(await outcomes(talk), 'acme/one:overloaded,acme/two:ok', 'it was never there');
  first.answer(json(200, completion('ok')));
  const other = { ...talk, session_id: 'other' };
  assert.equal(await outcomes(other), 'acme/one:ok');
  first.answer(down);
  assert.equal(await outcomes(other), 'acme/one:overloaded,acme/one:overloaded,acme/two:ok');
});

test('a conversation stays five minutes where it was moved to; nobody else does', async (t) => {
  assert.equal(defaultFailover.stay, 300_000);
  const { gateway, first } = await startPair(t, json(500, {}));
  const position = async (body: object): Promise<string | null> =>
    (await gateway.post(body)).headers.get('x-spillway-position');
  const talk = { ...ask, session_id: 'talk', messages: [long] };
  assert.equal(await position(talk), '1');
  first.answer(json(200, completion('ok')));
  assert.equal(await position(talk), '1');
  assert.equal(await position({ ...talk, session_id: 'another' }), '0');
  assert.equal(await position({ ...ask, messages: [long] }), '0', 'a single question');
  assert.equal(await position({ ...ask, session_id: 'talk' }), '0', 'a short side call');
});
