/** Where Gemini's generations differ. Facts: Gemini API guides on thinking, structured output and function calling. */

/** What `gemini-pro-latest` and the like stand for: the newest there is behaves as the third generation does. */
const newest = 3;

/** The major version in a model's id; 0 for models that are no Gemini. */
export function generationOf(model: string): number {
  const version = /gemini-(\d+)/.exec(model)?.[1];
  return version === undefined ? (model.includes('gemini') ? newest : 0) : Number(version);
}

/** From the third generation on, a call that comes back without the signature it was made with is refused. */
export function demandsSignatures(model: string): boolean {
  return generationOf(model) >= 3;
}

/** Only the third generation answers by a schema while it may call tools; before, the request is refused. */
export function mixesToolsAndSchema(model: string): boolean {
  return generationOf(model) >= 3;
}

/** The second generation takes documents and images by address only if they are files kept at Google. */
export function fetchesAddresses(model: string): boolean {
  return !/gemini-(1|2\.0)/.test(model);
}
