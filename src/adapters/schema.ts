/**
 * The database, as the steps that built it. A step that was released is never edited: what changes is a new step,
 * and its place in the list is the schema number that the file carries.
 */
import { actsSchema } from './acts.ts';
import { budgetsSchema } from './budgets.ts';
import { eventsSchema } from './events.ts';
import { generationsSchema, hopsSchema, rowsSchema } from './generations.ts';
import { interventionsSchema } from './interventions.ts';
import { openingSchema } from './opening.ts';
import { pausesSchema } from './pauses.ts';
import { signaturesSchema } from './signatures.ts';
import { clientRetriesSchema, spendSchema } from './spend.ts';

/** Settings: objects, their immutable versions, and the revisions that made them. */
const settings = `
CREATE TABLE objects (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)),
  version INTEGER NOT NULL CHECK (version >= 1),
  applied TEXT,
  UNIQUE (kind, name)
) STRICT;

CREATE TABLE object_versions (
  object_id INTEGER NOT NULL REFERENCES objects (id),
  version INTEGER NOT NULL CHECK (version >= 1),
  body TEXT NOT NULL,
  PRIMARY KEY (object_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE revisions (
  revision INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  author TEXT NOT NULL,
  message TEXT NOT NULL,
  changes TEXT NOT NULL
) STRICT;

CREATE TRIGGER object_versions_stay BEFORE UPDATE ON object_versions
BEGIN SELECT RAISE(ABORT, 'a version is immutable'); END;
CREATE TRIGGER object_versions_remain BEFORE DELETE ON object_versions
BEGIN SELECT RAISE(ABORT, 'a version is kept for ever'); END;
CREATE TRIGGER revisions_stay BEFORE UPDATE ON revisions
BEGIN SELECT RAISE(ABORT, 'a revision is immutable'); END;
CREATE TRIGGER revisions_remain BEFORE DELETE ON revisions
BEGIN SELECT RAISE(ABORT, 'a revision is kept for ever'); END;
`;

/**
 * Versions know the revision that made them: the first that names them. Objects can be deleted, presets have drafts,
 * and records can be looked up by their preset.
 */
const versions = `
DROP TRIGGER object_versions_stay;
ALTER TABLE object_versions ADD COLUMN revision INTEGER;
UPDATE object_versions SET revision = made.revision FROM (
  SELECT o.id, c.value ->> 'version' AS version, min(r.revision) AS revision
  FROM revisions r, json_each(r.changes) c
  JOIN objects o ON o.kind = c.value ->> 'kind' AND o.name = c.value ->> 'name'
  GROUP BY 1, 2
) made WHERE made.id = object_id AND made.version = object_versions.version;
CREATE TRIGGER object_versions_stay BEFORE UPDATE ON object_versions
BEGIN SELECT RAISE(ABORT, 'a version is immutable'); END;

ALTER TABLE objects ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1));

CREATE TABLE drafts (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  base INTEGER NOT NULL,
  at INTEGER NOT NULL,
  author TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;

ALTER TABLE generations ADD COLUMN preset TEXT
  GENERATED ALWAYS AS (record ->> 'workspace' || '/' || (record ->> 'preset')) VIRTUAL;
ALTER TABLE generations ADD COLUMN preset_version TEXT
  GENERATED ALWAYS AS (record ->> 'presetVersion') VIRTUAL;
CREATE INDEX generations_by_preset ON generations (preset, at, preset_version) WHERE preset IS NOT NULL;
`;

export const migrations: readonly string[] = [
  settings + generationsSchema,
  budgetsSchema + interventionsSchema + openingSchema + spendSchema + signaturesSchema,
  eventsSchema + pausesSchema,
  actsSchema + clientRetriesSchema + versions,
  hopsSchema,
  rowsSchema,
];
