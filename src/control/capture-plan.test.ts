/** What a captured request replaces of a preset, and what stays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PresetBody } from '../core/document-preset.ts';
import type { JsonObject } from '../core/snapshot.ts';
import { planCapture } from './capture-plan.ts';

const kept: PresetBody = {
  description: 'Code',
  limits: [{ usd: 5, per: 'day' }],
  floor: { tier: 'standard' },
  failover: { attempts: 3 },
};
const old: PresetBody = {
  ...kept,
  models: ['a/old'],
  system_prompt: 'Old.',
  parameters: { temperature: 1, top_p: 0.5 },
  tools: [{ type: 'x' }],
  provider: { zdr: true },
};
const models = ['a/new'];

type Row = {
  readonly before?: PresetBody;
  readonly captured: JsonObject;
  readonly onTop?: boolean;
  readonly body: JsonObject;
  readonly locked?: readonly string[];
};

const rows: Readonly<Record<string, Row>> = {
  'the first version is what was captured': { captured: { models }, body: { models } },
  'what a request can hold goes with the version before; all else stays': {
    before: old,
    captured: { models, parameters: { temperature: 0 } },
    body: { ...kept, models, provider: { zdr: true }, parameters: { temperature: 0 } } as JsonObject,
  },
  'where data may go is made no looser': {
    before: { models, provider: { zdr: true, data_collection: 'deny', sort: 'price' } },
    captured: { models, provider: { zdr: false, data_collection: 'allow', only: ['b'] } },
    body: { models, provider: { zdr: true, data_collection: 'deny', only: ['b'] } },
  },
  'nothing left of the parameters': {
    before: { models, parameters: { top_p: 1 } },
    captured: { models },
    body: { models },
  },
  'on top of the preset itself, what the request leaves out stays too': {
    before: old,
    captured: { parameters: { temperature: 0 } },
    onTop: true,
    body: { ...old, parameters: { temperature: 0, top_p: 0.5 } } as JsonObject,
  },
  'locked fields keep their value': {
    before: { ...old, locked: ['models', 'provider', 'system_prompt', 'tools'] },
    captured: { models, provider: { zdr: false } },
    body: {
      ...old,
      parameters: undefined,
      locked: ['models', 'provider', 'system_prompt', 'tools'],
    } as unknown as JsonObject,
    locked: ['models', 'provider'],
  },
  'a locked parameter keeps its value, an output cap under both names': {
    before: { models, parameters: { max_tokens: 10, temperature: 1 }, locked: ['max_tokens', 'temperature'] },
    captured: { models, parameters: { max_completion_tokens: 99, temperature: 1, top_p: 1 } },
    body: {
      models,
      locked: ['max_tokens', 'temperature'],
      parameters: { top_p: 1, max_tokens: 10, temperature: 1 },
    },
    locked: ['max_completion_tokens'],
  },
  'a lock without a value takes none': {
    before: { models, locked: ['tools', 'top_p'] },
    captured: { models, tools: [{ type: 'x' }], parameters: { top_p: 1 } },
    body: { models, locked: ['tools', 'top_p'] },
    locked: ['tools', 'top_p'],
  },
};

for (const [name, { before, captured, onTop = false, body, locked = [] }] of Object.entries(rows))
  test(`a captured request: ${name}`, () => {
    const plan = planCapture(captured, before, onTop);
    assert.deepEqual(JSON.parse(JSON.stringify(plan.body)), JSON.parse(JSON.stringify(body)));
    assert.deepEqual(plan.locked, locked);
  });
