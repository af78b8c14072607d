/** Reads a command line against what a command declares; every mistake names the fix. */
import { parseArgs } from 'node:util';
import { suggest } from '../core/suggest.ts';
import { usageError } from './stop.ts';

export type Flag = {
  /** What stands for the value in the help, e.g. `FILE`; absent = a switch. */
  readonly value?: string;
  readonly short?: string;
  readonly multiple?: boolean;
  readonly help: string;
};

/** Name without dashes → flag. */
export type Flags = Readonly<Record<string, Flag>>;

/** A command line that was read. Asking for a flag that the command does not declare is our own bug. */
export type Arguments = {
  readonly positionals: readonly string[];
  /** A switch was given. */
  readonly on: (name: string) => boolean;
  readonly text: (name: string) => string | undefined;
  readonly list: (name: string) => readonly string[];
  /** A whole number of at least `least` (0). */
  readonly whole: (name: string, least?: number) => number | undefined;
};

export type Positionals = {
  /** How they are shown, e.g. `MODEL KIND`. */
  readonly usage: string;
  readonly least: number;
  readonly most: number;
};

/** Flags that every command has. */
export const commonFlags: Flags = {
  json: { help: 'Machine-readable output' },
  help: { short: 'h', help: 'Show this help' },
};

/** Reads `argv` (what follows the verb). Throws a usage error. */
export function readArguments(verb: string, declared: Flags, argv: readonly string[]): Arguments {
  const flags: Flags = { ...declared, ...commonFlags };
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, optionOf(flag)])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const value = checkOption(verb, flags, token);
    const before = given.get(token.name) ?? [];
    if (before.length > 0 && flags[token.name]?.value !== undefined && !flags[token.name]?.multiple) {
      throw usageError(`${token.rawName} was given twice`);
    }
    given.set(token.name, [...before, value]);
  }
  return accessors(flags, given, positionals);
}

function optionOf(flag: Flag): { type: 'string' | 'boolean'; short?: string } {
  const type = flag.value === undefined ? 'boolean' : 'string';
  return flag.short === undefined ? { type } : { type, short: flag.short };
}

type OptionToken = {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
};

/** The value of one option (empty for a switch). */
function checkOption(verb: string, flags: Flags, token: OptionToken): string {
  const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
  if (!flag) throw usageError(unknownFlag(verb, flags, token));
  if (flag.value === undefined) {
    if (token.value !== undefined) throw usageError(`${token.rawName} takes no value`);
    return '';
  }
  const swallowed = token.inlineValue === false && /^-[a-z-]/i.test(token.value ?? '');
  if (token.value === undefined || swallowed)
    throw usageError(`${token.rawName} needs a value: ${token.rawName} ${flag.value}`);
  return token.value;
}

function unknownFlag(verb: string, flags: Flags, token: OptionToken): string {
  const near = suggest(token.name, Object.keys(flags));
  const hint = near ? `did you mean --${near}?` : `see spillway ${verb} --help`;
  return `unknown option ${token.rawName}: ${hint}`;
}

function accessors(
  flags: Flags,
  given: ReadonlyMap<string, string[]>,
  positionals: readonly string[],
): Arguments {
  const values = (name: string): readonly string[] => {
    if (!Object.hasOwn(flags, name)) throw new Error(`the flag --${name} is not declared`);
    return given.get(name) ?? [];
  };
  return {
    positionals,
    on: (name) => values(name).length > 0,
    text: (name) => values(name).at(-1),
    list: (name) => values(name),
    whole: (name, least = 0) => {
      const text = values(name).at(-1);
      return text === undefined ? undefined : readWhole(`--${name}`, text, least);
    },
  };
}

function readWhole(label: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
    throw usageError(`${label} must be a whole number of at least ${least}, not "${text}"`);
  }
  return value;
}

/** Checks the number of positionals against what the command declares. */
export function checkPositionals(verb: string, declared: Positionals, positionals: readonly string[]): void {
  const usage = `usage: spillway ${verb} ${declared.usage}`.trimEnd();
  if (positionals.length < declared.least) throw usageError(`something is missing; ${usage}`);
  if (positionals.length > declared.most) {
    const extra = positionals.slice(declared.most).join(' ');
    throw usageError(`one argument too many: "${extra}" (put a text with spaces in quotes); ${usage}`);
  }
}
