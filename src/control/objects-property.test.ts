/** Whatever is done in whatever order: numbers go up and never restart, and the history says how it came to be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { local } from '../../test/support/applying.ts';
import { testSettings } from '../../test/support/open-settings.ts';
import type { OpenConfiguration } from './configuration.ts';
import type { Action } from './object-operations.ts';
import { OperationRefused } from './operations.ts';

type Act = Action | { readonly do: 'revert'; readonly back: number };

const small = fc.integer({ min: 1, max: 6 });
const bodies = fc.constantFrom('one', 'two', 'three').map((description) => ({ description }));
const put = fc.record({ do: fc.constant('put' as const), body: bodies });
const acts: fc.Arbitrary<Act> = fc.oneof(
  put,
  put,
  fc.record({ do: fc.constant('patch' as const), patch: bodies }),
  fc.record({ do: fc.constant('activate' as const), version: small }),
  fc.constantFrom(
    { do: 'archive' } as const,
    { do: 'restore' } as const,
    { do: 'delete' } as const,
    { do: 'publish' } as const,
    { do: 'promote' } as const,
    { do: 'rollback' } as const,
  ),
  fc.record({ do: fc.constant('draft' as const), body: bodies }),
  fc.record({ do: fc.constant('rollout' as const), version: small, percent: small }),
  fc.record({ do: fc.constant('revert' as const), back: fc.integer({ min: 0, max: 3 }) }),
);

function perform({ objects }: OpenConfiguration, act: Act, newest: number): void {
  try {
    if (act.do === 'revert') objects.revert(Math.max(0, newest - act.back), { actor: local, force: true });
    else objects.change({ ref: { kind: 'preset', name: 'p' }, action: act, actor: local, force: true });
  } catch (cause) {
    if (!(cause instanceof OperationRefused)) throw cause;
  }
}

type Entry = { readonly active: number; readonly status: string } | undefined;

function entryOf(configuration: OpenConfiguration): Entry {
  const entry = configuration.snapshot().workspaces.get('default')?.presets.get('p');
  return entry && { active: entry.active.version, status: entry.status };
}

/** What the history says of the preset. */
function told(configuration: OpenConfiguration): Entry {
  const changes = configuration
    .history(1_000)
    .toReversed()
    .flatMap((revision) => revision.changes)
    .filter(({ kind }) => kind === 'preset');
  const last = changes.at(-1);
  if (!last || last.action === 'deleted') return undefined;
  return { active: last.version, status: last.action === 'archived' ? 'archived' : 'active' };
}

test('numbers only grow, nothing is lost, and the history leads to what is there', () => {
  fc.assert(
    fc.property(fc.array(acts, { minLength: 15, maxLength: 30, size: 'max' }), (sequence) => {
      const settings = testSettings();
      try {
        let configuration = settings.open();
        let [revision, latest] = [0, 0];
        const known = new Map<number, string>();
        for (const act of sequence) {
          perform(configuration, act, revision);
          const now = configuration.snapshot().revision;
          assert.ok(now === revision || now === revision + 1);
          revision = now;
          const entry = configuration.snapshot().workspaces.get('default')?.presets.get('p');
          for (const [version, { description }] of entry?.versions ?? []) {
            assert.ok(known.has(version) || version === latest + 1, `${version} after ${latest}`);
            assert.equal(known.get(version) ?? description, description, 'a version never changes');
            known.set(version, description ?? '');
            latest = Math.max(latest, version);
          }
          if (entry) assert.deepEqual(new Set(entry.versions.keys()), new Set(known.keys()));
        }
        assert.deepEqual(
          configuration.history(1_000).map((one) => one.revision),
          Array.from({ length: revision }, (_, index) => revision - index),
        );
        const before = entryOf(configuration);
        assert.deepEqual(told(configuration), before);
        const exported = configuration.export();
        configuration = settings.open();
        assert.deepEqual(entryOf(configuration), before, 'after a start');
        assert.equal(configuration.export(), exported, 'lists that were patched are those that are built');
      } finally {
        settings.remove();
      }
    }),
    { numRuns: 40 },
  );
});
