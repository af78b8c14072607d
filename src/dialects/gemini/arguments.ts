/**
 * Arguments of a call that come piece by piece: `partialArgs` name a place by JSONPath (`$.a[0].b`) and hold a value,
 * or a further piece of a string. Put together here; told once the call is complete. Facts: Gemini API reference,
 * FunctionCall and PartialArg, and recorded streams.
 */
import { asObject } from '../../core/json.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';

type Step = string | number;
type Node = { [key: Step]: JsonValue | Node };

/** More elements than this in a list are no arguments, but an attack on our memory. */
const mostElements = 10_000;

/** The arguments of one call while they grow. */
export class GrowingArguments {
  #root: Node = {};

  /** Takes a `functionCall`: whole `args`, or pieces of them. */
  take(call: JsonObject): void {
    Object.assign(this.#root, structuredClone(asObject(call['args'])));
    const pieces = call['partialArgs'];
    if (Array.isArray(pieces)) for (const piece of pieces) this.#place(asObject(piece));
  }

  /** JSON text. */
  text(): string {
    return JSON.stringify(this.#root);
  }

  #place(piece: JsonObject): void {
    const steps = stepsOf(piece['jsonPath']);
    const last = steps.at(-1);
    const value = valueOf(piece);
    if (last === undefined || value === undefined) return;
    let node = this.#root;
    for (const [at, step] of steps.slice(0, -1).entries())
      node = child(node, step, typeof steps[at + 1] === 'number');
    const earlier = node[last];
    set(node, last, typeof value === 'string' && typeof earlier === 'string' ? earlier + value : value);
  }
}

function child(node: Node, step: Step, list: boolean): Node {
  const known = Object.hasOwn(node, step) ? node[step] : undefined;
  if (typeof known === 'object' && known !== null) return known as Node;
  const made = (list ? [] : {}) as Node;
  set(node, step, made);
  return made;
}

/** `__proto__` is a name like any other. */
function set(node: Node, step: Step, value: JsonValue | Node): void {
  Object.defineProperty(node, step, { value, writable: true, enumerable: true, configurable: true });
}

function valueOf(piece: JsonObject): JsonValue | undefined {
  if ('nullValue' in piece) return null;
  return piece['stringValue'] ?? piece['numberValue'] ?? piece['boolValue'];
}

/** `$.a[0]['b c']` → a, 0, b c. Empty for anything that is no path. */
function stepsOf(path: JsonValue | undefined): readonly Step[] {
  if (typeof path !== 'string' || !path.startsWith('$')) return [];
  const steps: Step[] = [];
  for (const [, name, index, quoted] of path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\[['"]([^'"]*)['"]\]/g)) {
    const step = index === undefined ? (name ?? quoted ?? '') : Number(index);
    if (typeof step === 'number' && step > mostElements) return [];
    steps.push(step);
  }
  return steps;
}
