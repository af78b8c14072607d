/** After which failures the same endpoint is asked once more, and after how long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseBefore } from './brief.ts';
import type { FailureClass } from './failure.ts';

const rows: readonly (readonly [
  why: FailureClass,
  retryAfterMs: number | undefined,
  pause: number | undefined,
])[] = [
  ['rate_limit', 0, 1_000],
  ['rate_limit', 1_500, 1_500],
  ['rate_limit', 2_000, 2_000],
  ['rate_limit', 2_001, undefined],
  ['rate_limit', undefined, undefined],
  ['overloaded', undefined, 250],
  ['overloaded', 2_000, 2_000],
  ['overloaded', 30_000, undefined],
  ['server_error', undefined, 250],
  ['server_error', 0, 0],
  ['connection', undefined, 250],
  ['timeout', undefined, undefined],
  ['quota', undefined, undefined],
  ['auth', undefined, undefined],
  ['model_gone', undefined, undefined],
  ['caller', undefined, undefined],
  ['context', undefined, undefined],
  ['moderation', undefined, undefined],
  ['unsupported', undefined, undefined],
  ['too_large_for_rate', 1_000, undefined],
  ['client_gone', undefined, undefined],
];

for (const [why, asked, pause] of rows)
  test(`${why}${asked === undefined ? '' : `, Retry-After ${asked} ms`}: ${pause === undefined ? 'no' : `after ${pause} ms`}`, () => {
    const failure = {
      class: why,
      status: 0,
      message: '',
      ...(asked === undefined ? {} : { retryAfterMs: asked }),
    };
    assert.equal(pauseBefore(failure), pause);
  });
