-- FleetPrompt on SQLite, schema version 1.
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
-- Each index ends in the column that lists are ordered by, and the key that breaks ties: it is read
-- from where a page begins to where it ends, and nothing is sorted. Records refer to each other by
-- id, without foreign keys, because a reference may outlive what it names.

-- The marketplace's own row.
CREATE TABLE deployment (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    doc TEXT NOT NULL
) STRICT;

-- Tenants and persons are keyed by the identity provider's names for them. Only these two tables
-- hold such names; every other row holds surrogates, so that erasing a person is deleting one row.
CREATE TABLE tenant (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    surrogate TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX tenant_by_surrogate ON tenant (surrogate, created, id);

CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    surrogate TEXT NOT NULL,
    tenant TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX person_by_surrogate ON person (surrogate, created, id);
CREATE INDEX person_by_tenant ON person (tenant, created, id);

CREATE TABLE publisher (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX publisher_by_tenant ON publisher (tenant, created, id);

CREATE TABLE membership (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    publisher TEXT NOT NULL,
    person TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX membership_by_publisher ON membership (publisher, created, id);
CREATE INDEX membership_by_person ON membership (person, created, id);

CREATE TABLE invitation (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    publisher TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX invitation_by_publisher ON invitation (publisher, created, id);
CREATE INDEX invitation_by_expiry ON invitation (expires_at, id);

CREATE TABLE listing (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    publisher TEXT NOT NULL,
    listed INTEGER NOT NULL CHECK (listed IN (0, 1)),
    asset_kind TEXT NOT NULL,
    category TEXT NOT NULL,
    price_class TEXT NOT NULL,
    sort_name TEXT NOT NULL,
    released_at INTEGER NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX listing_by_publisher ON listing (publisher, created, id, listed);
-- The public catalogue in its three orders: whole, in a category, of a kind. What else is asked for
-- is tested on the entries, without looking at the rows.
CREATE INDEX listing_newest
    ON listing (created, id, asset_kind, category, price_class) WHERE listed = 1;
CREATE INDEX listing_released
    ON listing (released_at, id, asset_kind, category, price_class) WHERE listed = 1;
CREATE INDEX listing_named
    ON listing (sort_name, id, asset_kind, category, price_class) WHERE listed = 1;
CREATE INDEX listing_category_newest
    ON listing (category, created, id, asset_kind, price_class) WHERE listed = 1;
CREATE INDEX listing_category_released
    ON listing (category, released_at, id, asset_kind, price_class) WHERE listed = 1;
CREATE INDEX listing_category_named
    ON listing (category, sort_name, id, asset_kind, price_class) WHERE listed = 1;
CREATE INDEX listing_kind_newest
    ON listing (asset_kind, created, id, price_class) WHERE listed = 1;
CREATE INDEX listing_kind_released
    ON listing (asset_kind, released_at, id, price_class) WHERE listed = 1;
CREATE INDEX listing_kind_named
    ON listing (asset_kind, sort_name, id, price_class) WHERE listed = 1;

CREATE TABLE release (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    listing TEXT NOT NULL,
    channel TEXT NOT NULL,
    yanked INTEGER NOT NULL CHECK (yanked IN (0, 1)),
    precedence TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX release_by_precedence ON release (listing, precedence, id, channel, yanked);

CREATE TABLE binding (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    publisher TEXT NOT NULL,
    system TEXT NOT NULL,
    state TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX binding_by_system ON binding (system, state, created, id);
CREATE INDEX binding_by_publisher ON binding (publisher, created, id);

CREATE TABLE entitlement (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    listing TEXT NOT NULL,
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX entitlement_by_person ON entitlement (person, created, id);
CREATE INDEX entitlement_by_tenant ON entitlement (tenant, created, id);
CREATE INDEX entitlement_by_listing ON entitlement (listing, tenant, person, created, id);

CREATE TABLE seat (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    entitlement TEXT NOT NULL,
    person TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX seat_by_entitlement ON seat (entitlement, created, id);

CREATE TABLE attempt (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    entitlement TEXT NOT NULL,
    state TEXT NOT NULL,
    kid TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX attempt_by_person ON attempt (person, created, id);
CREATE INDEX attempt_by_tenant ON attempt (tenant, created, id);
CREATE INDEX attempt_by_expiry ON attempt (expires_at, id);
-- Only what can still be redeemed, so that a redemption leaves the index instead of moving in it.
CREATE INDEX attempt_issued ON attempt (created, id, kid) WHERE state = 'issued';

CREATE TABLE buyer_mark (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    listing TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE INDEX buyer_mark_by_listing ON buyer_mark (listing, expires_at, id);
CREATE INDEX buyer_mark_by_expiry ON buyer_mark (expires_at, id);

-- Names that at most one owner has: handles, slugs, sources of entitlements, confirmed references.
CREATE TABLE name_claim (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

-- Seats, quotas and statistics.
CREATE TABLE counter (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL CHECK (value >= 0),
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

-- Answers kept for retries. `scope` and `fingerprint` are digests, so a row names nobody.
CREATE TABLE receipt (
    scope BLOB NOT NULL PRIMARY KEY CHECK (length(scope) = 32),
    kid TEXT NOT NULL,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    answer TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_by_expiry ON receipt (expires_at, scope);

-- What happened, in the order in which it was committed; positions have no gaps. Events that the
-- public feed shows have a place in that second sequence too.
CREATE TABLE event (
    position INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    feed_position INTEGER,
    doc TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_by_feed_position ON event (feed_position)
    WHERE feed_position IS NOT NULL;

-- Where the log stands; outlives the pruning of all events. Always one row.
CREATE TABLE log_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    last INTEGER NOT NULL,
    at INTEGER NOT NULL,
    feed_last INTEGER NOT NULL,
    pruned INTEGER NOT NULL,
    feed_pruned INTEGER NOT NULL
) STRICT;
INSERT INTO log_head VALUES (1, 0, 0, 0, 0, 0);
