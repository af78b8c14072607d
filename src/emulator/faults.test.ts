import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultBoard, faultHelp, faultKinds, parseFault, suggestFault } from './faults.ts';

test('a fault may be named by its kind, by a status or by a plain word', () => {
  const words = {
    '429': 'rate_limit',
    '500': 'server_error',
    '529': 'overloaded',
    '503': 'overloaded',
    '502': 'html_502',
    empty: 'empty_200',
    stall: 'stall',
    hang: 'stall',
    reset: 'reset',
    refused: 'refused',
    cut: 'cut',
    credit: 'out_of_credit',
    '402': 'out_of_credit',
    slow: 'slow',
    unknown: 'unknown_model',
    '404': 'unknown_model',
    'Error-After-Content': 'error_after_content',
    ' stall-mid-stream ': 'stall_mid_stream',
  };
  for (const [word, kind] of Object.entries(words)) assert.equal(parseFault(word), kind, word);
  for (const kind of faultKinds) assert.equal(parseFault(kind), kind);
  assert.equal(parseFault('418'), undefined);
  assert.equal(suggestFault('refusd'), 'refused');
});

test('the help has one line for each kind, and no word means two kinds', () => {
  assert.equal(faultHelp.split('\n').length, faultKinds.length);
  for (const line of faultHelp.split('\n')) {
    const [kind = '', ...aliases] = line.slice(0, 42).split(/[ ,]+/).filter(Boolean);
    for (const word of [kind, ...aliases]) assert.equal(parseFault(word), kind, word);
  }
});

test('a model’s own fault goes before the fault of all, and replaces the one it had', () => {
  const board = faultBoard();
  board.set({ model: '*', kind: 'reset' });
  board.set({ model: 'a/m', kind: 'cut' });
  board.set({ model: 'a/m', kind: 'stall' });
  assert.equal(board.take('a/m')?.kind, 'stall');
  assert.equal(board.take('a/other')?.kind, 'reset');
  assert.equal(board.list().length, 2);
  assert.equal(board.clear('a/unheard'), 0);
  assert.equal(board.clear('a/m'), 1);
  assert.equal(board.take('a/m')?.kind, 'reset');
  assert.equal(board.clear(), 1);
  assert.equal(board.take('a/m'), undefined);
});

test('a fault with `times` disarms itself; looking does not count', () => {
  const board = faultBoard();
  board.set({ model: 'a/m', kind: 'cut', times: 2 });
  assert.equal(board.find('a/m')?.times, 2);
  assert.equal(board.take('a/m')?.kind, 'cut');
  assert.deepEqual(board.list(), [{ model: 'a/m', kind: 'cut', times: 1 }]);
  assert.equal(board.take('a/m')?.kind, 'cut');
  assert.equal(board.take('a/m'), undefined);
});

test('numbers that make no sense are refused by name, and the board stays as it was', () => {
  const wrong = { retryAfter: -1, delayMs: 0.5, tokensPerSecond: 0, times: 0, afterTokens: Number.NaN };
  for (const [field, value] of Object.entries(wrong)) {
    const board = faultBoard();
    const message = new RegExp(`^fault\\.${field} must be`);
    assert.throws(() => board.set({ model: '*', kind: 'slow', [field]: value }), {
      name: 'RangeError',
      message,
    });
    assert.deepEqual(board.list(), []);
  }
});
