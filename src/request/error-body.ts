/** What says in an answer of one piece that it is none. */

/** Error bodies are read up to here. */
export const maxErrorBytes = 64 * 1024;
/** Bytes are found in bytes without making a text of all. */
const errorKey = Buffer.from('"error"');

/** An error that came with a status of success. */
export function isErrorBody(body: Buffer): boolean {
  if (body.length > maxErrorBytes || !body.includes(errorKey)) return false;
  try {
    const value = JSON.parse(body.toString('utf8')) as {
      error?: unknown;
      choices?: unknown;
      content?: unknown;
    };
    return (
      value.error !== undefined &&
      value.error !== null &&
      value.choices === undefined &&
      value.content === undefined
    );
  } catch {
    return false;
  }
}
