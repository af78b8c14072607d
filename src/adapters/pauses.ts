/** What operators have paused: in SQLite, so that it survives a restart, and in memory, where every plan looks. */
import type { DatabaseSync } from 'node:sqlite';
import type { Intervention, Pause } from '../control/operations.ts';
import type { Rest } from '../core/breaker.ts';
import type { GatewayEvent } from '../core/event.ts';
import type { Endpoint } from '../core/snapshot.ts';

/** For the migration. */
export const pausesSchema = `
CREATE TABLE pauses (
  subject TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  until INTEGER NOT NULL,
  reason TEXT NOT NULL,
  author TEXT NOT NULL
) STRICT;
`;

export type PausesOptions = {
  readonly database: DatabaseSync;
  /** Epoch ms. */
  readonly now: () => number;
  /** Told when something is paused, and when that ends. */
  readonly changed: (event: GatewayEvent) => void;
};

export type Pauses = {
  /** Undefined = nobody paused it. */
  rest(endpoint: Endpoint): Rest | undefined;
  list(): readonly Pause[];
  /** Replaces what was said of the same subject. Durable when it returns. */
  add(pause: Pause): void;
  /** Ends it before its time; false = it was not paused. Durable when it returns. */
  end(subject: string, intervention: Intervention): boolean;
};

export function openPauses({ database, now, changed }: PausesOptions): Pauses {
  const running = new Map<string, Pause>();
  for (const row of database.prepare('SELECT * FROM pauses ORDER BY at').all())
    running.set(String(row['subject']), pauseFrom(row));

  const remove = (subject: string): void => {
    running.delete(subject);
    database.prepare('DELETE FROM pauses WHERE subject = ?').run(subject);
  };
  const current = (subject: string): Pause | undefined => {
    const pause = running.get(subject);
    if (!pause || now() < pause.until) return pause;
    running.delete(subject);
    changed({ at: pause.until, kind: 'resumed', subject, why: 'its time was over' });
    try {
      remove(subject);
    } catch {
      // A plan found out, and must not fail for a database that is busy: the row says itself that it is over.
    }
    return undefined;
  };
  return {
    rest({ id, model, provider }) {
      if (running.size === 0) return undefined;
      const pause =
        current(`provider/${provider.name}`) ?? current(`model/${model.slug}`) ?? current(`endpoint/${id}`);
      return pause && { reason: 'paused', why: `${pause.author}: ${pause.reason}`, until: pause.until };
    },
    list: () => [...running.keys()].flatMap((subject) => current(subject) ?? []),
    add(pause) {
      const { subject, at, until, reason, author } = pause;
      database
        .prepare('INSERT OR REPLACE INTO pauses (subject, at, until, reason, author) VALUES (?, ?, ?, ?, ?)')
        .run(subject, at, until, reason, author);
      running.set(subject, pause);
      changed({ at, kind: 'paused', subject, why: `${author}: ${reason}`, until });
    },
    end(subject, { at, author, reason }) {
      if (!current(subject)) return false;
      remove(subject);
      changed({ at, kind: 'resumed', subject, why: `${author}: ${reason}` });
      return true;
    },
  };
}

function pauseFrom(row: Record<string, unknown>): Pause {
  return {
    subject: String(row['subject']),
    at: Number(row['at']),
    until: Number(row['until']),
    reason: String(row['reason']),
    author: String(row['author']),
  };
}
