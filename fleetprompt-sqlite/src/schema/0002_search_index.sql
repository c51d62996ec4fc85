-- FleetPrompt on SQLite, schema version 2: the search index.
--
-- The listings of a file of version 1 have no entries here. The core sets them when it checks the
-- index.

-- Listings are found through the search index, and no longer ordered and filtered by columns.
CREATE TABLE listing_2 (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    publisher TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
INSERT INTO listing_2 SELECT id, revision, created, changed, publisher, doc FROM listing;
DROP TABLE listing;
ALTER TABLE listing_2 RENAME TO listing;
CREATE INDEX listing_by_publisher ON listing (publisher, created, id);
-- All listings in the order of their creation; where an entry's listing is found.
CREATE UNIQUE INDEX listing_by_creation ON listing (created);

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

-- Every term of the index once. A word as it is written, whose stem is another term, has a row of
-- its own for each stem; `stem` is 0 for a term that stands for itself. Rows never change what they
-- say, and are deleted with the last entry that needs them. An id may then be given again: the
-- full-text table has been told to forget exactly what it had of the old term.
--
--   level  how frequent the word is, in steps; 0 for what no entry has as a word
CREATE TABLE index_term (
    id INTEGER PRIMARY KEY,
    term TEXT NOT NULL,
    stem INTEGER NOT NULL,
    level INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX index_term_by_name ON index_term (term, stem);
CREATE INDEX index_term_by_stem ON index_term (stem) WHERE stem > 0;
-- Words by what they begin with: a character of a script that writes syllables or words with one
-- (from U+2E80 on), or else two.
CREATE INDEX index_term_by_head
    ON index_term (
        substr(term, 1, CASE WHEN unicode(term) >= 11904 THEN 1 ELSE 2 END), level DESC, term
    ) WHERE level > 0;

-- How many entries each term finds, and in how many it is a word as it is written. Kept apart from
-- the terms, because every commit changes some: here, the frequent ones lie on few pages. The row 0
-- counts all entries.
CREATE TABLE index_count (
    id INTEGER PRIMARY KEY,
    entries INTEGER NOT NULL CHECK (entries >= 0),
    uses INTEGER NOT NULL CHECK (uses >= 0)
) STRICT;
INSERT INTO index_count VALUES (0, 0, 0);

-- An entry for each listing in the public catalogue.
--
--   ordinal  the position that created the listing
--   version  how the entry was made
--   forward  its words and labels, as ids of terms
CREATE TABLE index_entry (
    ordinal INTEGER PRIMARY KEY,
    quality INTEGER NOT NULL CHECK (quality BETWEEN 0 AND 4095),
    released_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    sort_name TEXT NOT NULL,
    forward BLOB NOT NULL
) STRICT;
CREATE INDEX index_entry_by_release ON index_entry (released_at);
CREATE INDEX index_entry_by_name ON index_entry (sort_name);

-- The entries of each term, by rank (the rowid), so that the best come first. A "text" is the ids
-- of the entry's stems and labels in base 36, and 0. Neither texts nor the places of words are
-- kept, since the forward documents have both.
CREATE VIRTUAL TABLE index_text USING fts5(
    ids, content = '', columnsize = 0, detail = none, tokenize = 'ascii'
);

-- How far a rebuild of index_text and index_count has come, while there is one: up to this entry,
-- the new tables beside them have what the entries say.
CREATE TABLE index_rebuild (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    reached INTEGER NOT NULL
) STRICT;
