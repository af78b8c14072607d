/** Configurations of the bench, from documents as operators write them. */
import { loadCatalogue } from '../../src/catalog/load.ts';
import { snapshotFromDocument } from '../../src/control/check-document.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';

const catalogue = loadCatalogue();

export function snapshotOf(document: string): Snapshot {
  const { snapshot, findings } = snapshotFromDocument(document, { catalogue, now: 0, local: true });
  if (!snapshot) throw new Error(JSON.stringify(findings));
  return snapshot;
}
