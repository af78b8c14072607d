/** What an OpenRouter preset holds, key by key. Its keys: openrouter.ai/docs/guides/features/presets. */
import { checkParameters, knownParameters } from '../core/check-parameters.ts';
import { parseWith } from '../core/document-mistakes.ts';
import { preferencesSchema, type PreferencesBody, type PresetBody } from '../core/document-preset.ts';
import { modelSlugProblem } from '../core/slug.ts';
import { entryOf, fieldsOf, isFields, isNothing, listOf, textOf, textsOf, type Fields } from './loose.ts';
import { below, type At, type Report } from './report.ts';
import { withoutSecrets } from './secrets.ts';

const reasons: Readonly<Record<string, string>> = {
  cache_enabled: 'answers are not cached here',
  cache_ttl_seconds: 'answers are not cached here',
  messages: 'belongs to the request',
  input: 'belongs to the request',
  prompt: 'belongs to the request',
  stream: 'belongs to the request',
};

const forTools =
  'have callers send this tool themselves, or write it there by hand and keep the document to yourself';
const forRest = 'credentials and headers belong to a provider, under providers, as env:NAME';

/** The same preset in our schema, without what looks like a secret. */
export function presetFrom(held: Fields, at: At, report: Report): PresetBody {
  const config = cleaned(held, at, report);
  const provider = providerFrom(config, at, report);
  const parameters = parametersFrom(config, at, report);
  const models = modelsFrom(config, at, report);
  const tools = toolsFrom(config['tools'], below(at, 'tools'), report);
  return {
    ...(models.length > 0 && { models }),
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(tools.length > 0 && { tools }),
    ...(Object.keys(provider).length > 0 && { provider }),
  };
}

function cleaned({ tools, system_prompt: _prompt, ...rest }: Fields, at: At, report: Report): Fields {
  const left = withoutSecrets(tools, below(at, 'tools'), { report, advice: forTools });
  return { ...fieldsOf(withoutSecrets(rest, at, { report, advice: forRest })), tools: left };
}

function modelsFrom(config: Fields, at: At, report: Report): string[] {
  const list = [textOf(config['model']), ...textsOf(config['models'])].flatMap((slug) => slug ?? []);
  const named = listOf(config['fallbacks']).flatMap(
    (one) => textOf(isFields(one) ? one['model'] : one) ?? [],
  );
  const all = [...new Set([...list, ...named].map((slug) => slug.toLowerCase()))];
  const right = all.filter((slug) => modelSlugProblem(slug) === undefined);
  for (const slug of all)
    if (!right.includes(slug))
      report.lost(below(at, 'models'), `${JSON.stringify(slug)} is no slug of a model; left out`);
  if (right.length > 32) report.lost(below(at, 'models'), 'only the first 32 of its models were kept');
  if (right.length > 0)
    report.carried(below(at, textOf(config['model']) === undefined ? 'models' : 'model'), right.join(', '));
  return right.slice(0, 32);
}

function providerFrom(config: Fields, at: At, report: Report): PreferencesBody {
  const given = Object.fromEntries(
    Object.entries(fieldsOf(config['provider'])).filter(([, value]) => value !== null && value !== undefined),
  );
  const partition = { fallback: 'model', sort: 'none' }[textOf(config['route']) ?? ''];
  const wanted: Fields =
    partition !== undefined && typeof given['sort'] === 'string'
      ? { ...given, sort: { by: given['sort'], partition } }
      : given;
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(wanted)) {
    const place = below(at, 'provider', name);
    const { mistakes } = parseWith(preferencesSchema, { [name]: value }, []);
    const [wrong] = mistakes;
    if (wrong) report.lost(place, `${wrong.message}; left out`);
    else {
      kept[name] = value;
      report.carried(place, 'the same');
    }
  }
  if (Object.keys(kept).length > 0)
    report.changed(
      below(at, 'provider'),
      "a request's own provider object no longer replaces it: the two are merged, and the stricter wins",
    );
  const { order } = kept;
  // Of its names OpenRouter itself is none, and with allow_fallbacks: false only those in the order are called.
  if (kept['allow_fallbacks'] === false && Array.isArray(order))
    kept['order'] = [...textsOf(order), 'openrouter'];
  return kept;
}

const notParameters: ReadonlySet<string> = new Set(
  'model models fallbacks route provider tools system_prompt preset'.split(' '),
);

function parametersFrom(config: Fields, at: At, report: Report): NonNullable<PresetBody['parameters']> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(config)) {
    if (notParameters.has(name) || value === null || value === undefined) continue;
    const place = below(at, name);
    const reason = entryOf(reasons, name);
    if (reason !== undefined) {
      if (!isNothing(value)) report.lost(place, reason);
      continue;
    }
    const [wrong] = checkParameters({ [name]: value }, []);
    if (wrong) {
      report.lost(place, `${wrong.message}; left out`);
      continue;
    }
    kept[name] = value;
    if (knownParameters.includes(name)) report.carried(place, `parameters.${name}`);
    else report.changed(place, `parameters.${name}: not known here, so it is sent as it stands`);
  }
  return kept as NonNullable<PresetBody['parameters']>;
}

function toolsFrom(value: unknown, at: At, report: Report): NonNullable<PresetBody['tools']> {
  const seen = new Set<string>();
  return listOf(value).flatMap((tool, index) => {
    const fields = fieldsOf(tool);
    const place = below(at, index);
    const type = textOf(fields['type']);
    const name =
      textOf(fieldsOf(fields['function'])['name']) ?? textOf(fieldsOf(fields['parameters'])['name']);
    if (type === undefined || (type === 'function' && name === undefined)) {
      report.lost(place, 'is no tool with a type, and a name where it is a function; left out');
      return [];
    }
    const identity = `${type} ${name ?? JSON.stringify(tool)}`;
    if (seen.has(identity)) {
      report.lost(place, `a second ${name ?? type}; left out`);
      return [];
    }
    seen.add(identity);
    report.carried(place, `the tool ${name ?? type}`);
    return [tool as NonNullable<PresetBody['tools']>[number]];
  });
}
