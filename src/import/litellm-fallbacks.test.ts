import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { loadCatalogue } from '../catalog/load.ts';
import { importLiteLlm } from './litellm.ts';
import { readSource } from './sources.ts';

test('fallbacks are read however they are written, and what cannot be read is named', () => {
  const group = (model_name: string, model: string): object => ({ model_name, litellm_params: { model } });
  const model_list = [
    group('haiku', 'anthropic/claude-haiku-4-5'),
    group('gpt', 'openai/gpt-5.4'),
    group('mini', 'openai/gpt-5.4-mini'),
  ];
  const chain = (settings: object): string => {
    const config = readSource('config', JSON.stringify({ model_list, router_settings: settings }));
    const result = importLiteLlm([config], loadCatalogue());
    const { presets } = parse(result.document) as { presets: Record<string, { models: string[] }> };
    const told = result.report.filter(({ path }) => path.startsWith('router_settings'));
    const lines = told.map(({ path, outcome }) => `${outcome} ${path.slice(16)}`);
    return [presets['gpt']?.models.slice(1).join(' '), ...lines].join('; ');
  };
  const behind = 'anthropic/claude-haiku-4.5';
  const table: readonly (readonly [settings: object, means: string])[] = [
    [{ fallbacks: [{ gpt: ['haiku'] }] }, `${behind}; carried fallbacks[0].gpt`],
    [{ fallbacks: { gpt: ['haiku'] } }, `${behind}; carried fallbacks.gpt`],
    [{ fallbacks: { gpt: 'haiku' } }, `${behind}; carried fallbacks.gpt`],
    [{ fallbacks: [{ gpt: 'haiku' }] }, `${behind}; carried fallbacks[0].gpt`],
    [{ fallbacks: 'haiku' }, '; not carried fallbacks'],
    [{ fallbacks: ['haiku'] }, '; not carried fallbacks[0]'],
    [{ fallbacks: [{ gpt: 7 }] }, '; not carried fallbacks[0].gpt'],
    [{ default_fallbacks: 'haiku' }, `${behind}; carried default_fallbacks`],
    [{ default_fallbacks: ['haiku'] }, `${behind}; carried default_fallbacks`],
    [
      { default_fallbacks: ['gone', 'haiku'] },
      `${behind}; not carried default_fallbacks; carried default_fallbacks`,
    ],
    [{ default_fallbacks: { gpt: 'haiku' } }, '; not carried default_fallbacks'],
  ];
  for (const [settings, means] of table) assert.equal(chain(settings), means, JSON.stringify(settings));
});
