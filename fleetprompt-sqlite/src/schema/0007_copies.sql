-- FleetPrompt on SQLite, schema version 7: copies of other stores into a file.

-- How far such a copy has come, as JSON; NULL without an unfinished one. A file that has one is no
-- store yet.
ALTER TABLE log_head ADD COLUMN copying TEXT;
