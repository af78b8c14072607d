/**
 * An error that stood before, in an object that a change leaves alone, is no reason to refuse the change: a model
 * that the catalogue no longer knows must not stop unrelated edits, or a start, on the day of an outage.
 */
import { printPath, type Mistake, type Path } from '../core/mistake.ts';
import type { Written } from '../core/settings.ts';

/** `mistakes` with those errors made warnings. `before` is asked for what was wrong before, if that matters. */
export function forgiveStanding(
  mistakes: readonly Mistake[],
  touched: readonly Written[],
  before: () => readonly Mistake[],
): readonly Mistake[] {
  const changed = new Set(
    touched.map(({ kind, name, path }) => (kind === 'gateway' ? name : printPath(path))),
  );
  const untouched = (mistake: Mistake): boolean =>
    mistake.level === 'error' && !changed.has(printPath(objectOf(mistake.path)));
  if (!mistakes.some(untouched)) return mistakes;
  const stood = new Set(before().map(fingerprint));
  return mistakes.map((mistake) =>
    untouched(mistake) && stood.has(fingerprint(mistake)) ? { ...mistake, level: 'warning' } : mistake,
  );
}

/** Those mistakes that are about one of the objects, or that it makes together with others. */
export function concerning(
  mistakes: readonly Mistake[],
  objects: readonly { readonly path: Path }[],
): readonly Mistake[] {
  const paths = new Set(objects.map(({ path }) => printPath(path)));
  return mistakes.filter(({ path, among = [] }) =>
    [objectOf(path), ...among].some((one) => paths.has(printPath(one))),
  );
}

/** The path of the object that a path leads into. */
export function objectOf(path: Path): Path {
  if (path[0] === 'limits') return path.slice(0, 1);
  return path.slice(0, path[0] === 'workspaces' && path[2] === 'presets' ? 4 : 2);
}

/**
 * Keys and alerts stand at another place in every document, so theirs does not count. Nor do the hints that follow what
 * is wrong: they name what else there is, and that changes.
 */
function fingerprint({ path, message }: Mistake): string {
  const listed = path[0] === 'keys' || path[0] === 'alerts';
  const [wrong] = /^[^";]*(?:"[^"]*")?/.exec(message) ?? [message];
  return `${printPath(listed ? [path[0] ?? '', ...path.slice(2)] : path)}: ${wrong}`;
}
