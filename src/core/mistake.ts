/** One thing wrong with (or worth saying about) a document, before anybody knows at which line it stands. */

/** Where in the document: keys and list positions from the top. */
export type Path = readonly (string | number)[];

export type Mistake = {
  readonly path: Path;
  readonly level: 'error' | 'warning';
  /** One sentence that names the fix. */
  readonly message: string;
  /** Of objects that make it together, each of which can mend it, the paths; absent = it is that of `path` alone. */
  readonly among?: readonly Path[];
};

export function error(path: Path, message: string): Mistake {
  return { path, level: 'error', message };
}

export function warning(path: Path, message: string): Mistake {
  return { path, level: 'warning', message };
}

/** `presets.coder.models[1]`; keys that are not plain words are quoted: `models["acme/coder"].tier`. */
export function printPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[\w-]+$/.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}
