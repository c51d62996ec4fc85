-- FleetPrompt on PostgreSQL, schema version 1: the tables.
--
-- A record is kept as the JSON document `doc`. The columns beside it repeat fields of it: what it
-- is found and ordered by. FleetPrompt refers to what other systems own; nothing in here copies
-- what they record.
--
--   id        the record's key, unique in its table
--   revision  how often it was written
--   created   the position in `event` of the commit that made it
--   changed   the position in `event` of the commit that last wrote it
--
-- Texts are compared byte by byte (COLLATE "C"), whatever the database's own order. Each index ends
-- in the column that lists are ordered by, and the key that breaks ties. Records refer to each other
-- by id, without foreign keys, because a reference may outlive what it names.
--
-- A new kind of record is its table and its indexes, and a call of `make_record_functions_1`, which makes
-- its statements.

-- The marketplace's own row.
CREATE TABLE deployment (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    doc text NOT NULL
);

-- Tenants and persons are keyed by the identity provider's names for them. Only these two tables
-- hold such names; every other row holds surrogates, so that erasing a person is deleting one row.
CREATE TABLE tenant (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    surrogate text COLLATE "C" NOT NULL,
    doc text NOT NULL
);
CREATE INDEX tenant_by_surrogate ON tenant (surrogate, created, id);

CREATE TABLE person (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    surrogate text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    doc text NOT NULL
);
CREATE INDEX person_by_surrogate ON person (surrogate, created, id);
CREATE INDEX person_by_tenant ON person (tenant, created, id);

CREATE TABLE publisher (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    doc text NOT NULL
);
CREATE INDEX publisher_by_creation ON publisher (created, id);
CREATE INDEX publisher_by_tenant ON publisher (tenant, created, id);

CREATE TABLE membership (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    publisher text COLLATE "C" NOT NULL,
    person text COLLATE "C" NOT NULL,
    doc text NOT NULL
);
CREATE INDEX membership_by_publisher ON membership (publisher, created, id);
CREATE INDEX membership_by_person ON membership (person, created, id);

CREATE TABLE invitation (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    publisher text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    doc text NOT NULL
);
CREATE INDEX invitation_by_publisher ON invitation (publisher, created, id);
CREATE INDEX invitation_by_expiry ON invitation (expires_at, id);

CREATE TABLE listing (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    publisher text COLLATE "C" NOT NULL,
    doc text NOT NULL
);
CREATE INDEX listing_by_publisher ON listing (publisher, created, id);
-- All listings in the order of their creation; where an entry's listing is found.
CREATE UNIQUE INDEX listing_by_creation ON listing (created);

CREATE TABLE release (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    listing text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    yanked bigint NOT NULL CHECK (yanked IN (0, 1)),
    precedence text COLLATE "C" NOT NULL,
    doc text NOT NULL
);
CREATE INDEX release_by_precedence ON release (listing, precedence, id);
-- All releases in the order of their creation.
CREATE INDEX release_by_creation ON release (created, id);

CREATE TABLE binding (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    publisher text COLLATE "C" NOT NULL,
    system text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    doc text NOT NULL
);
CREATE INDEX binding_by_system ON binding (system, state, created, id);
CREATE INDEX binding_by_publisher ON binding (publisher, created, id);

CREATE TABLE entitlement (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    listing text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    person text COLLATE "C" NOT NULL,
    doc text NOT NULL
);
CREATE INDEX entitlement_by_person ON entitlement (person, created, id);
CREATE INDEX entitlement_by_tenant ON entitlement (tenant, created, id);
CREATE INDEX entitlement_by_listing ON entitlement (listing, tenant, person, created, id);

CREATE TABLE seat (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    entitlement text COLLATE "C" NOT NULL,
    person text COLLATE "C" NOT NULL,
    doc text NOT NULL
);
CREATE INDEX seat_by_entitlement ON seat (entitlement, created, id);

CREATE TABLE attempt (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    person text COLLATE "C" NOT NULL,
    entitlement text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    kid text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    doc text NOT NULL
);
CREATE INDEX attempt_by_person ON attempt (person, created, id);
CREATE INDEX attempt_by_tenant ON attempt (tenant, created, id);
CREATE INDEX attempt_by_expiry ON attempt (expires_at, id);
-- Only what can still be redeemed, so that a redemption leaves the index instead of moving in it.
CREATE INDEX attempt_issued ON attempt (created, id, kid) WHERE state = 'issued';

CREATE TABLE buyer_mark (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    listing text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    doc text NOT NULL
);
CREATE INDEX buyer_mark_by_listing ON buyer_mark (listing, expires_at, id);
CREATE INDEX buyer_mark_by_expiry ON buyer_mark (expires_at, id);

-- How many buyers of a listing count towards its quality.
CREATE TABLE standing (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    doc text NOT NULL
);

-- How far the search index has been brought.
CREATE TABLE index_progress (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    doc text NOT NULL
);

-- The HTML of descriptions and release notes.
--
--   sanitiser  the version of the rules that it was made by
CREATE TABLE rendered (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    sanitiser bigint NOT NULL,
    doc text NOT NULL
);
CREATE INDEX rendered_by_version ON rendered (sanitiser, id);

-- How far texts that were never rendered have been looked for.
CREATE TABLE rendering_progress (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    doc text NOT NULL
);

-- The keys under which well-known names are found from names that look like them: several for each.
CREATE TABLE well_known (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    likeness text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    doc text NOT NULL
);
CREATE INDEX well_known_by_likeness ON well_known (likeness, created, id);
CREATE INDEX well_known_by_subject ON well_known (subject, created, id);

