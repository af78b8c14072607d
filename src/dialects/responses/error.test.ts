/** Problems as the Responses dialect tells them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problem, type ProblemCode } from '../../core/problem.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { SseReader } from '../sse.ts';
import { responsesError, responsesErrorEvent } from './error.ts';

const table: readonly (readonly [ProblemCode, string, string])[] = [
  ['invalid_request', 'invalid_request_error', 'invalid_prompt'],
  ['invalid_key', 'authentication_error', 'invalid_prompt'],
  ['models_locked', 'permission_error', 'invalid_prompt'],
  ['preset_not_found', 'not_found_error', 'invalid_prompt'],
  ['context_length_exceeded', 'invalid_request_error', 'context_length_exceeded'],
  ['upstream_rate_limited', 'rate_limit_error', 'rate_limit_exceeded'],
  ['stream_interrupted', 'server_error', 'server_error'],
  ['internal', 'server_error', 'server_error'],
];

for (const [code, type, inStream] of table)
  test(`${code} is a ${type}, and ${inStream} inside a stream`, () => {
    const told = problem(code, 'What went wrong.', { param: 'input' });
    const error = responsesError(told, [])['error'] as JsonObject;
    assert.deepEqual(
      [error['message'], error['type'], error['param'], error['code']],
      ['What went wrong.', type, 'input', code],
    );
    const frames = responsesErrorEvent(told, [], {
      generation: 'gen-1',
      model: 'a/b',
      created: 7,
      answers: 1,
    });
    const events = new SseReader().push(Buffer.from(frames));
    assert.deepEqual(
      events.map(({ name }) => name),
      ['response.failed'],
    );
    const event = JSON.parse(events[0]?.data.toString() ?? '') as { response: JsonObject };
    const { id, status, model, error: inside } = event.response;
    assert.deepEqual([id, status, model], ['resp_1', 'failed', 'a/b']);
    assert.equal((inside as JsonObject)['code'], inStream);
  });
