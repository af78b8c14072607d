/**
 * Writes `src/catalog/models.json` from public model lists that lie in a folder. The same input gives the same
 * bytes.
 *
 *   node scripts/build-catalog.ts <folder> [output file]
 *
 * The folder holds `models.dev-slim-*.json` (the main source), `pi-ai-*.json` (newer: adds models, checks prices),
 * `genai-prices-*.json` (checks prices) and `litellm-*.json` (wires and dated names); each name ends in its date.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelRow, ModelsFile } from '../src/catalog/format.ts';
import { findAliases } from './catalog/aliases.ts';
import { genaiRate, type GenaiFile } from './catalog/genai-prices.ts';
import { datedIds, responsesOnly, type LitellmFile } from './catalog/litellm.ts';
import { group, modelRow, type Sources } from './catalog/merge.ts';
import { bedrockIds, readModelsDev, type ModelsDevFile } from './catalog/models-dev.ts';
import { readPi, type PiFile } from './catalog/pi-ai.ts';

const [folder, output = join(import.meta.dirname, '../src/catalog/models.json')] = process.argv.slice(2);
if (!folder) {
  console.error('Usage: node scripts/build-catalog.ts <folder with the model lists> [output file]');
  process.exit(2);
}

const file = build(folder);
writeFileSync(output, print(file));
report(file.models);

function build(folder: string): ModelsFile {
  const modelsDev = load(folder, 'models.dev-slim');
  const pi = load(folder, 'pi-ai');
  const genai = load(folder, 'genai-prices');
  const litellm = load(folder, 'litellm');
  const sources: Sources = {
    main: readModelsDev(modelsDev.data as ModelsDevFile),
    fresh: readPi(pi.data as PiFile),
    check: (offer) => genaiRate(genai.data as GenaiFile, offer, pi.date),
    responsesOnly: responsesOnly(litellm.data as LitellmFile),
  };
  const groups = group(sources);
  const bedrock = bedrockIds(modelsDev.data as ModelsDevFile);
  const aliases = findAliases(groups, bedrock, datedIds(litellm.data as LitellmFile));
  return {
    date: modelsDev.date,
    sources: {
      'models.dev': `${modelsDev.date}, MIT`,
      'pi-ai': `${pi.date}, MIT`,
      'genai-prices': `${genai.date}, MIT`,
      LiteLLM: `${litellm.date}, MIT`,
    },
    models: groups.map((one) => modelRow(one, aliases.get(one.slug) ?? [], sources)),
  };
}

/** The file of a source, whose name begins with `prefix` and ends with its date. */
function load(folder: string, prefix: string): { data: unknown; date: string } {
  const name = readdirSync(folder).find((one) => one.startsWith(prefix) && one.endsWith('.json'));
  const date = name?.match(/\d{4}-\d\d-\d\d/)?.[0];
  if (!name || !date) throw new Error(`${folder} holds no file named ${prefix}…-YYYY-MM-DD.json`);
  return { data: JSON.parse(readFileSync(join(folder, name), 'utf8')), date };
}

/** One model a line, so that a rebuild shows as a readable diff. */
function print({ date, sources, models }: ModelsFile): string {
  const head = JSON.stringify({ date, sources }).slice(0, -1);
  return `${head},"models":[\n${models.map((model) => JSON.stringify(model)).join(',\n')}\n]}\n`;
}

function report(models: readonly ModelRow[]): void {
  const offers = models.flatMap((model) => model.offers);
  const conflicts = offers.filter((offer) => offer.conflict);
  const unpriced = offers.filter((offer) => !offer.price);
  console.log(
    `${models.length} models, ${offers.length} offers: ${conflicts.length} with differing prices, ${unpriced.length} without one`,
  );
}
