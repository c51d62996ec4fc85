-- FleetPrompt on PostgreSQL, schema version 1: limits that processes share.

-- Counts arrivals; answers what was due before each, and when it was. A row changes as `gcra` changes the
-- time that is remembered, saturated sums included. Those of one key come one after the other, as they
-- stand; keys in their order, so that processes wait for each other's rows and never in a circle.
--
--   intervals, tolerances   of their rates, in microseconds
--   nows                    when they are, in microseconds of whole milliseconds; null: now
CREATE FUNCTION arrive_1(keys bytea[], intervals bigint[], tolerances bigint[], nows bigint[])
RETURNS TABLE (place bigint, before bigint, at bigint) LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
    latest CONSTANT bigint := 9223372036854775807;
    arrival record;
    here bigint;
BEGIN
    FOR arrival IN
        SELECT a.* FROM unnest(keys, intervals, tolerances, nows)
            WITH ORDINALITY AS a (key, pause, tolerance, now, place)
        ORDER BY a.key, a.place
    LOOP
        place := arrival.place;
        here := coalesce(
            arrival.now, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint * 1000);
        INSERT INTO limit_due AS t (key, due, before, at)
        VALUES (arrival.key, least(here::numeric + arrival.pause, latest)::bigint, 0, here)
        ON CONFLICT (key) DO UPDATE SET before = t.due, at = excluded.at, due = (
            SELECT CASE WHEN next.due - excluded.at - arrival.tolerance > 0 THEN t.due ELSE next.due END
            FROM (
                SELECT least(
                    least(
                        greatest(t.due, excluded.at), excluded.at::numeric + arrival.tolerance
                    ) + arrival.pause,
                    latest
                )::bigint AS due
            ) AS next
        )
        RETURNING t.before, t.at INTO before, at;
        RETURN NEXT;
    END LOOP;
END $$;
