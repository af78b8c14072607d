/** Commands about things that have names: `keys`, `keys list`, `keys add NAME`. */
import { suggest } from '../core/suggest.ts';
import type { Arguments } from './arguments.ts';
import type { Run } from './command.ts';
import { connectAdmin, type Admin } from './gateway.ts';
import type { Shell } from './shell.ts';
import { exit, usageError } from './stop.ts';

export type Action = (admin: Admin, name: string, args: Arguments, shell: Shell) => Promise<void>;

export type Named = {
  readonly verb: string;
  /** `key`, as sentences call it. */
  readonly thing: string;
  /** What is done without a word, or with `list`. */
  readonly list: (admin: Admin, args: Arguments, shell: Shell) => Promise<void>;
  readonly actions: Readonly<Record<string, Action>>;
};

export function namedCommand({ verb, thing, list, actions }: Named): Run {
  return async (args, shell) => {
    const [action = 'list', name] = args.positionals;
    if (action === 'list') {
      await list(await connectAdmin(shell), args, shell);
      return exit.ok;
    }
    const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (!act) throw usageError(unknown(verb, action, ['list', ...Object.keys(actions)]));
    if (name === undefined) throw usageError(`which ${thing}? spillway ${verb} ${action} NAME`);
    await act(await connectAdmin(shell), name, args, shell);
    return exit.ok;
  };
}

function unknown(verb: string, action: string, known: readonly string[]): string {
  const near = suggest(action, known);
  const hint = near ? `did you mean ${verb} ${near}?` : `there is ${known.join(', ')}`;
  return `unknown: ${verb} ${action}; ${hint}`;
}
