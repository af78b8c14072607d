import { test } from 'node:test';
import { expectFindings, preset, providers } from '../../test/support/expected-findings.ts';

test('models of a chain must exist, and somebody must serve them', () => {
  expectFindings([
    [
      preset('{ models: [anthropic/claude-haiku-4] }'),
      /^6 error presets.coder.models\[0\]: the catalogue has no model "anthropic\/claude-haiku-4"; did you mean anthropic\/claude-haiku-4.5\?/,
    ],
    [
      preset('{ models: [{ model: acme/none }] }'),
      /models\[0\].model: the catalogue has no model "acme\/none"; to add it: models: { "acme\/none"/,
    ],
    [
      preset('{ models: [openai/gpt-5.4-mini] }'),
      /no configured provider serves openai\/gpt-5.4-mini; it is offered by openai/,
    ],
    [
      preset('{ models: [deepseek/deepseek-v4-pro:nitro] }'),
      /only OpenRouter knows: add a provider with catalog: openrouter, or write deepseek\/deepseek-v4-pro$/,
    ],
    [preset('{ models: [openrouter/auto] }'), /only OpenRouter knows/],
    [preset('{ models: [claude-haiku-4-5] }')],
    [
      preset('{ models: [claude-haiku-4-5, anthropic/claude-haiku-4.5] }'),
      /warning presets.coder.models\[1\]: repeats models\[0\]/,
    ],
  ]);
});

test('what only OpenRouter knows is accepted where it is configured', () => {
  const openrouter = (chain: string): string =>
    `providers: { or: { wire: openai-chat, base_url: https://openrouter.ai/api/v1 } }\npresets: { p: { models: [${chain}] } }`;
  expectFindings([
    [openrouter('deepseek/deepseek-v4-pro:nitro')],
    [openrouter('openrouter/auto')],
    [openrouter('~anthropic/claude-sonnet-latest')],
    [openrouter('deepseek/deepseek-v4-pro')],
    [openrouter('acme/none'), /the catalogue has no model "acme\/none"/],
  ]);
});

test('references must lead somewhere', () => {
  expectFindings([
    [
      `${providers}workspaces: { default: { aliases: { claude: codr } } }\npresets: { coder: {} }`,
      /aliases.claude: there is no preset "codr"; did you mean coder\?/,
    ],
    [
      'workspaces: { default: { aliases: { a: b, b: p } } }\npresets: { p: {} }',
      /aliases.a: stands for b, which is an alias itself/,
    ],
    ['workspaces: { default: { aliases: { "@preset/x": p } } }\npresets: { p: {} }', /must not contain @/],
    [
      'workspaces: { default: { aliases: { p: q } } }\npresets: { p: {}, q: {} }',
      /warning workspaces.default.aliases.p: has the name of a preset but stands for another one, q/,
    ],
    [
      'keys: [{ name: ci, key: "0123456789abcdef", workspace: team }]',
      /keys\[0\].workspace: there is no workspace "team"/,
    ],
    [
      'keys: [{ name: ci, key: "0123456789abcdef", presets: [coder] }]',
      /keys\[0\].presets\[0\]: there is no preset "coder": none is configured/,
    ],
    [
      'keys: [{ name: ci, key: "0123456789abcdef", models: [x/y] }]',
      /keys\[0\].models\[0\]: the catalogue has no model/,
    ],
    ['keys: [{ name: ci, key: "0123456789abcdef", presets: [] }]', /warning keys\[0\].presets: is empty/],
    [
      'keys: [{ name: ci, key: "0123456789abcdef", expires: 2026-11-01 }]',
      /warning keys\[0\].expires: is over/,
    ],
    ['keys: [{ name: ci, key: "0123456789abcdef", expires: soon }]', /keys\[0\].expires: must be a date/],
    ['alerts: [{ when: on_fallback, preset: coder }]', /alerts\[0\].preset: there is no preset "coder"/],
    [
      'providers: { deepseek: { wire: openai-chat, base_url: "https://a.b/v1", workspaces: [tema] } }\nworkspaces: { team: {} }',
      /workspaces\[0\]: there is no workspace "tema"; did you mean team\?/,
    ],
    [
      preset('{ models: [deepseek-v4-pro], provider: { only: [depseek] } }'),
      /warning presets.coder.models\[0\]: is never called/,
      /provider.only\[0\]: there is no provider "depseek"; did you mean deepseek\?/,
    ],
  ]);
});

test('an object that is wrong in itself does not make those that refer to it wrong', () => {
  expectFindings([
    [
      'presets: { coder: { modles: [] }, auto: { route: [{ preset: coder }] } }',
      /coder.modles: is not a known key/,
    ],
    [
      'providers: { deepseek: { wire: openai-chat } }\npresets: { coder: { models: [deepseek-v4-pro] } }',
      /base_url: is missing/,
    ],
  ]);
});

test('providers', () => {
  const at = (url: string, more = ''): string =>
    `providers: { deepseek: { wire: openai-chat, base_url: "${url}"${more} } }`;
  expectFindings([
    [at('api.deepseek.com'), /base_url: must be an absolute address/],
    [at('ftp://a.b/v1'), /base_url: must begin with https:/],
    [at('https://user:pass@a.b/v1'), /base_url: must not contain a credential: its place is api_key/],
    [at('https://a.b/v1?x=1'), /base_url: must not contain \? or #/],
    [at('https://a.b/v1/chat/completions'), /base_url: must end before \/chat\/completions/],
    [at('http://a.example/v1'), /warning providers.deepseek.base_url: is not encrypted/],
    [at('https://a.b'), /warning providers.deepseek.base_url: has no version segment/],
    [at('http://127.0.0.1:8000/v1')],
    [at('emulator://deepseek/v1')],
    [at('https://a.b/v1', ', headers: { Host: x }'), /headers.Host: is set by the connection itself/],
    [at('https://a.b/v1', ', headers: { "a b": x }'), /is not the name of an HTTP header/],
    [
      at('https://a.b/v1', ', catalog: depseek'),
      /warning providers.deepseek.catalog: serves nothing: .* Did you mean catalog: deepseek\?/,
    ],
  ]);
});

test('the overlay on the catalogue', () => {
  const model = (body: string, slug = 'acme/coder'): string => `${providers}models: { ${slug}: ${body} }`;
  expectFindings([
    [
      model('{ endpoints: [{ provider: nobody, model: x }] }'),
      /endpoints\[0\].provider: there is no provider "nobody"/,
    ],
    [
      model('{ endpoints: [{ provider: deepseek }] }'),
      /endpoints\[0\].model: is missing: the catalogue does not know what deepseek calls/,
    ],
    [model('{ context: 1000 }'), /models\["acme\/coder"\]: is not in the catalogue, and nothing serves it/],
    [
      model('{ tier: strong }', 'claude-haiku-4-5'),
      /is another name of anthropic\/claude-haiku-4.5/,
      /is not in the catalogue/,
    ],
    [
      model('{ endpoints: [{ provider: deepseek, model: x, price: { input: 0, output: 0 } }] }'),
      /warning .*price: does not count/,
    ],
    [
      model('{ endpoints: [{ provider: deepseek, model: x, price: { input: 1, free: true } }] }'),
      /price.free: contradicts/,
    ],
    [
      model('{ endpoints: [{ provider: deepseek, model: x }, { provider: deepseek, model: y }] }'),
      /has an endpoint for deepseek already/,
    ],
    [model('{ endpoints: [{ provider: deepseek, model: x, price: { input: 1, output: 2 } }] }')],
    [model('{ tier: frontier }', 'anthropic/claude-haiku-4.5')],
  ]);
});

test('a dollar limit cannot hold for a model without a price', () => {
  expectFindings([
    [preset('{ models: [acme/mystery] }')],
    [
      preset('{ models: [acme/mystery], limits: [{ usd: 5, per: day }] }'),
      /error presets.coder.models\[0\]: acme\/mystery@deepseek has no known price, and a limit holds for it: \$5.00 per day \(presets.coder.limits\[0\]\)/,
    ],
    [preset('{ models: [acme/mystery], limits: [{ usd: 5, per: day, mode: observe }] }')],
    [
      `limits: [{ usd: 3, per: total }]\n${preset('{ models: [acme/mystery] }')}`,
      /error .*\$3.00 in all \(limits\[0\]\)/,
    ],
    [
      `${preset('{ models: [acme/mystery] }')}keys: [{ name: ci, key: "0123456789abcdef", limits: [{ usd: 1, per: day }] }]`,
      /error .*\(keys\[0\].limits\[0\]\)/,
    ],
    [
      `${preset('{ models: [acme/mystery], limits: [{ usd: 5, per: day }] }')}models: { acme/mystery: { endpoints: [{ provider: deepseek, price: { free: true } }] } }`,
    ],
  ]);
});

test('what an outage would bring is said beforehand', () => {
  const chain = (rest: string): string =>
    preset(`{ models: [deepseek-v4-pro, claude-haiku-4-5, anthropic/claude-sonnet-4.6], ${rest} }`);
  const limit = 'limits: [{ usd: 5, per: day }]';
  expectFindings([
    [
      chain(''),
      /warning presets.coder.models: no limit holds here, and the fallback anthropic\/claude-sonnet-4.6 costs 7.5 times the primary/,
      /warning presets.coder.models\[1\]: tier_drop: anthropic\/claude-haiku-4.5 is standard, the primary is strong/,
    ],
    [chain(limit), /tier_drop/],
    [chain(`${limit}, floor: { tier: standard }`)],
    [
      chain(`${limit}, floor: { tier: strong }`),
      /models\[1\]: is never called: anthropic\/claude-haiku-4.5 is standard, and floor.tier is strong/,
    ],
    [chain(`${limit}, floor: { tier: strong, below: last_resort }`), /models\[1\]: is only a last resort/],
    [
      chain(`${limit}, floor: { tier: standard, context: 500000 }`),
      /models\[1\]: is never called: .* has a context of 200000 tokens/,
    ],
    [
      chain(`${limit}, floor: { tier: standard, features: [vision] }`),
      /models\[0\]: the primary is under the preset's own floor: .*lacks vision/,
      /models\[1\]: is never called/,
      /models\[2\]: is never called/,
    ],
    [chain('failover: { max_cost_multiplier: 8 }'), /tier_drop/],
    [
      preset('{ models: [deepseek-v4-pro, acme/mystery], floor: { tier: small } }'),
      /models\[1\]: is never called: acme\/mystery has no tier/,
    ],
    [
      chain(`${limit}, floor: { tier: standard }, provider: { max_price: { completion: 10 } }`),
      /models\[2\]: is never called: .*dearer than provider.max_price.completion/,
    ],
    [
      chain(`${limit}, floor: { tier: standard }, provider: { data_collection: deny }`),
      /models\[0\]: is never called: .*data policy/,
      /models\[1\]/,
      /models\[2\]/,
    ],
    [
      chain(`${limit}, floor: { tier: standard }, provider: { quantizations: [fp8] }`),
      /models\[0\]: is never called: .*for provider.quantizations nobody but OpenRouter can vouch/,
      /models\[1\]/,
      /models\[2\]/,
    ],
  ]);
  const retiring = `providers: { openai: { wire: openai-chat, base_url: https://api.openai.com/v1 } }\npresets: { p: { models: [openai/gpt-5.4-mini] } }`;
  expectFindings([
    [
      retiring,
      /warning presets.p.models\[0\]: openai\/gpt-5.4-mini@openai retires on 2026-12-01, within 30 days/,
    ],
  ]);
  expectFindings([[retiring]], { now: Date.parse('2026-10-01') });
  expectFindings([[retiring, /was retired on 2026-12-01/]], { now: Date.parse('2027-01-01') });
});

test('presets in themselves', () => {
  expectFindings([
    [
      preset('{ parameters: { model: x } }'),
      /parameters.model: is not a parameter: its place is models of the preset/,
    ],
    [preset('{ parameters: { stream: true } }'), /parameters.stream: is not a parameter/],
    [
      preset('{ parameters: { temprature: 1 } }'),
      /warning .*no such parameter is known; did you mean temperature\?/,
    ],
    [preset('{ parameters: { max_tokens: 0 } }'), /parameters.max_tokens: must be a whole number above 0/],
    [
      preset('{ locked: [modles] }'),
      /locked\[0\]: "modles" is nothing that a preset holds; did you mean models\?/,
    ],
    [preset('{ locked: [my_own], parameters: { my_own: 1 } }')],
    [preset('{ tools: [{}] }'), /tools\[0\]: must have a type/],
    [preset('{ tools: [{ type: function }] }'), /tools\[0\].function.name: is missing/],
    [
      preset(
        '{ tools: [{ type: function, function: { name: a } }, { type: function, function: { name: a } }] }',
      ),
      /tools\[1\]: is a second tool named a/,
    ],
    [preset('{ failover: { timeouts: { total: 0s } } }'), /timeouts.total: must be longer than 0/],
    [preset('{ failover: { timeouts: { total: 2d } } }'), /timeouts.total: must be at most 24h/],
    [
      preset('{ failover: { timeouts: { total: 30s, first_token: 60s } } }'),
      /warning .*timeouts.first_token: is longer than total \(30s\)/,
    ],
  ]);
});
