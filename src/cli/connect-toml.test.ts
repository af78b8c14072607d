import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mergeToml } from './connect-toml.ts';

const lines = ['model = "@preset/coder"', 'model_providers.spillway.name = "Spillway"'];
const begin = '# >>> spillway: written by `spillway connect`; connect again to change it';
const block = `${begin}\nmodel = "@preset/coder"\nmodel_providers.spillway.name = "Spillway"\n# <<< spillway\n`;
const old = `${begin}\nmodel = "@preset/old"\nmodel_providers.spillway.base_url = "http://old"\n`;

describe('our block stands at the top of a TOML file, and other lines stay as they are', () => {
  const table: readonly (readonly [what: string, before: string, after: string])[] = [
    ['no file', '', block],
    [
      'other keys and tables',
      '# mine\nsandbox = "x"\n\n[profiles.a]\nmodel = "gpt"\n\n[model_providers.other]\nname = "o"\n',
      `${block}\n# mine\nsandbox = "x"\n\n[profiles.a]\nmodel = "gpt"\n\n[model_providers.other]\nname = "o"\n`,
    ],
    ['a block of before', `${old}# <<< spillway\n\nsandbox = "x"\n`, `${block}\nsandbox = "x"\n`],
    ['a block that was moved', `sandbox = "x"\n${old}# <<< spillway\n`, `${block}\nsandbox = "x"\n`],
    [
      'what Codex wrote between our marks',
      `${old}effort = "high"\n\n[projects."/a"]\nmodel = "kept"\n# <<< spillway\n`,
      `${block}\neffort = "high"\n[projects."/a"]\nmodel = "kept"\n`,
    ],
    ['the line ends of Windows', 'a = 1\r\n', `${block}\na = 1\n`.replaceAll('\n', '\r\n')],
    ['a comment that only looks like a conflict', '# model = "x"\n', `${block}\n# model = "x"\n`],
  ];
  for (const [what, before, after] of table) {
    test(what, () => {
      assert.equal(mergeToml(before, lines, 'f'), after);
      assert.equal(mergeToml(after, lines, 'f'), after, 'a second time changes something');
    });
  }
});

describe('a key of ours that stands elsewhere is refused by its line', () => {
  const table: readonly (readonly [before: string, says: RegExp])[] = [
    ['a = 1\nmodel = "gpt"\n', /^f:2 has model already: take the line out or comment it out/],
    ['"model_provider" = "x"', /^f:1 has model_provider already/],
    ['model_providers.spillway.name = "x"', /^f:1 has model_providers\.spillway\.name already/],
    ['model_providers = { a = {} }', /^f:1 has model_providers already/],
    ['[a]\n[ model_providers . "spillway" ] # mine', /^f:2 has \[model_providers\.spillway\] already/],
    ['[model_providers]\n', /^f:1 has \[model_providers\] already/],
    ['[model_providers.spillway.http_headers]', /has \[model_providers\.spillway\.http_headers\] already/],
    [`${old}# <<< spillway\nmodel = "again"\n`, /^f:5 has model already/],
    [`a = 1\n${old}`, /^f:2 the marks of the spillway block do not match/],
    [`# <<< spillway\n${old}`, /^f:1 the marks/],
    [`${old}# <<< spillway\n${old}# <<< spillway\n`, /^f:1 the marks/],
  ];
  for (const [before, says] of table) {
    test(JSON.stringify(before), () => assert.throws(() => mergeToml(before, lines, 'f'), { message: says }));
  }
});
