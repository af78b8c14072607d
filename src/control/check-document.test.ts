import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectFindings, options, preset, said } from '../../test/support/expected-findings.ts';
import { checkDocument, snapshotFromDocument } from './check-document.ts';

test('text that is no document', () => {
  expectFindings([
    ['', /^1 error : the document is empty/],
    ['# only a comment\n', /the document is empty/],
    ['just words', /error : must be a map of keys, not text/],
    ['[1, 2]', /error : must be a map of keys, not a list/],
    ['presets: {', /^1 error : comes after a \[ or \{ that was never closed/],
    ['\uFEFFzzz: 1', /^1 error zzz: is not a known key/],
    ['\uFEFFp\0r\0', /^1 error : is not text: save the document as UTF-8/],
    ['presets:\n  a: "\u001B[2J"', /^2 error : has a control character \(U\+001B\)/],
    ['a: *nowhere', /cannot be read as YAML: .*nowhere/],
    ['presets:\n\tcoder: {}', /^2 error : indent with spaces/],
    ['presets: {}\n---\npresets: {}', /several documents/],
    ['presets: {}\nkeys: []\npresets: {}', /^3 error : this key stands here twice/],
    ['presets: !!js/function "x"', /not valid YAML: Unresolved tag/],
    [`keys: ${'['.repeat(100_000)}`, /nested deeper than 100 levels/],
    [`keys: ${'['.repeat(101)}${']'.repeat(101)}`, /nested deeper than 100 levels/],
    [`# ${'x'.repeat(10 * 1024 * 1024)}`, /larger than 10 MB/],
  ]);
});

test('mistakes of indentation are found at the line that has to change', () => {
  expectFindings([
    ['presets:\n  a:\n    models:\n      - x\n   locked: []\n', /^5 error : is not indented like the lines/],
    ['presets:\n  a:\n    models: [x]\n     locked: []\n', /^4 error : is not indented like the lines/],
    ['presets:\n  a:\n    locked: []\n      models: [x]\n', /^4 error : is not indented like the lines/],
    [
      'presets:\n  a:\n    description: x\n      models: [x]\n',
      /^4 error : is indented too far: the key above/,
    ],
    ['presets:\n  a:\n    models:\n      - x\n     - y\n', /^5 error : is not indented like the items/],
    [
      'presets:\n  a:\n    models:[x]\n    limits: []\n',
      /^3 error : is no "key: value": a colon is missing, or the space/,
    ],
    ['presets:\n  a\n    models: [x]\n', /^2 error : is no "key: value"/],
    ['presets:\n  a: b: c\n', /^2 error : has two ": " on one line/],
    ['presets:\n  a: { models: [x\nkeys: []\n', /^3 error : comes after a \[ or \{ that was never closed/],
  ]);
});

test('ten megabytes of anything are answered, and do not fill the memory', () => {
  const rows = (row: string): string => row.repeat(Math.floor(9_900_000 / row.length));
  expectFindings([
    [rows('['), /nested deeper than 100 levels/],
    [rows('- '), /nested deeper than 100 levels/],
    [rows('{ a: '), /nested deeper than 100 levels/],
    [`[${rows('1,')}]`, /has too many parts/],
    [rows(': {}[]&*!|>'), /has too many parts/],
    [rows('a: b: '), /has too many parts/],
    [`presets: "${rows('x')}`, /^1 error : comes after a quote that was never closed/],
  ]);
});

test('a key that stands twice among fifty thousand is found without comparing each with every other', () => {
  const names = Array.from({ length: 50_000 }, (_, index) => `k${index}: 1\n`).join('');
  expectFindings([[`${names}k7: 1\n`, /^50001 error : this key stands here twice/]]);
});

test('a YAML bomb is refused before it is unfolded', () => {
  const levels = Array.from({ length: 9 }, (_, level) => {
    const row = Array.from({ length: 10 }, () => (level === 0 ? 'x' : `*a${level - 1}`)).join(', ');
    return `a${level}: &a${level} [${row}]`;
  });
  expectFindings([[levels.join('\n'), /expands to too much|anchors repeat each other too often/]]);
});

test('unknown keys name the one that was meant', () => {
  expectFindings([
    ['preset: {}', /^1 error preset: is not a known key; did you mean presets\?/],
    ['zzz: 1', /error zzz: is not a known key; known are limits, providers, models/],
    [preset('{ modles: [deepseek-v4-pro] }'), /^6 error presets.coder.modles: .*did you mean models\?/],
    [
      preset('{ failover: { time_outs: {}, atempts: 3 } }'),
      /presets.coder.failover.time_outs: .*did you mean timeouts\?/,
      /presets.coder.failover.atempts: .*did you mean attempts\?/,
    ],
    [
      preset('{ models: [{ model: deepseek-v4-pro, params: {} }] }'),
      /presets.coder.models\[0\].params: .*known are model, parameters/,
    ],
    ['workspaces: { team: { prests: {} } }', /workspaces.team.prests: .*did you mean presets\?/],
  ]);
});

test('values of the wrong kind say what would be right', () => {
  expectFindings([
    ['presets: [1]', /error presets: must be a map of keys, not a list/],
    ['presets: { coder: }', /error presets.coder: has no value: give it one, or remove the line/],
    ['providers: { p: { wire: openai-chat } }', /error providers.p.base_url: is missing/],
    [
      'providers: { p: { wire: openai, base_url: "https://a.b/v1" } }',
      /providers.p.wire: must be one of openai-chat, .*did you mean openai-chat\?/,
    ],
    [
      'providers: { p: { wire: anthropic, base_url: "https://a.b/v1", auth: basic } }',
      /providers.p.auth: must be bearer, x-api-key or { header: NAME }/,
    ],
    [
      'providers: { p: { wire: anthropic, base_url: "https://a.b/v1", api_key: 5 } }',
      /api_key: must be one credential or a list/,
    ],
    [preset('{ models: [5] }'), /presets.coder.models\[0\]: must be a model, or { model, parameters }/],
    [preset('{ models: [] }'), /presets.coder.models: must name at least one model/],
    [
      preset('{ parameters: { temperature: "hot" } }'),
      /parameters.temperature: must be a number from 0 to 2/,
    ],
    [
      preset('{ failover: { timeouts: { connect: 5 } } }'),
      /timeouts.connect: must be text, not the number 5/,
    ],
    [
      preset('{ failover: { timeouts: { connect: "5" } } }'),
      /timeouts.connect: must be a duration with its unit/,
    ],
    [preset('{ failover: { on: [caller] } }'), /failover.on\[0\]: must be one of rate_limit/],
    [preset('{ failover: { attempts: 0 } }'), /attempts: must be at least 1/],
    [preset('{ floor: { tier: strnog } }'), /floor.tier: must be one of .*did you mean strong\?/],
    [preset('{ floor: { below: sometimes } }'), /floor.below: must be one of never, last_resort/],
    [preset('{ provider: { max_price: { completion: -1 } } }'), /max_price.completion: must not be negative/],
    [
      preset('{ provider: { max_price: { completion: cheap } } }'),
      /max_price.completion: must be a number of USD/,
    ],
    [preset('{ provider: { sort: fastest } }'), /provider.sort: must be one of price/],
    [preset('{ description: null }'), /description: has no value/],
  ]);
});

test('limits: one thing each, over one window, in amounts that make sense', () => {
  const limited = (limit: string): string => `limits: [${limit}]`;
  expectFindings([
    [limited('{ usd: -1, per: day }'), /limits\[0\].usd: must not be negative/],
    [limited('{ usd: .nan, per: day }'), /limits\[0\].usd: must be a number, not NaN/],
    [limited('{ usd: .inf, per: day }'), /limits\[0\].usd: must be a number/],
    [limited('{ usd: 1e9, per: day }'), /limits\[0\].usd: must be at most 9,000,000/],
    [limited('{ usd: "5", per: day }'), /limits\[0\].usd: must be a number, not text/],
    [limited('{ requests: 1.5, per: day }'), /limits\[0\].requests: must be a whole number/],
    [limited('{ usd: 5 }'), /limits\[0\].per: is missing/],
    [limited('{ usd: 5, per: dya }'), /limits\[0\].per: must be one of .*did you mean day\?/],
    [limited('{ per: day }'), /limits\[0\]: must say what it limits: one of usd/],
    [limited('{ usdd: 5, per: day }'), /limits\[0\].usdd: .*did you mean usd\?/],
    [limited('{ usd: 5, tokens: 5, per: day }'), /limits\[0\]: limits usd and tokens at once/],
    [limited('{ concurrent: 5, per: day }'), /limits\[0\].per: does not go with concurrent/],
    [limited('{ concurrent: 0 }'), /limits\[0\].concurrent: must be at least 1/],
    [limited('{ requests: 1, per: request }'), /limits\[0\].requests: per request is always one/],
    [limited('{ usd: 1, per: request, each: user }'), /limits\[0\].each: does not go with per: request/],
    [limited('{ usd: 5, per: day, each: team }'), /limits\[0\].each: must be one of user, key/],
    [
      limited('{ usd: 5, per: day, warn: [120] }'),
      /limits\[0\].warn\[0\]: must be a percentage from 1 to 100/,
    ],
    [limited('{ usd: 5, per: day, mode: off }'), /limits\[0\].mode: must be one of enforce, observe/],
    [
      limited('{ usd: 5, per: day, downgrade: { at: 80, to: [nobody/x] } }'),
      /downgrade.to\[0\]: the catalogue has no model "nobody\/x"/,
    ],
    [limited('{ usd: 0, per: day }'), /warning limits\[0\].usd: is 0: every request is refused/],
    [limited('5'), /limits\[0\]: must be a map of keys, not the number 5/],
    ['limits: 5', /limits: must be a list, not the number 5/],
  ]);
});

test('names', () => {
  expectFindings([
    ['presets: { Coder: {} }', /presets.Coder: "Coder" must be lower-case letters and digits.*e.g. coder/],
    ['presets: { a b: {} }', /"a b" must be .*e.g. a-b/],
    ['presets: { a--b: {} }', /must be/],
    ['presets: { new: {} }', /is a reserved word/],
    [`presets: { ${'a'.repeat(81)}: {} }`, /is longer than 80 characters/],
    ['presets: { __proto__: {} }', /must be lower-case/],
    [
      'presets: { coder: {} }\nworkspaces: { default: { presets: { coder: {} } } }',
      /is a second preset named coder/,
    ],
    ['workspaces: { all: {} }', /is a reserved word/],
    ['models: { Nonsense: { endpoints: [] } }', /models.Nonsense: must be author\/name in lower case/],
  ]);
});

test('secrets', () => {
  const key = (text: string): string => `keys: [{ name: ci, key: "${text}" }]`;
  expectFindings([
    [key('short'), /keys\[0\].key: must have 16 or more visible ASCII characters/],
    [key('has spaces in it, many'), /keys\[0\].key: must have 16 or more visible/],
    [key('sha256:abc'), /keys\[0\].key: must be sha256: and 64 hexadecimal digits/],
    [key('<secret>'), /keys\[0\].key: is hidden/],
    [key('env:not-a-name'), /keys\[0\].key: must name an environment variable/],
    [key('file:'), /keys\[0\].key: must name a file/],
    [
      'keys: [{ name: a, key: "0123456789abcdef" }, { name: b, key: "0123456789abcdef" }]',
      /keys\[1\].key: is the same secret as that of the key a/,
    ],
    [key('sealed:abcdefghijklmnop'), /must not begin with sealed:/],
    ['alerts: [{ when: refused, webhook: "http://10.0.0.1/x" }]', /webhook: is at a private address/],
    ['alerts: [{ when: refused, webhook: "http://10.0.0.1/x", allow_private: true }]'],
    [
      'alerts: [{ when: refused, webhook: "ftp://x.y" }]',
      /webhook: must be an address that begins with https/,
    ],
  ]);
  for (const finding of said(key('hunter2'))) assert.doesNotMatch(finding, /hunter2/);
});

test('references are looked up where that is possible, and only for the local operator', () => {
  const document =
    'providers: { deepseek: { wire: openai-chat, base_url: "https://a.b/v1", api_key: env:DEEPSEEK_KEY } }';
  expectFindings([[document]]);
  expectFindings(
    [[document, /warning providers.deepseek.api_key: the environment variable DEEPSEEK_KEY is not set/]],
    { resolve: () => undefined },
  );
  expectFindings([[document]], { resolve: () => 'sk-found' });
  expectFindings(
    [
      [
        document,
        /error providers.deepseek.api_key: env: and file: are read only for an operator on the server's own machine/,
      ],
    ],
    { local: false },
  );
  expectFindings(
    [
      [
        'providers: { deepseek: { wire: openai-chat, base_url: "http://10.1.2.3/v1" } }',
        /base_url: is a private address/,
      ],
    ],
    { local: false },
  );
});

test('every mistake is reported at once, in the order of the text, with line and column', () => {
  const text = `limits:
  - { usd: -5, per: day }
presets:
  coder:
    modles: [x]
    limits: [{ usd: 5 }]
  other:
    models: [anthropic/claude-haiku-4]
keys:
  - name: ci
    key: short
`;
  const places = checkDocument(text, options).map(({ line, column, path }) => `${line}:${column} ${path}`);
  assert.deepEqual(places, [
    '2:7 limits[0].usd',
    '5:5 presets.coder.modles',
    '6:14 presets.coder.limits[0].per',
    '8:14 presets.other.models[0]',
    '11:5 keys[0].key',
  ]);
});

test('JSON is accepted too, and anchors share what is common', () => {
  assert.deepEqual(said('{ "presets": { "coder": { "description": "x" } } }'), []);
  const { snapshot, findings } = snapshotFromDocument(
    `presets:
  a: &base { description: common, parameters: { temperature: 0.5 } }
  b: { <<: *base, description: own }
`,
    options,
  );
  assert.deepEqual(findings, []);
  const b = snapshot?.workspaces.get('default')?.presets.get('b')?.active;
  assert.deepEqual([b?.description, b?.parameters], ['own', { temperature: 0.5 }]);
});

test('a document with an error gives no snapshot, one with warnings does', () => {
  assert.equal(snapshotFromDocument('presets: { A: {} }', options).snapshot, undefined);
  const warned = snapshotFromDocument('limits: [{ usd: 0, per: day }]', options);
  assert.equal(warned.findings.length, 1);
  assert.ok(warned.snapshot);
});
