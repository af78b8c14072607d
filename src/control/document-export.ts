/** The configuration in force as a document again. Applying it changes nothing; it never holds a secret. */
import { defaultWorkspace } from '../core/defaults.ts';
import { mapSecrets } from '../core/secret-fields.ts';
import { hiddenSecret, secretForm } from '../core/secret-text.ts';
import { presetAddress, type Settings, type Written } from '../core/settings.ts';

type Section = Record<string, unknown>;

/** As plain maps and lists, in the order of the schema; sections without entries are left out. */
export function documentOf(settings: Settings): Readonly<Record<string, unknown>> {
  const presets = settings.presets.filter(({ archived }) => !archived);
  return withoutEmpty({
    limits: settings.gateway.find(({ name }) => name === 'limits')?.body.limits,
    providers: section(settings.providers),
    models: section(settings.models),
    workspaces: workspacesOf(settings, presets),
    presets: presetsOf(defaultWorkspace, presets),
    keys: settings.keys.map(shown),
    alerts: settings.alerts.map(shown),
  });
}

function section(objects: readonly Written[]): Section {
  return Object.fromEntries(objects.map((object) => [object.name, shown(object)]));
}

/** References and hashes are shown: they are no secrets, and without them the document could not be applied. */
export function shown(object: Written): Written['body'] {
  return mapSecrets(object, ({ text }) => {
    const form = secretForm(text);
    return form === 'reference' || form === 'hash' ? text : hiddenSecret;
  }).body;
}

function workspacesOf(settings: Settings, presets: Settings['presets']): Section {
  const workspaces: Section = section(settings.workspaces);
  const names = new Set(presets.map(({ name }) => presetAddress(name).workspace));
  names.delete(defaultWorkspace);
  for (const name of names)
    workspaces[name] = { ...(workspaces[name] as Section), presets: presetsOf(name, presets) };
  return workspaces;
}

function presetsOf(workspace: string, presets: Settings['presets']): Section {
  const own = presets.filter(({ name }) => presetAddress(name).workspace === workspace);
  return Object.fromEntries(own.map(({ name, body }) => [presetAddress(name).slug, body]));
}

function withoutEmpty(sections: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kept = Object.entries(sections).filter(
    ([name, value]) => value !== undefined && (name === 'limits' || Object.keys(value as object).length > 0),
  );
  return Object.fromEntries(kept);
}
