-- How many buyers of a listing count towards its quality.
CREATE TABLE standing (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    doc TEXT NOT NULL
) STRICT;

-- How far the search index has been brought.
CREATE TABLE index_progress (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    doc TEXT NOT NULL
) STRICT;

-- All listings in the order of their creation, for checks and repairs of the search index.
CREATE INDEX listing_by_creation ON listing (created, id);
