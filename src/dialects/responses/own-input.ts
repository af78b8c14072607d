/** What must leave the `input` of a request before an endpoint of the same wire can take it. */
import { idGrammars, newNames } from '../../core/hand-over.ts';
import { asObject, someText } from '../../core/json.ts';
import { parseJson } from '../json-source.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';

/** Items come parsed only when one of these is in the bytes. */
const marks = ['"encrypted_content"', '"reasoning"', '"item_reference"'].map((mark) => Buffer.from(mark));
const backslash = 0x5c;
const callId = Buffer.from('"call_id"');

/**
 * The input as JSON text without reasoning that another issuer encrypted and without references to items that this
 * endpoint has not stored; call ids that are too long are renamed. Undefined where all may stay: the bytes pass. Throws JsonFault.
 */
export function ownInput(input: Buffer | undefined, keeps: (proof: string) => boolean): string | undefined {
  if (!input || input[0] !== 0x5b) return undefined;
  const suspicious = marks.some((mark) => input.includes(mark)) || mayHaveLongId(input);
  if (!suspicious) return undefined;
  const items = parseJson(input) as readonly JsonValue[];
  const own = items.filter((item) => mayStay(asObject(item), keeps));
  const names = newNames(
    items.flatMap((item) => someText(asObject(item)['call_id']) ?? []),
    idGrammars.openai,
  );
  if (own.length === items.length && names.size === 0) return undefined;
  return JSON.stringify(own.map((item) => renamed(item, names)));
}

/** Encrypted content proves where an item is at home; so does its id, where the provider has stored it. */
function mayStay(item: JsonObject, keeps: (proof: string) => boolean): boolean {
  const byId = item['type'] === 'item_reference' || item['type'] === 'reasoning';
  const proofs = [item['encrypted_content'], ...(byId ? [item['id']] : [])].filter(
    (proof) => typeof proof === 'string',
  );
  return proofs.length === 0 || proofs.some((proof) => keeps(proof));
}

function renamed(item: JsonValue, names: ReadonlyMap<string, string>): JsonValue {
  const name = names.get(someText(asObject(item)['call_id']) ?? '');
  return name === undefined ? item : { ...asObject(item), call_id: name };
}

/** OpenAI takes 64 characters; the closing quote is looked for in the bytes, and after an escape it may be none. */
function mayHaveLongId(input: Buffer): boolean {
  for (let at = input.indexOf(callId); at !== -1; at = input.indexOf(callId, at + callId.length)) {
    const start = input.indexOf(0x22, at + callId.length);
    const end = input.indexOf(0x22, start + 1);
    if (start === -1) continue;
    if (end - start - 1 > 64 || input.subarray(start, end).includes(backslash)) return true;
  }
  return false;
}
