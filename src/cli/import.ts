/** `import`: what other gateways call their configuration becomes a document, with a report of what could not be carried. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadCatalogue } from '../catalog/load.ts';
import type { Catalogue } from '../core/catalog.ts';
import { suggest } from '../core/suggest.ts';
import { importLiteLlm } from '../import/litellm.ts';
import { importOpenRouter } from '../import/openrouter.ts';
import { BadSource, type Imported, type Source } from '../import/report.ts';
import { readSource } from '../import/sources.ts';
import type { Run } from './command.ts';
import { readTextFile } from './document-file.ts';
import { findingLine } from './print-findings.ts';
import { reportLines, reportSummary } from './print-import.ts';
import type { Shell } from './shell.ts';
import { exit, Stop, usageError } from './stop.ts';

const importers: Readonly<Record<string, (sources: readonly Source[], catalogue: Catalogue) => Imported>> = {
  openrouter: importOpenRouter,
  litellm: importLiteLlm,
};

export const importDocument: Run = async (args, shell) => {
  const [from = '', ...files] = args.positionals;
  const importer = importers[from];
  if (importer === undefined) throw usageError(unknownOrigin(from));
  const { document, report } = readable(importer, await readSources(files, shell));
  const { checkOffline } = await import('./offline.ts');
  const errors = checkOffline(shell, document).filter(({ level }) => level === 'error');
  const output = args.text('output') ?? '-';
  if (output !== '-') await write(shell, output, { text: document, force: args.on('force') });
  if (args.on('json')) shell.out.line(JSON.stringify({ document, report, errors }));
  else {
    if (output === '-') shell.out.write(document);
    for (const line of reportLines(report, shell.err.paint)) shell.err.line(line);
    for (const finding of errors) shell.err.line(findingLine(output, finding, shell.err.paint));
    shell.err.line(reportSummary(report, errors.length));
    if (output !== '-') shell.err.line(`written: ${output}; next: spillway check ${output}`);
  }
  return errors.length === 0 ? exit.ok : exit.failed;
};

function unknownOrigin(from: string): string {
  const near = suggest(from, Object.keys(importers));
  return `import from what? ${near === undefined ? Object.keys(importers).join(' or ') : `did you mean ${near}?`}`;
}

async function readSources(
  files: readonly string[],
  shell: Shell,
): Promise<readonly (readonly [string, string])[]> {
  if (files.filter((file) => file === '-').length > 1) throw usageError('- can be read only once');
  return Promise.all(
    files.map(async (file) => [file, await readTextFile(shell, file, `there is no file ${file}`)] as const),
  );
}

/** Nothing is written of files when one of them cannot be understood. */
function readable(
  importer: (sources: readonly Source[], catalogue: Catalogue) => Imported,
  texts: readonly (readonly [string, string])[],
): Imported {
  try {
    return importer(
      texts.map(([file, text]) => readSource(file, text)),
      loadCatalogue(),
    );
  } catch (error) {
    if (error instanceof BadSource) throw new Stop(error.message, exit.usage);
    throw error;
  }
}

type Content = { readonly text: string; readonly force: boolean };

async function write({ cwd }: Shell, file: string, { text, force }: Content): Promise<void> {
  await writeFile(resolve(cwd, file), text, { flag: force ? 'w' : 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST')
        throw usageError(`${file} is there already: choose another with -o FILE, or --force to overwrite it`);
      throw new Stop(`cannot write ${file}: ${error.code ?? error.message}`);
    },
  );
}
