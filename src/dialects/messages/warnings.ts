/** What had to be left out of a request, in words for people. */
/** Warnings in the order they came, each said once. */
export class Warnings {
  readonly #said = new Set<string>();

  add(warning: string): void {
    this.#said.add(warning);
  }

  list(): readonly string[] {
    return [...this.#said];
  }
}
