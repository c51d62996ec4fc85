-- FleetPrompt on SQLite, schema version 8: listings say which version is their latest, and lie in the
-- order of their creation, where pages of results look for them.

-- What creates a listing creates no other.
CREATE TABLE listing_3 (
    id TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL CHECK (revision > 0),
    created INTEGER PRIMARY KEY,
    changed INTEGER NOT NULL,
    publisher TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
INSERT INTO listing_3 (id, revision, created, changed, publisher, doc)
SELECT id, revision, created, changed, publisher,
    CASE WHEN latest IS NULL THEN doc ELSE json_set(doc, '$.latest', latest) END
FROM (
    SELECT listing.*, (
        -- The highest stable version that is not yanked.
        SELECT json_extract(release.doc, '$.version') FROM release
        WHERE release.listing = listing.id AND channel = 'stable' AND yanked = 0
        ORDER BY precedence DESC LIMIT 1
    ) AS latest
    FROM listing
)
ORDER BY created;
DROP TABLE listing;
ALTER TABLE listing_3 RENAME TO listing;
CREATE INDEX listing_by_publisher ON listing (publisher, created, id);
