/** Recorded material that lies beside the checkout, not in it. Tests that need it skip loudly where it is absent. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env['SPILLWAY_SHARED'] ?? join(import.meta.dirname, '../../../shared');

/** `{ skip }` for node:test: the sentence that says what is missing, or false. */
export function needsShared(path: string): { readonly skip: string | false } {
  return {
    skip: existsSync(join(folder, path)) ? false : `SKIPPED, LOUDLY: ${path} is absent beside this checkout`,
  };
}

export function sharedPath(path: string): string {
  return join(folder, path);
}

export function readShared(path: string): Buffer {
  return readFileSync(sharedPath(path));
}
