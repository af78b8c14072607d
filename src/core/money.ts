/**
 * Money is an integer number of nano-USD (1e-9 USD). A price is an integer number of pico-USD (1e-12 USD)
 * per token, because published prices such as $0.003625 per million tokens are not whole nano-USD per token.
 * 2^53 nano-USD is about nine million dollars; products that could leave that range go through BigInt.
 */

/** An amount of money in nano-USD (1e-9 USD). Always a safe integer. */
export type Nano = number & { readonly unit: 'nano-USD' };

/** A price in pico-USD (1e-12 USD) per token, or per unit where the field says so. Always a safe integer. */
export type Pico = number & { readonly unit: 'pico-USD' };

const picoPerNano = 1_000;

/** The integer `value` as nano-USD. Throws a RangeError for anything but a safe integer: that is our own bug. */
export function nano(value: number): Nano {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a whole amount of nano-USD: ${value}`);
  return value as Nano;
}

export const zero: Nano = nano(0);

/** Dollars to nano-USD, rounded up: $1.25 → 1_250_000_000. */
export function fromUsd(usd: number): Nano {
  return nano(Math.ceil(Number((usd * 1e9).toPrecision(15))));
}

/** USD per million tokens (the way price lists print it) to pico-USD per token: 0.435 → 435_000. */
export function perMillion(usd: number): Pico {
  const value = Math.round(usd * 1e6);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a price: ${usd}`);
  return value as Pico;
}

/** USD per million tokens of a price, for display. */
export function toPerMillion(price: Pico): number {
  return price / 1e6;
}

/** One line of a bill: so many units at such a price. */
export type Line = readonly [units: number, price: Pico];

/** The total of a bill in nano-USD. Added up exactly in pico-USD, then one rounding, always up. */
export function total(lines: readonly Line[]): Nano {
  let sum = 0;
  for (const [units, price] of lines) sum += units * price;
  if (sum <= Number.MAX_SAFE_INTEGER) return Math.ceil(sum / picoPerNano) as Nano;
  const exact = lines.reduce((all, [units, price]) => all + BigInt(units) * BigInt(price), 0n);
  return nano(Number((exact + 999n) / 1_000n));
}

export function add(a: Nano, b: Nano): Nano {
  return nano(a + b);
}

/** Nano-USD as a plain decimal number of dollars, e.g. for `usage.cost`. */
export function toUsd(amount: Nano): number {
  // The quotient is rounded once, to the number that is nearest: the very one that its decimal digits are read as.
  return amount / 1e9;
}

/** Dollars for people: two digits from a cent up, else enough digits to see something. `$0.0123`, `$5.00`. */
export function print(amount: Nano): string {
  const usd = amount / 1e9;
  if (amount === 0) return '$0.00';
  if (Math.abs(usd) >= 1) return `$${usd.toFixed(2)}`;
  return `$${trim(usd.toPrecision(3))}`;
}

/** Like `print`, rounded up to the digits shown: for what is said to be at most so much. */
export function printAtMost(amount: Nano): string {
  const digits = amount >= 1e9 ? 1e7 : 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, amount))) - 2);
  return print(nano(Math.ceil(amount / digits) * digits));
}

function trim(digits: string): string {
  const plain = digits.includes('e') ? Number(digits).toFixed(9) : digits;
  return plain.replace(/(\.\d\d\d*?)0+$/, '$1');
}

/** Nano-USD as dollars with all nine digits, exact at any size: `-12.000000003`. */
export function exactUsd(amount: bigint): string {
  const digits = String(amount < 0n ? -amount : amount).padStart(10, '0');
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
