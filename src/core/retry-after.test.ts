import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classify } from './failure.ts';
import { retryAfterMs } from './retry-after.ts';

/** Wednesday, 21 October 2026, 07:27:00 UTC. */
const now = Date.UTC(2026, 9, 21, 7, 27);

/** Headers of a 429 → ms to wait. */
const waits: readonly (readonly [Readonly<Record<string, string>>, number | undefined])[] = [
  [{}, undefined],
  [{ 'retry-after': '41' }, 41_000],
  [{ 'retry-after': '0.5' }, 1_000],
  [{ 'retry-after': '0' }, 1_000],
  [{ 'retry-after': '999999' }, 3_600_000],
  [{ 'retry-after': '-5' }, undefined],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after-ms': '2500' }, 2_500],
  // The exact one goes before the rounded one.
  [{ 'retry-after-ms': '2500', 'retry-after': '3' }, 2_500],
  [{ 'retry-after-ms': 'soon', 'retry-after': '3' }, 3_000],
  // An HTTP date, by the provider's clock where it tells it, and one that is over.
  [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, 60_000],
  [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT', date: 'Wed, 21 Oct 2026 07:27:50 GMT' }, 10_000],
  [{ 'retry-after': 'Wed, 21 Oct 2026 07:20:00 GMT' }, 1_000],
  [{ 'retry-after': 'Thu, 22 Oct 2026 07:28:00 GMT' }, 3_600_000],
  [{ 'retry-after': 'Wed, 99 Oct 2026 99:99:99 GMT' }, undefined],
  // OpenAI and Groq: as Go prints durations. The limit that is used up decides.
  [{ 'x-ratelimit-reset-tokens': '18.642s', 'x-ratelimit-remaining-tokens': '0' }, 18_642],
  [{ 'x-ratelimit-reset-tokens': '6m0s', 'x-ratelimit-remaining-tokens': '0' }, 360_000],
  [{ 'x-ratelimit-reset-requests': '120ms' }, 1_000],
  [
    {
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '1h2m3s',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '7.66s',
    },
    7_660,
  ],
  [
    {
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '2m59.5s',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '7s',
    },
    179_500,
  ],
  // None is used up: the request was larger than what was left of one.
  [
    {
      'x-ratelimit-remaining-requests': '9',
      'x-ratelimit-reset-requests': '40s',
      'x-ratelimit-remaining-tokens': '100',
      'x-ratelimit-reset-tokens': '3s',
    },
    3_000,
  ],
  // OpenRouter: the epoch's milliseconds; others its seconds, or seconds from now.
  [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 30_000) }, 30_000],
  [{ 'x-ratelimit-reset': String(now / 1_000 + 45) }, 45_000],
  [{ 'x-ratelimit-reset': '12' }, 12_000],
  // Anthropic: RFC 3339.
  [
    {
      'anthropic-ratelimit-requests-remaining': '49',
      'anthropic-ratelimit-requests-reset': '2026-10-21T07:27:02Z',
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2026-10-21T07:27:50Z',
    },
    50_000,
  ],
  // What was said to this request goes before the clocks of all limits.
  [{ 'retry-after': '41', 'anthropic-ratelimit-tokens-reset': '2026-10-21T07:28:50Z' }, 41_000],
  [{ 'x-ratelimit-reset-tokens': 'never', 'anthropic-ratelimit-tokens-reset': '2026-99-99T' }, undefined],
];

for (const [headers, expected] of waits)
  test(`${JSON.stringify(headers)}: ${expected === undefined ? 'nothing is known' : `${expected} ms`}`, () =>
    assert.equal(retryAfterMs({ headers, limited: true, now }), expected));

test('Google says it in the body, before any clock of a limit', () => {
  const headers = { 'x-ratelimit-reset': '12' };
  assert.equal(retryAfterMs({ headers, retryDelay: '34.4s', limited: true, now }), 34_400);
  assert.equal(retryAfterMs({ headers, retryDelay: 'soon', limited: true, now }), 12_000);
});

test('the clocks of limits are sent with every answer, and say nothing where no limit refused', () => {
  const headers = { 'x-ratelimit-reset-tokens': '6m0s' };
  assert.equal(retryAfterMs({ headers, limited: false, now }), undefined);
  const sent = { callerKeys: new Set<string>(), translated: false, secrets: [] };
  const waitAt = (status: number): number | undefined =>
    classify({ status, headers, body: '' }, sent, now).retryAfterMs;
  assert.deepEqual([waitAt(429), waitAt(503)], [360_000, undefined]);
  assert.equal(
    classify({ status: 503, headers: { 'retry-after': '9' }, body: '' }, sent, now).retryAfterMs,
    9_000,
  );
});

test('whatever a provider sends, the wait is from a second to an hour, or unknown', () => {
  const names = fc.constantFrom(
    'retry-after',
    'retry-after-ms',
    'date',
    'x-ratelimit-reset',
    'x-ratelimit-reset-tokens',
    'anthropic-ratelimit-tokens-reset',
  );
  const values = fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.integer().map((n) => `${n}s`),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  );
  fc.assert(
    fc.property(fc.dictionary(names, values), (headers) => {
      const wait = retryAfterMs({ headers, limited: true, now });
      assert.ok(wait === undefined || (wait >= 1_000 && wait <= 3_600_000), String(wait));
    }),
  );
});
