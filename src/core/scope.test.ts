import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshotOf } from '../../test/support/virtual-world.ts';
import { counterId, readBudgetName } from './budget.ts';
import { findScope, limitedScopes, printScope } from './scope.ts';

const every = '[{ usd: 1, per: day }, { premium_usd: 1, per: hour, each: user }, { concurrent: 5 }]';
const snapshot = snapshotOf(`
limits: ${every}
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1', limits: ${every} } }
models:
  acme/a.b:v2: { limits: ${every}, context: 9000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] }
workspaces: { default: { limits: ${every} } }
presets: { p: { models: ['acme/a.b:v2'], limits: ${every} } }
keys: [{ name: ci-1, key: 'sha256:${'0'.repeat(64)}', limits: ${every} }]
`);

test('what a budget is named by says its scope, unit, window and whose counters it has', () => {
  const names = limitedScopes(snapshot).flatMap(({ scope, budgets }) =>
    budgets.map((budget) => ({ scope, budget })),
  );
  assert.equal(names.length, 18);
  for (const { scope, budget } of names) {
    const { name, kind, of, unit, per, each } = budget;
    const said = readBudgetName(name);
    assert.deepEqual(
      [said?.kind, said?.of, said?.unit, said?.per, said?.each, said?.workspace],
      [kind, of, unit, per, each, scope.workspace],
      name,
    );
  }
  assert.equal(readBudgetName('key default/ci'), undefined);
  assert.equal(counterId('gateway usd/day', 'user ann', 5), 'gateway usd/day user ann @5');
});

test('every scope with limits is found by the address that is printed of it', () => {
  for (const limited of limitedScopes(snapshot))
    assert.deepEqual(findScope(snapshot, printScope(limited.scope)), limited);
});
