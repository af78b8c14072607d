/** The configuration of a soak: every wire, chains that cross them, and limits of every kind, some of them tight. */

export const key = 'sk-soak-0123456789abcdef';
export const adminKey = 'spw-soak-0123456789abcdef';

/** What is broken at random. */
export const models = [
  'deepseek/deepseek-v4-pro',
  'anthropic/claude-haiku-4.5',
  'google/gemini-3-flash-preview',
  'openai/gpt-5.4-mini',
] as const;

const [deepseek, claude, gemini, gpt] = models;
const failover = 'failover: { timeouts: { first_token: 2s, response: 40s, idle: 2s, total: 60s } }';

export const document = `
limits: [{ usd: 100000, per: day }]
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
  google: { wire: gemini, base_url: 'emulator://google/v1beta' }
  openai: { wire: openai-responses, base_url: 'emulator://openai/v1' }
presets:
  coder:
    models: [${deepseek}, ${claude}, ${gemini}]
    ${failover}
    limits:
      - { usd: 10000, per: day }
      - { premium_usd: 10000, per: hour }
      - { usd: 1000, per: day, each: user }
      - { requests: 100000, per: minute }
      - { concurrent: 1000 }
  crossing:
    models: [${gpt}, ${gemini}, ${claude}, ${deepseek}]
    ${failover}
  # What stands here is often exhausted, or held by others.
  poor:
    models: [${claude}, ${deepseek}]
    ${failover}
    limits: [{ usd: 0.05, per: minute }, { premium_usd: 0.02, per: minute }, { concurrent: 30 }]
keys:
  - { name: soak, key: '${key}', limits: [{ usd: 50000, per: day }, { tokens: 1000000000, per: hour }] }
`;