-- Names that were held, and what was decided about them.
CREATE TABLE name_review (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    state text COLLATE "C" NOT NULL,
    doc text NOT NULL
);
CREATE INDEX name_review_by_state ON name_review (state, created, id);

-- What somebody told operators about a publisher or listing, and what was decided about it.
CREATE TABLE report (
    id text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    created bigint NOT NULL,
    changed bigint NOT NULL,
    state text COLLATE "C" NOT NULL,
    doc text NOT NULL
);
CREATE INDEX report_by_state ON report (state, created, id);

-- Names that at most one owner has: handles, slugs, sources of entitlements, confirmed references.
CREATE TABLE name_claim (
    scope text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,
    PRIMARY KEY (scope, name)
);

-- Seats, quotas and statistics. The frequent ones are written with every batch, which the room left
-- on their pages makes cheap.
CREATE TABLE counter (
    scope text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value bigint NOT NULL CHECK (value >= 0),
    PRIMARY KEY (scope, name)
) WITH (fillfactor = 70);

-- Answers kept for retries. `scope` and `fingerprint` are digests, so a row names nobody.
CREATE TABLE receipt (
    scope bytea PRIMARY KEY CHECK (octet_length(scope) = 32),
    kid text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    answer text NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX receipt_by_expiry ON receipt (expires_at, scope);

-- What is remembered of callers whose arrivals are limited. Not worth keeping over a crash: a budget is
-- full again then.
--
--   due     when the next one is due, in microseconds
--   before  what that was before the last arrival
--   at      when the last arrival was
CREATE UNLOGGED TABLE limit_due (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    due bigint NOT NULL,
    before bigint NOT NULL,
    at bigint NOT NULL
) WITH (fillfactor = 50);

-- What happened, in the order in which it was committed; positions have no gaps. Events that the
-- public feed shows have a place in that second sequence too.
CREATE TABLE event (
    position bigint PRIMARY KEY,
    at bigint NOT NULL,
    feed_position bigint,
    doc text NOT NULL
);
CREATE UNIQUE INDEX event_by_feed_position ON event (feed_position)
    WHERE feed_position IS NOT NULL;

-- Where the log stands; outlives the pruning of all events. Always one row.
--
--   copying  how far a copy of another store into this schema has come, as JSON; null without an
--            unfinished one. A schema that has one is no store yet
CREATE TABLE log_head (
    one smallint PRIMARY KEY CHECK (one = 1),
    last bigint NOT NULL,
    at bigint NOT NULL,
    feed_last bigint NOT NULL,
    pruned bigint NOT NULL,
    feed_pruned bigint NOT NULL,
    copying text
) WITH (fillfactor = 10);
INSERT INTO log_head VALUES (1, 0, 0, 0, 0, 0);

-- Every term of the index once. A word as it is written, whose stem is another term, has a row of
-- its own for each stem; a stem or label has itself as its stem. A row is deleted with the last
-- entry that needs it.
--
--   entries  how many entries the term finds
--   uses     in how many it is a word as it is written
--   level    how frequent the word is, in steps; 0 for what no entry has as a word
CREATE TABLE index_term (
    id integer PRIMARY KEY,
    term text COLLATE "C" NOT NULL,
    stem text COLLATE "C" NOT NULL,
    entries bigint NOT NULL CHECK (entries >= 0),
    uses bigint NOT NULL CHECK (uses >= 0),
    level smallint NOT NULL
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX index_term_by_name ON index_term (term, stem);
-- Words by what they begin with: a character of a script that writes syllables or words with one
-- (from U+2E80 on), or else two.
CREATE INDEX index_term_by_head ON index_term (
    left(term, CASE WHEN ascii(term) >= 11904 THEN 1 ELSE 2 END), level DESC, term, stem
) WHERE level > 0;

-- How many entries there are. Always one row.
CREATE TABLE index_size (
    one smallint PRIMARY KEY CHECK (one = 1),
    entries bigint NOT NULL CHECK (entries >= 0)
) WITH (fillfactor = 10);
INSERT INTO index_size VALUES (1, 0);

-- An entry for each listing in the public catalogue.
--
--   ordinal    the position that created the listing
--   rank       its place in the order of quality, the best first
--   version    how the entry was made
--   sort_name  bytes of UTF-8, since a text can hold no NUL
--   terms      the ids of the stems and labels that find it
--   words      the ids of its words as they are written
--   labels     its labels, in the order of their bytes
--   stems      its stems in their places
--   written    its words in their places, as far as they are not their stems
CREATE TABLE index_entry (
    ordinal bigint PRIMARY KEY,
    rank bigint NOT NULL,
    quality smallint NOT NULL CHECK (quality BETWEEN 0 AND 4095),
    released_at bigint NOT NULL,
    version integer NOT NULL,
    sort_name bytea NOT NULL,
    terms integer[] NOT NULL,
    words integer[] NOT NULL,
    labels text COLLATE "C" NOT NULL,
    stems text COLLATE "C" NOT NULL,
    written text COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX index_entry_by_rank ON index_entry (rank);
CREATE INDEX index_entry_by_release ON index_entry (released_at, ordinal);
CREATE INDEX index_entry_by_name ON index_entry (sort_name, ordinal);
-- Without a list of pending changes, which every search would read through.
CREATE INDEX index_entry_by_term ON index_entry USING gin (terms) WITH (fastupdate = off);

-- The entries that each term finds, the best first. It repeats what entries hold, in the order in
-- which lists are read.
CREATE TABLE index_posting (
    term integer NOT NULL,
    rank bigint NOT NULL,
    PRIMARY KEY (term, rank)
);
