/** Routing presets in documents: what is wrong with them, and what is worth saying. */
import { describe, test } from 'node:test';
import { expectFindings, providers, type Case } from '../../test/support/expected-findings.ts';

/** A document with `a` as given, and two presets that serve. */
const routed = (body: string, more = ''): string =>
  `${providers}presets:\n  a: ${body}\n  b: { models: [deepseek-v4-pro] }\n  c: { models: [claude-haiku-4-5] }\n${more}`;

const when = (condition: string, rest = '{ preset: b }'): string =>
  routed(`{ route: [{ when: { ${condition} }, preset: c }, ${rest}] }`);

const tables: Readonly<Record<string, readonly Case[]>> = {
  'every condition, alone and in lists': [
    [when('task: summarize')],
    [when('task: [summarize, "background:*", "background:title"]')],
    [when('tools: true')],
    [when('tools: bash')],
    [when('tools: [bash, "web_*"]')],
    [when('prompt_tokens: { gte: 10, lt: 20 }')],
    [when('modality: image')],
    [when('modality: [image, audio, file]')],
    [when('model: ["claude-*", deepseek-v4-pro, "@preset/a"]')],
    [when('header: { X-Team: red, x-env: [prod, "stag*"] }')],
    [when('user: "bot-*"')],
    [when('time: { from: "22:00", to: "06:00", days: [mon, sun] }')],
    [when('time: { days: sat }')],
    [when('background: true')],
    [when('background: [title, compaction]')],
  ],
  'what is misspelt is named, with what was meant': [
    [when('taks: x'), /when.taks: is not a known key; did you mean task\?/],
    [when('prompt_tokens: { above: 5 }'), /prompt_tokens.above: is not a known key/],
    [when('prompt_tokens: many'), /prompt_tokens: must be a map/],
    [when('modality: [imgae]'), /modality\[0\]: must be one of image, audio, file.*did you mean image/],
    [when('background: titel'), /background: must be true, false, or any of title/],
    [when('background: [titel]'), /background\[0\]: must be one of title.*did you mean title/],
    [
      when('task: [x, "background:titel"]'),
      /when.task\[1\]: there is no kind of background call "titel"; did you mean title\?/,
    ],
    [when('time: { from: "25:00" }'), /time.from: must be a time of day in UTC/],
    [when('time: { days: monday }'), /time.days: must be/],
    [when('task: []'), /when.task: must have at least one task/],
    [
      when('model: claude-haiku-4-6'),
      /warning .*when.model: nothing is known by the name "claude-haiku-4-6"; did you mean claude-haiku-4-5\?/,
    ],
  ],
  'what can never fit, or says nothing': [
    [when('prompt_tokens: { gt: 10, lt: 11 }'), /prompt_tokens: fits no number/],
    [when('prompt_tokens: {}'), /prompt_tokens: says nothing/],
    [when('time: {}'), /time: says nothing/],
    [when('time: { from: "06:00", to: "06:00" }'), /time: from and to are the same moment/],
    [when('header: {}'), /header: says nothing/],
    [when('header: { "x team": red }'), /header\["x team"\]: is no name of a header/],
    [when('header: { Authorization: "Bearer *" }'), /header.Authorization: carries a credential/],
  ],
  'rules that are never reached, and requests that none takes': [
    [routed('{ route: [] }'), /route: must have at least one rule/],
    [
      routed('{ route: [{ when: { task: x }, preset: b }] }'),
      /warning presets.a.route: has no rule for everything else: what no rule fits is refused/,
    ],
    [
      routed('{ route: [{ preset: b }, { when: { task: x }, preset: c }] }'),
      /warning presets.a.route\[1\]: is never reached: route\[0\] always fits/,
    ],
    [
      routed(
        '{ route: [{ when: { task: x }, preset: b }, { when: { task: x, tools: true }, preset: c }, { preset: b }] }',
      ),
      /warning presets.a.route\[1\]: is never reached: route\[0\] fits whatever this one does/,
    ],
    [
      routed(
        '{ route: [{ when: { task: x, tools: true }, preset: b }, { when: { task: x }, preset: c }, { preset: b }] }',
      ),
    ],
  ],
  'where rules lead': [
    [
      routed('{ route: [{ preset: bb }] }'),
      /presets.a.route\[0\].preset: there is no preset "bb"; did you mean b\?/,
    ],
    [
      routed('{ route: [{ preset: d }] }', '  d: { disabled: true, models: [deepseek-v4-pro] }\n'),
      /warning presets.a.route\[0\].preset: d is disabled/,
    ],
    [
      routed('{ route: [{ preset: d }] }', '  d: {}\n'),
      /warning presets.a.route\[0\].preset: d has no models/,
    ],
    [
      routed('{ route: [{ preset: d }] }', '  d: { models: [deepseek/deepseek-v5] }\n'),
      /error presets.d.models\[0\]: the catalogue has no model/,
    ],
    [
      routed('{ models: [deepseek-v4-pro], route: [{ preset: b }] }'),
      /route: does not go with models: a preset either chooses presets or has a chain/,
    ],
    [
      routed('{ route: [{ preset: b }], parameters: { temperature: 0 }, floor: { tier: small } }'),
      /presets.a.parameters: does not go with route/,
      /presets.a.floor: does not go with route/,
    ],
    [routed('{ route: [{ preset: b }], description: x, locked: [models], limits: [{ usd: 1, per: day }] }')],
  ],
  'never in a circle, and not through many': [
    [routed('{ route: [{ preset: a }] }'), /error presets.a.route: leads back to itself: a → a/],
    [
      routed(
        '{ route: [{ preset: d }] }',
        '  d: { route: [{ preset: e }] }\n  e: { route: [{ preset: a }] }\n',
      ),
      /error presets.a.route: leads back to itself: a → d → e → a/,
    ],
    [
      routed(
        '{ models: [deepseek-v4-pro], background: d }',
        '  d: { models: [deepseek-v4-pro], background: a }\n',
      ),
      /error presets.a.background: leads back to itself: a → d → a/,
    ],
    [
      routed(
        '{ route: [{ preset: d }] }',
        '  d: { route: [{ preset: e }] }\n  e: { route: [{ preset: f }] }\n  f: { route: [{ preset: b }] }\n',
      ),
    ],
    [
      routed(
        '{ route: [{ preset: d }] }',
        '  d: { route: [{ preset: e }] }\n  e: { route: [{ preset: f }] }\n  f: { route: [{ preset: g }] }\n  g: { route: [{ preset: b }] }\n',
      ),
      /error presets.a.route: chooses through too many: at most 4 .*a → d → e → f → g → b/,
    ],
  ],
  'background calls': [
    [routed('{ models: [deepseek-v4-pro], background: b }')],
    [routed('{ models: [deepseek-v4-pro], background: { preset: b, kinds: [title] } }')],
    [
      routed('{ models: [deepseek-v4-pro], background: bb }'),
      /presets.a.background: there is no preset "bb"; did you mean b\?/,
    ],
    [
      routed('{ models: [deepseek-v4-pro], background: { preset: b, kinds: [titel] } }'),
      /background.kinds\[0\]: must be one of title.*did you mean title/,
    ],
    [routed('{ route: [{ preset: b }], background: b }'), /presets.a.background: does not go with route/],
  ],
};

describe('routing presets in documents', () => {
  for (const [name, table] of Object.entries(tables)) test(name, () => expectFindings(table));
});
