-- FleetPrompt on SQLite, schema version 4: names that look like well-known ones.

-- The keys under which well-known names are found from names that look like them: several for each.
CREATE TABLE well_known (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    likeness TEXT NOT NULL,
    subject TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX well_known_by_likeness ON well_known (likeness, created, id);
CREATE INDEX well_known_by_subject ON well_known (subject, created, id);

-- Names that were held, and what was decided about them.
CREATE TABLE name_review (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    state TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX name_review_by_state ON name_review (state, created, id);
