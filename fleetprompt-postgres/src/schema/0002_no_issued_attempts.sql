-- FleetPrompt on PostgreSQL, schema version 2: nobody lists the attempts that are issued.

-- Dropping an index reads and writes no row, but waits for whoever reads the table, and meanwhile others wait
-- behind it. A dump may read for hours: better to be refused soon, and tried again.
SET LOCAL lock_timeout = '3s';
DROP INDEX attempt_issued;
