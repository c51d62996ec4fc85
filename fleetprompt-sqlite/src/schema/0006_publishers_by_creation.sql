-- FleetPrompt on SQLite, schema version 6: publishers in the order of their creation, for an export.

CREATE INDEX publisher_by_creation ON publisher (created, id);
