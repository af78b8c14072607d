/** The words that the shapes of all wires are made of. */
import { z } from 'zod';

export const whole = z
  .number()
  .int()
  .min(-(2 ** 53))
  .max(2 ** 53);
export const int32 = z
  .number()
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1);
export const tokens = whole.min(1);
export const finite = z.number();
export const some = z.string().min(1);
export const told = z.string().refine((text) => text.trim() !== '', 'text without any');
export const object = z.record(z.string(), z.unknown());
export const url = z.string().regex(/^https?:\/\//);
export const name = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/);
/** A JSON schema of arguments, which must have a type. */
export const schemaObject = z.looseObject({ type: z.unknown() });
