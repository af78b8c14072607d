import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkPositionals, readArguments, type Flags } from './arguments.ts';
import { exit, Stop } from './stop.ts';

const flags: Flags = {
  file: { value: 'FILE', short: 'f', help: '' },
  last: { value: 'N', help: '' },
  model: { value: 'SLUG', multiple: true, help: '' },
  force: { help: '' },
};

describe('a command line', () => {
  test('gives positionals, switches, texts, lists and numbers', () => {
    const args = readArguments('verb', flags, [
      'a',
      '-f',
      'x.yaml',
      '--model',
      'p',
      '--force',
      '--model=q',
      '--last',
      '7',
      '--',
      '-b',
    ]);
    assert.deepEqual(args.positionals, ['a', '-b']);
    assert.equal(args.text('file'), 'x.yaml');
    assert.deepEqual(args.list('model'), ['p', 'q']);
    assert.equal(args.whole('last'), 7);
    assert.equal(args.on('force'), true);
    assert.equal(args.on('json'), false);
  });

  test('a dash as a value is standard input, and a value may begin with a digit after a dash', () => {
    assert.equal(readArguments('verb', flags, ['-f', '-']).text('file'), '-');
    assert.throws(() => readArguments('verb', flags, ['--last', '-1']).whole('last'), /at least 0, not "-1"/);
  });

  const mistakes: readonly (readonly [argv: readonly string[], says: RegExp])[] = [
    [['--forse'], /unknown option --forse: did you mean --force\?/],
    [['--zzzzzz'], /unknown option --zzzzzz: see spillway verb --help/],
    [['-q'], /unknown option -q/],
    [['--__proto__'], /unknown option/],
    [['--file'], /--file needs a value: --file FILE/],
    [['--file', '--force'], /--file needs a value/],
    [['--force=yes'], /--force takes no value/],
    [['--file', 'a', '--file', 'b'], /--file was given twice/],
  ];
  for (const [argv, says] of mistakes) {
    test(`${argv.join(' ')} is a usage error`, () => {
      assert.throws(
        () => readArguments('verb', flags, argv),
        (error) => error instanceof Stop && error.exitCode === exit.usage && says.test(error.message),
      );
    });
  }

  for (const wrong of ['ten', '1.5', '', '0x']) {
    test(`"${wrong}" is no whole number`, () => {
      const args = readArguments('verb', flags, [`--last=${wrong}`]);
      assert.throws(() => args.whole('last', 1), /--last must be a whole number of at least 1/);
    });
  }

  test('asking for a flag that was not declared is our own bug', () => {
    assert.throws(() => readArguments('verb', flags, []).on('verbose'), /not declared/);
  });

  test('positionals are counted', () => {
    const declared = { usage: 'MODEL KIND', least: 1, most: 2 };
    assert.throws(
      () => checkPositionals('fault', declared, []),
      /something is missing; usage: spillway fault MODEL KIND/,
    );
    assert.throws(
      () => checkPositionals('fault', declared, ['a', 'b', 'c d']),
      /one argument too many: "c d"/,
    );
    checkPositionals('fault', declared, ['a', 'b']);
  });
});
