/** What routing rules may ask about a request. Made for each request, so nothing is looked up before it is asked for. */
import type { Ask } from '../core/ask.ts';
import { asObject, someText } from '../core/json.ts';
import { backgroundTask, recognise, type Recognised } from '../core/recognise.ts';
import { parseName } from '../core/resolve.ts';
import type { RouteFacts } from '../core/route-rule.ts';
import { glimpseOf, toolNamesOf } from '../dialects/glimpse.ts';
import type { Headers } from './authenticate.ts';

const longestTask = 100;

/** `now` is epoch ms. */
export function routeFacts(ask: Ask, headers: Headers, now: number, seed?: () => string): RouteFacts {
  return new Facts(ask, headers, now, seed);
}

class Facts implements RouteFacts {
  readonly now: number;
  readonly #ask: Ask;
  readonly #headers: Headers;
  #recognised: { readonly found: Recognised | undefined } | undefined;
  #toolNames: readonly string[] | undefined;

  readonly seed: (() => string) | undefined;

  constructor(ask: Ask, headers: Headers, now: number, seed: (() => string) | undefined) {
    this.seed = seed;
    this.#ask = ask;
    this.#headers = headers;
    this.now = now;
  }

  get needs(): Ask['needs'] {
    return this.#ask.needs;
  }

  get user(): string | undefined {
    return this.#ask.user;
  }

  get model(): string {
    const name = this.#ask.model ?? '';
    return parseName(name).model ?? name;
  }

  readonly header = (name: string): string | undefined => this.#headers[name];

  get task(): string | undefined {
    const declared = this.#declared;
    if (declared !== undefined) return declared;
    const { kind } = this.recognised ?? {};
    return kind && backgroundTask(kind);
  }

  /** A request that says what it is for is taken at its word. */
  get recognised(): Recognised | undefined {
    if (this.#declared !== undefined || this.#ask.api === 'embeddings') return undefined;
    this.#recognised ??= { found: recognise(glimpseOf(this.#ask, this.header)) };
    return this.#recognised.found;
  }

  get toolNames(): readonly string[] {
    return (this.#toolNames ??= toolNamesOf(this.#ask));
  }

  get #declared(): string | undefined {
    const said =
      someText(this.#headers['x-spillway-task']?.trim()) ??
      someText(asObject(this.#ask.values['metadata'])['task']);
    return said?.slice(0, longestTask);
  }
}
