/** Takes one body through its dialect to every wire, as if each had been chosen for it, and checks what comes of it. */
import assert from 'node:assert/strict';
import type { Api, Ask } from '../../src/core/ask.ts';
import type { Wire } from '../../src/core/catalog.ts';
import { asObject, asText } from '../../src/core/json.ts';
import { merge } from '../../src/core/merge.ts';
import { Refused } from '../../src/core/problem.ts';
import type { JsonObject, Preset } from '../../src/core/snapshot.ts';
import type { Dialect, Outgoing } from '../../src/dialects/dialect.ts';
import { code, dialects, type Coded } from '../../src/dialects/table.ts';
import { endpointOf } from './responses.ts';
import { complaints } from './wire-shapes.ts';

/** Wire → models whose rules differ. */
const targets: Readonly<Record<Wire, readonly string[]>> = {
  'openai-chat': ['raw-1'],
  'openai-responses': ['raw-1'],
  anthropic: ['claude-opus-4-6', 'claude-haiku-4-5'],
  gemini: ['gemini-3-pro', 'gemini-2.5-flash'],
};

const preset = {
  slug: 'p',
  version: 1,
  systemPrompt: 'You watch birds.',
  tools: [],
  parameters: {},
  locked: new Set<string>(),
  provider: {},
} as unknown as Preset;

export type Scene = { readonly withPreset: boolean; readonly keeps: boolean };

function outgoing(ask: Ask, wire: Wire, model: string, { withPreset, keeps }: Scene): Outgoing {
  const endpoint = { ...endpointOf(wire), providerModel: model, maxOutput: 8_000 };
  const used = withPreset ? preset : undefined;
  return {
    ask,
    merged: merge(ask, used, { model: 'acme/one', parameters: {} }, endpoint),
    endpoint,
    ...(used ? { preset: used } : {}),
    provider: ask.provider,
    ownProviders: new Set(['acme']),
    keeps: () => keeps,
    now: 0,
  };
}

/** The result, or the designed problem; whatever else is thrown fails the test. */
function told<T>(work: () => T): { readonly value: T } | { readonly refused: Refused } {
  try {
    return { value: work() };
  } catch (error) {
    if (error instanceof Refused) return { refused: error };
    throw error;
  }
}

/** Every step of the path but the last must stand in the body; the last may be what is missing. */
function stands(path: string, body: unknown): boolean {
  const steps = path.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  let at = body;
  for (const step of steps) {
    if (typeof at !== 'object' || at === null) return false;
    at = (at as Record<string, unknown>)[step];
  }
  return true;
}

function checkRefusal({ problem }: Refused, text: string): void {
  assert.equal(problem.status, 400, problem.message);
  if (problem.code === 'invalid_json') return;
  assert.equal(problem.code, 'invalid_request', problem.message);
  assert.ok(problem.param !== undefined, `names no field: ${problem.message}`);
  assert.ok(stands(problem.param, JSON.parse(text)), `${problem.param} does not stand in the body`);
  assert.ok(problem.message.includes(problem.param.split(/[.[]/)[0] ?? ''), problem.message);
}

const passing: readonly string[] = ['messages', 'input', 'system', 'instructions', 'tools'];
const ids: ReadonlySet<string> = new Set(['id', 'call_id', 'tool_call_id', 'tool_use_id']);

/** On its own wire what a client says passes as it is, right or wrong; ids may be made to fit, broken thinking goes. */
function checkPassed(sent: JsonObject, body: JsonObject): void {
  const rest = (key: string, value: unknown): unknown => {
    if (Array.isArray(value)) return value.filter((item) => !isThinking(item));
    return ids.has(key) ? undefined : value;
  };
  for (const key of passing)
    assert.equal(JSON.stringify(sent[key], rest), JSON.stringify(body[key], rest), key);
}

function isThinking(item: unknown): boolean {
  return ['thinking', 'redacted_thinking', 'reasoning'].includes(asText(asObject(item)['type']));
}

/**
 * Nothing is thrown but the problem that names the field, only what cannot be JSON stops a request on its own wire,
 * and what was written for another wire is what its provider takes.
 */
export function checkCrossings(api: Api, text: string, scene: Scene): void {
  const dialect = dialects[api] as Dialect;
  const read = told(() => dialect.read(Buffer.from(text)));
  if ('refused' in read) return checkRefusal(read.refused, text);
  for (const [wire, models] of Object.entries(targets) as [Wire, readonly string[]][]) {
    if (api === 'embeddings' && wire !== 'openai-chat' && wire !== 'gemini') continue;
    for (const model of models) {
      const coded = told((): Coded => code(dialect, outgoing(read.value, wire, model, scene)));
      const same = wire === dialect.sameWire;
      if ('refused' in coded) {
        if (same) assert.equal(coded.refused.problem.code, 'invalid_json', coded.refused.message);
        checkRefusal(coded.refused, text);
        continue;
      }
      const sent = JSON.parse(Buffer.concat(coded.value.body).toString()) as JsonObject;
      assert.ok(coded.value.warnings.every((warning) => typeof warning === 'string'));
      if (same && scene.keeps && !scene.withPreset) checkPassed(sent, JSON.parse(text) as JsonObject);
      if (!same && api !== 'embeddings')
        assert.deepEqual(
          complaints(wire, sent),
          [],
          `${wire} ${model}: ${JSON.stringify(sent).slice(0, 3_000)}`,
        );
    }
  }
}
