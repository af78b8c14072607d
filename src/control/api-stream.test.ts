import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Clock } from '../ports.ts';
import { openStreams } from './api-stream.ts';

/** A clock whose timers fire when the test says so. */
function handClock(): Clock & { fire(): void; readonly waiting: () => number } {
  const timers = new Set<() => void>();
  return {
    now: () => 0,
    ticks: () => 0,
    after(_ms, fire) {
      timers.add(fire);
      return () => void timers.delete(fire);
    },
    fire() {
      const due = [...timers];
      timers.clear();
      for (const timer of due) timer();
    },
    waiting: () => timers.size,
  };
}

/** A source that can be driven, and knows whether it still has a listener. */
function driven(): {
  source: (send: (event: object) => void) => () => void;
  send: (event: object) => void;
  open: () => boolean;
} {
  let listener: ((event: object) => void) | undefined;
  return {
    source(send) {
      listener = send;
      return () => {
        listener = undefined;
      };
    },
    send: (event) => listener?.(event),
    open: () => listener !== undefined,
  };
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
  const { value, done } = await reader.read();
  return done ? undefined : new TextDecoder().decode(value);
}

function reading(response: Response | undefined): ReadableStreamDefaultReader<Uint8Array> {
  assert.ok(response?.body);
  return response.body.getReader();
}

describe('an event stream', () => {
  test('begins with a comment, so that the reader knows it is connected, then carries each event', async () => {
    const events = driven();
    const reader = reading(openStreams(handClock()).open(events.source));
    events.send({ id: 'gen-1' });
    assert.equal(await readText(reader), ': still here\n\n');
    assert.equal(await readText(reader), 'data: {"id":"gen-1"}\n\n');
  });

  test('beats while nothing happens', async () => {
    const clock = handClock();
    const reader = reading(openStreams(clock).open(driven().source));
    await readText(reader);
    clock.fire();
    assert.equal(await readText(reader), ': still here\n\n');
    assert.equal(clock.waiting(), 1);
  });

  test('stops its source and its timer when the reader leaves', async () => {
    const clock = handClock();
    const events = driven();
    const reader = reading(openStreams(clock).open(events.source));
    await reader.cancel();
    assert.equal(events.open(), false);
    assert.equal(clock.waiting(), 0);
  });

  test('lets a reader go that does not keep up', async () => {
    const events = driven();
    const reader = reading(openStreams(handClock()).open(events.source));
    for (let sent = 0; events.open(); sent++) {
      assert.ok(sent < 2_000, 'the backlog has no bound');
      events.send({ sent });
    }
    let last: string | undefined;
    for (let text = await readText(reader); text !== undefined; text = await readText(reader)) last = text;
    assert.match(last ?? '', /"sent":\d+/);
  });

  test('ends when the server closes', async () => {
    const streams = openStreams(handClock());
    const events = driven();
    const reader = reading(streams.open(events.source));
    streams.close();
    await readText(reader);
    assert.equal(await readText(reader), undefined);
    assert.equal(events.open(), false);
  });

  test('is not opened again after that', () => {
    const streams = openStreams(handClock());
    streams.close();
    assert.equal(streams.open(driven().source), undefined);
  });
});
