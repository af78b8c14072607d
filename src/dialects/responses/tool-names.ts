/**
 * Tools of the Responses API as functions of wires that know nothing else, and back: tools inside a `namespace`
 * get one flat name, freeform (`custom`) tools become functions with a single string.
 */
import { newNames } from '../../core/hand-over.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';

/** What the client calls a tool. */
export type ToolIdentity = {
  readonly name: string;
  readonly namespace?: string;
  /** Its calls carry text instead of JSON arguments. */
  readonly freeform: boolean;
};

export type NamedTool = ToolIdentity & {
  /** The name on other wires: unlike any other in this request, at most 64 characters. */
  readonly flat: string;
  readonly tool: JsonObject;
};

/** The tools that can be told on another wire, in the order given; hosted tools are not among them. */
export function nameTools(tools: JsonValue | undefined): readonly NamedTool[] {
  const plain = listed(tools).filter((tool) => isCallable(tool));
  const taken = new Set(plain.map((tool) => nameOf(tool)));
  return listed(tools).flatMap((tool): readonly NamedTool[] => {
    if (isCallable(tool)) return [{ ...identityOf(tool), flat: nameOf(tool), tool }];
    if (tool['type'] !== 'namespace') return [];
    const namespace = nameOf(tool);
    return listed(tool['tools'])
      .filter((inner) => isCallable(inner))
      .map((inner) => {
        const flat = free(flatName(nameOf(inner), namespace), taken);
        taken.add(flat);
        return { ...identityOf(inner), namespace, flat, tool: inner };
      });
  });
}

/** The flat name of a tool that a call in the history names. */
export function flatOf(
  tools: readonly NamedTool[],
  called: { readonly name: string; readonly namespace?: string | undefined },
): string {
  const known = tools.find((tool) => tool.name === called.name && tool.namespace === called.namespace);
  return known?.flat ?? flatName(called.name, called.namespace);
}

/** Flat name → what the client calls it; tools whose name is their own are left out. */
export function toldNames(tools: readonly NamedTool[]): ReadonlyMap<string, ToolIdentity> {
  return new Map(
    tools
      .filter(({ freeform, namespace }) => freeform || namespace !== undefined)
      .map(({ flat, name, namespace, freeform }) => [
        flat,
        { name, freeform, ...optional('namespace', namespace) },
      ]),
  );
}

/** The text of a freeform call, from the arguments of the function that stands for it. */
export function freeformInput(json: string): string {
  try {
    const value = JSON.parse(json) as unknown;
    return typeof value === 'string'
      ? value
      : (someText(asObject(value)['input']) ?? (isInput(value) ? '' : json));
  } catch {
    return json;
  }
}

function isInput(value: unknown): boolean {
  return typeof asObject(value)['input'] === 'string';
}

function listed(tools: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(tools) ? tools.map((tool: JsonValue) => asObject(tool)) : [];
}

function isCallable(tool: JsonObject): boolean {
  return tool['type'] === 'function' || tool['type'] === 'custom';
}

function identityOf(tool: JsonObject): ToolIdentity {
  return { name: nameOf(tool), freeform: tool['type'] === 'custom' };
}

function nameOf(tool: JsonObject): string {
  return asText(tool['name']);
}

/** Names longer than every wire takes. */
const mostCharacters = 64;
const tailGrammar = { valid: /^(?!)/, alphabet: 'abcdefghijklmnopqrstuvwxyz0123456789', length: 8 };

/** `namespace__name`; what is too long keeps its beginning and ends in a hash of the whole. */
function flatName(name: string, namespace: string | undefined): string {
  const whole = (namespace === undefined ? name : `${namespace}__${name}`).replace(/[^a-zA-Z0-9_-]/g, '_');
  return whole.length <= mostCharacters ? whole : `${whole.slice(0, 55)}_${tail(whole)}`;
}

function free(name: string, taken: ReadonlySet<string>): string {
  let made = name;
  for (let again = 2; taken.has(made); again++) made = `${name.slice(0, 55)}_${tail(`${again}/${name}`)}`;
  return made;
}

function tail(text: string): string {
  return newNames([text], tailGrammar).get(text) ?? '';
}
