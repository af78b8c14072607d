/** A document applied to a configuration on a real database, and what is told of it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { OpenConfiguration } from '../../src/control/configuration.ts';
import type { Actor, ApplyRequest, ApplyResult } from '../../src/control/operations.ts';
import { testSettings, type TestSettings } from './open-settings.ts';

export const local: Actor = { name: 'olga', local: true, role: 'owner' as const };
export const remote: Actor = { name: 'rita', local: false, role: 'editor' as const };

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export function open(t: TestContext): {
  readonly settings: TestSettings;
  readonly configuration: OpenConfiguration;
} {
  const settings = testSettings();
  t.after(() => settings.remove());
  return { settings, configuration: settings.open() };
}

export type Applied = Extract<ApplyResult, { outcome: 'applied' }>;

export async function apply(
  configuration: OpenConfiguration,
  text: string,
  more: Partial<ApplyRequest> = {},
): Promise<ApplyResult> {
  return configuration.apply({ text, actor: local, ...more });
}

export async function applied(
  configuration: OpenConfiguration,
  text: string,
  more: Partial<ApplyRequest> = {},
): Promise<Applied> {
  const result = await apply(configuration, text, more);
  assert.equal(result.outcome, 'applied', JSON.stringify(result));
  return result;
}

/** `created preset coder 1`, for the changes worth telling. */
export function told(result: Applied): readonly string[] {
  return result.changes
    .filter(({ action }) => action !== 'unchanged')
    .map(({ action, kind, name, version }) => `${action} ${kind} ${name} ${version}`);
}

export const document = `
limits: [{ usd: 3000, per: month }]
providers:
  deepseek: { wire: openai-chat, base_url: https://api.deepseek.com/v1, api_key: env:DEEPSEEK_KEY }
  anthropic: { wire: anthropic, base_url: https://api.anthropic.com/v1/, api_key: sk-ant-literal-secret }
workspaces:
  default: { contact: "#ai", aliases: { claude-coder: coder } }
  team: { presets: { coder: { models: [claude-haiku-4-5] } } }
presets:
  coder:
    models: [deepseek-v4-pro, { model: anthropic/claude-sonnet-4.6, parameters: { max_tokens: 9 } }]
    system_prompt: |
      You are careful.
      You are brief.
  auto: { route: [{ when: { task: [code] }, preset: coder }, { preset: coder }] }
keys:
  - { name: ci, key: my-own-key-of-the-ci, presets: [coder] }
  - { name: dev, key: env:DEV_KEY, expires: 2027-01-31 }
alerts:
  - { when: on_fallback, for: 10m, preset: coder, webhook: "https://hooks.example/T000/secret" }
`;

export function withKeys(settings: TestSettings): void {
  settings.env['DEEPSEEK_KEY'] = 'sk-deepseek-from-env';
  settings.env['DEV_KEY'] = 'dev-key-from-the-env';
}
