/** `reasoning_details` where bytes pass: learnt from answers, and taken out of a history that goes to another issuer. */
import { asObject } from '../../core/json.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { proofOf } from './details.ts';

const mark = Buffer.from('"reasoning_details"');

/** True when the bytes, of an event or of messages, have details in them. */
export function hasDetails(bytes: Buffer): boolean {
  return bytes.includes(mark);
}

/** The proofs in the choices of an answer, whole or a piece of a stream. */
export function proofsIn(
  choices: readonly { readonly delta?: unknown; readonly message?: unknown }[],
): string[] {
  return choices
    .flatMap(({ delta, message }) => detailsOf(asObject(delta ?? message)))
    .flatMap((detail) => proofOf(asObject(detail)) ?? []);
}

/** The message without thoughts that another issuer proved; itself, where it has none. */
export function withOwnDetails(message: JsonValue, keeps: (proof: string) => boolean): JsonValue {
  const details = detailsOf(asObject(message));
  const isForeign = (detail: JsonObject): boolean => {
    const proof = proofOf(detail);
    return proof !== undefined && !keeps(proof);
  };
  const foreign = details.map(asObject).filter(isForeign);
  if (foreign.length === 0) return message;
  // The pieces of one thought have one index: text goes with its proof.
  const indexes = new Set(foreign.map(({ index }) => index).filter((index) => index !== undefined));
  const own = details.filter((detail) => {
    const { index } = asObject(detail);
    return !isForeign(asObject(detail)) && !(index !== undefined && indexes.has(index));
  });
  const { reasoning_details: _details, ...rest } = asObject(message);
  return own.length === 0 ? rest : { ...rest, reasoning_details: own };
}

function detailsOf(message: JsonObject): readonly JsonValue[] {
  const details = message['reasoning_details'];
  return Array.isArray(details) ? details : [];
}
