-- FleetPrompt on SQLite, schema version 5: reports of abuse.

-- What somebody told operators about a publisher or listing, and what was decided about it.
CREATE TABLE report (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    state TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX report_by_state ON report (state, created, id);
