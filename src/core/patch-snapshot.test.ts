import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { catalogue } from '../../test/support/sample-catalogue.ts';
import { budgetsOfCaller } from './budget.ts';
import { buildSnapshot } from './build.ts';
import { noSecrets } from './build-endpoints.ts';
import { patchSnapshot } from './patch-snapshot.ts';
import { presetName, settingsOf, type Bodies, type Kind, type Setting } from './settings.ts';
import type { Snapshot } from './snapshot.ts';

type Objects = ReadonlyMap<string, Setting>;
type Edit = {
  readonly kind: Kind;
  readonly name: string;
  readonly body: Bodies[Kind];
  readonly archived: boolean;
};

const workspace = fc.constantFrom('default', 'team', 'lone');
const limits = fc.constantFrom(undefined, [{ usd: 5, per: 'day' as const }]);

const presetEdit: fc.Arbitrary<Edit> = fc
  .record({
    place: workspace,
    slug: fc.constantFrom('coder', 'light', 'chat'),
    models: fc.constantFrom(['deepseek/deepseek-v4-pro'], ['anthropic/claude-haiku-4.5']),
    disabled: fc.boolean(),
    archived: fc.boolean(),
    limits,
  })
  .map(({ place, slug, archived, models, disabled, limits: own }) => ({
    kind: 'preset',
    name: presetName(place, slug),
    archived,
    body: { models, disabled, ...(own ? { limits: own } : {}) },
  }));

const keyEdit: fc.Arbitrary<Edit> = fc
  .record({
    place: workspace,
    index: fc.nat({ max: 4 }),
    secret: fc.nat({ max: 30 }),
    disabled: fc.boolean(),
    archived: fc.boolean(),
    limits,
  })
  .map(({ place, index, secret, archived, disabled, limits: own }) => ({
    kind: 'key',
    name: `key-${index}`,
    archived,
    body: {
      name: `key-${index}`,
      // No two keys have the same secret: their configuration is refused.
      key: `sha256:${(secret * 5 + index).toString(16).padStart(64, '0')}`,
      workspace: place,
      disabled,
      ...(own ? { limits: own } : {}),
    },
  }));

const otherEdit: fc.Arbitrary<Edit> = fc.constantFrom<Edit>(
  { kind: 'workspace', name: 'team', archived: false, body: { contact: '#team' } },
  {
    kind: 'provider',
    name: 'late',
    archived: false,
    body: { wire: 'openai-chat', base_url: 'https://late.example/v1' },
  },
);

const edits = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: presetEdit },
    { weight: 5, arbitrary: keyEdit },
    { weight: 1, arbitrary: otherEdit },
  ),
  { maxLength: 20 },
);

const provider: Setting = {
  kind: 'provider',
  name: 'deepseek',
  path: [],
  version: 1,
  archived: false,
  body: { wire: 'openai-chat', base_url: 'https://api.deepseek.com/v1' },
};

test('a patched snapshot is the one that would be built anew', () => {
  let patched = 0;
  fc.assert(
    fc.property(edits, (all) => {
      let objects: Objects = new Map([['provider deepseek', provider]]);
      let snapshot = built(objects, 0);
      for (const [index, edit] of all.entries()) {
        const before = objects.get(`${edit.kind} ${edit.name}`);
        const after = settingFrom(edit, before);
        objects = new Map([...objects, [`${edit.kind} ${edit.name}`, after]]);
        const revision = index + 1;
        const change = { revision, secrets: noSecrets, previous: noSecrets };
        const next = patchSnapshot(snapshot, [{ before, after }], change);
        if (next) patched += 1;
        snapshot = next ?? built(objects, revision);
        const anew = built(objects, revision);
        assert.deepEqual(plain(snapshot), plain(anew));
        for (const place of ['default', 'team', 'lone'])
          for (let index = 0; index < 5; index += 1) {
            const caller = { workspace: place, key: `key-${index}` };
            assert.deepEqual(budgetsOfCaller(snapshot, caller), budgetsOfCaller(anew, caller));
          }
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(patched > 500, `only ${patched} edits were patched in`);
});

test('what an edit does not touch is the very same object', () => {
  const objects: Objects = new Map(
    [
      provider,
      settingFrom({
        kind: 'preset',
        name: 'coder',
        archived: false,
        body: { models: ['deepseek/deepseek-v4-pro'] },
      }),
      settingFrom({
        kind: 'preset',
        name: 'light',
        archived: false,
        body: { models: ['deepseek/deepseek-v4-pro'] },
      }),
    ].map((setting) => [`${setting.kind} ${setting.name}`, setting]),
  );
  const first = built(objects, 1);
  const before = objects.get('preset coder');
  const after = settingFrom({ kind: 'preset', name: 'coder', archived: false, body: { models: [] } }, before);
  const next = patchSnapshot(first, [{ before, after }], {
    revision: 2,
    secrets: noSecrets,
    previous: noSecrets,
  });
  const entry = (snapshot: Snapshot | undefined, slug: string) =>
    snapshot?.workspaces.get('default')?.presets.get(slug);
  assert.equal(entry(next, 'light'), entry(first, 'light'));
  assert.equal(next?.endpoints, first.endpoints);
  assert.equal(next?.keys, first.keys);
  assert.deepEqual([entry(first, 'coder')?.active.version, entry(next, 'coder')?.active.version], [1, 2]);
});

function settingFrom({ kind, name, body, archived }: Edit, before?: Setting): Setting {
  const version = (before?.version ?? 0) + 1;
  return { kind, name, path: [name], body, archived, version } as Setting;
}

function built(objects: Objects, revision: number): Snapshot {
  return buildSnapshot(settingsOf(revision, objects.values()), catalogue, noSecrets);
}

/** Without regard to the order of maps, which means nothing here. */
function plain(value: unknown): unknown {
  if (value === catalogue) return 'catalogue';
  if (value instanceof Set) return new Set(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  const entries = 'forEach' in value ? [...(value as ReadonlyMap<string, unknown>)] : Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, each]) => [key, plain(each)] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
