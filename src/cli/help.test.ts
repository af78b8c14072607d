import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkPositionals, readArguments } from './arguments.ts';
import { commands } from './commands.ts';
import { commandHelp, overview } from './help.ts';
import { plain } from './shell.ts';

/** What a shell would make of an example: words, quotes removed; what follows a pipe or a redirection is not ours. */
function ownWords(example: string): string[] {
  const [own = ''] = example.slice(example.indexOf('spillway ')).split(/ \||>|&&|\)/);
  return Array.from(own.trim().matchAll(/"([^"]*)"|(\S+)/g), (match) => match[1] ?? match[2] ?? '');
}

function longest(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length));
}

test('the overview names every command and fits a terminal of 80 by 30', () => {
  const text = overview(commands, '0.1.0', plain);
  for (const { verb, beside, summary } of commands) {
    assert.match(text, new RegExp(`^  (.*, )?${verb}(,|  )`, 'm'));
    if (beside === undefined) assert.ok(text.includes(summary), verb);
    else
      assert.ok(
        commands.some((other) => other.verb === beside),
        verb,
      );
  }
  assert.ok(longest(text) <= 80, `${longest(text)} columns`);
  assert.ok(text.split('\n').length <= 30);
  assert.match(text, /0 done, 1 failed, 2 wrong usage or document not valid, 3 conflict/);
});

describe('the help of each command', () => {
  for (const command of commands) {
    test(command.verb, async () => {
      const text = commandHelp(command, plain);
      assert.ok(longest(text) <= 104, `${longest(text)} columns`);
      assert.ok(text.split('\n').length <= 40, 'more than one screen');
      assert.ok(command.examples.length > 0, 'no example');
      for (const [example] of command.examples) {
        const [, verb, ...argv] = ownWords(example);
        assert.equal(verb, command.verb, example);
        checkPositionals(
          command.verb,
          command.positionals,
          readArguments(command.verb, command.flags, argv).positionals,
        );
      }
    });
  }
});
