-- FleetPrompt on SQLite, schema version 3: the HTML of texts.
--
-- The texts of a file of version 2 have none here. The core renders them when it looks for those of
-- older rules.

-- The HTML of descriptions and release notes.
--
--   sanitiser  the version of the rules that it was made by
CREATE TABLE rendered (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    sanitiser INTEGER NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX rendered_by_version ON rendered (sanitiser, id);

-- How far texts that were never rendered have been looked for.
CREATE TABLE rendering_progress (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    doc TEXT NOT NULL
) STRICT;

-- All releases in the order of their creation.
CREATE INDEX release_by_creation ON release (created, id);
