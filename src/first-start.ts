/** What is applied before the door opens: the operator's document, or the demo on a fresh data directory. */
import { sha256 } from './adapters/system.ts';
import { newAdminKey, readCredentials, writeCredentials, type Credentials } from './adapters/credentials.ts';
import { demoDocument, foundKeys } from './cli/init-document.ts';
import type { Config } from './config.ts';
import type { OpenConfiguration } from './control/configuration.ts';
import type { Finding } from './control/operations.ts';
import { optional } from './core/optional.ts';

/** The document of a start cannot be used; `findings` say why. */
export class BadDocument extends Error {
  readonly findings: readonly Finding[];
  constructor(findings: readonly Finding[]) {
    super('the configuration document has errors; nothing was applied');
    this.findings = findings;
  }
}

export type First = {
  readonly credentials: Credentials & { readonly adminKey: string };
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
};

/** What a start is given: the environment, and the text of a document if one was named. */
export type FirstOptions = { readonly config: Config; readonly document?: string };

/** Applies the given document, or the demo's on a data directory that has known nothing else. */
export async function applyFirst(
  configuration: OpenConfiguration,
  { config, document }: FirstOptions,
): Promise<First> {
  const kept = readCredentials(config.dataDir);
  const fresh = kept.demo ?? configuration.snapshot().revision === 0;
  const demo = document === undefined && fresh && !hasOwn(configuration);
  const adminKey = config.adminKey ?? kept.adminKey ?? newAdminKey();
  const text = document ?? (demo ? demoDocument(foundKeys(config.env)) : undefined);
  const applied =
    text === undefined ? { findings: [], notes: [] } : await applyText(configuration, text, demo);
  const known = opens(configuration, kept.inferenceKey) ? kept.inferenceKey : undefined;
  const inferenceKey = demo ? (known ?? (await demoKey(configuration))) : known;
  const credentials: Credentials = {
    ...(config.adminKey === undefined ? { adminKey } : optional('adminKey', kept.adminKey)),
    ...optional('inferenceKey', inferenceKey),
    demo,
  };
  writeCredentials(config.dataDir, credentials);
  return {
    credentials: { ...credentials, adminKey, ...optional('inferenceKey', inferenceKey) },
    findings: [...configuration.startFindings, ...applied.findings],
    notes: applied.notes,
  };
}

/** Somebody has given this data directory a configuration of its own: the demo is never applied over it. */
function hasOwn(configuration: OpenConfiguration): boolean {
  return configuration
    .history(1_000)
    .some(({ author, changes }) => author !== demoName && changes.some(({ kind }) => kind !== 'key'));
}

/** A key that was removed or disabled since is not printed again. */
function opens(configuration: OpenConfiguration, secret: string | undefined): boolean {
  const key = secret === undefined ? undefined : configuration.snapshot().keys.get(sha256(secret));
  return key?.disabled === false;
}

async function applyText(
  configuration: OpenConfiguration,
  text: string,
  demo: boolean,
): Promise<Omit<First, 'credentials'>> {
  const actor = { name: demo ? demoName : 'local operator', local: true, role: 'owner' as const };
  const result = await configuration.apply({ text, actor, message: demo ? 'the demo' : 'applied at start' });
  if (result.outcome === 'invalid') throw new BadDocument(result.findings);
  if (result.outcome === 'applied') return { findings: result.findings, notes: [] };
  const names = result.conflicts.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  return {
    findings: result.findings,
    notes: [
      `The document was not applied: ${names} changed in it and was also edited since. The gateway runs on what its database has; \`spillway apply\` shows the difference.`,
    ],
  };
}

const demoName = 'demo';

/** The demo's own inference key; one whose secret was lost is replaced. */
async function demoKey(configuration: OpenConfiguration): Promise<string> {
  const actor = { name: demoName, local: true, role: 'owner' as const };
  if (configuration.keys().some(({ name }) => name === demoName))
    await configuration.removeKey(demoName, actor);
  return (await configuration.addKey({ name: demoName }, actor)).secret;
}
