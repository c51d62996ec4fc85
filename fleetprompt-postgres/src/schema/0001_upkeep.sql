-- FleetPrompt on PostgreSQL, schema version 1: whether the tables of the search index agree.

-- What does not agree, as of one moment. Entries are what all else follows from.
--
--   wrong    'entry': can't be used, since it has another rank than its quality and listing say, a term
--            that is not in the dictionary, or no listing; 'missing', 'extra': a posting; 'entries',
--            'uses': a term's count, or that of all entries, which is term 0; 'level': a term's
--   by       what is to be added to a count
CREATE FUNCTION index_differences_1()
RETURNS TABLE (wrong text, term integer, rank bigint, by bigint) LANGUAGE sql STABLE
SET search_path FROM CURRENT SET jit = off AS $$
    WITH has AS (
        SELECT u.id, u.rank, u.finds
        FROM index_entry AS e
        CROSS JOIN LATERAL (
            SELECT unnest(e.terms) AS id, e.rank, true AS finds
            UNION ALL SELECT unnest(e.words), e.rank, false
        ) AS u
    ), posted AS (
        SELECT h.id, h.rank FROM has AS h WHERE h.finds
    ), counted AS (
        SELECT h.id, count(*) FILTER (WHERE h.finds) AS entries,
            count(*) FILTER (WHERE NOT h.finds) AS uses
        FROM has AS h GROUP BY h.id
    ), compared AS (
        SELECT t.id, coalesce(c.entries, 0) - t.entries AS entries, coalesce(c.uses, 0) - t.uses AS uses,
            t.level <> frequency_level_1(t.uses) AS level, t.entries + t.uses = 0 AS unused
        FROM index_term AS t LEFT JOIN counted AS c ON c.id = t.id
    )
    SELECT 'entry', NULL::integer, e.rank, NULL::bigint FROM index_entry AS e
    WHERE e.rank <> (4095 - e.quality)::bigint << 40 | e.ordinal
        OR NOT EXISTS (SELECT FROM listing AS l WHERE l.created = e.ordinal)
    UNION
    SELECT 'entry', NULL, h.rank, NULL FROM has AS h
    WHERE NOT EXISTS (SELECT FROM index_term AS t WHERE t.id = h.id)
    UNION ALL
    SELECT 'missing', m.id, m.rank, NULL FROM (TABLE posted EXCEPT TABLE index_posting) AS m
    UNION ALL
    SELECT 'extra', x.term, x.rank, NULL FROM (TABLE index_posting EXCEPT TABLE posted) AS x
    UNION ALL
    SELECT 'entries', c.id, NULL, c.entries FROM compared AS c WHERE c.entries <> 0
    UNION ALL
    SELECT 'uses', c.id, NULL, c.uses FROM compared AS c WHERE c.uses <> 0
    UNION ALL
    SELECT 'level', c.id, NULL, NULL FROM compared AS c
    WHERE c.level OR c.unused AND c.entries = 0 AND c.uses = 0
    UNION ALL
    SELECT 'entries', 0, NULL, n.entries - s.entries
    FROM index_size AS s CROSS JOIN (SELECT count(*) AS entries FROM index_entry) AS n
    WHERE n.entries <> s.entries
$$;

-- Mends at most so many of the differences; answers how many there were of them. They are looked for
-- while commits go on, and mended in their turn: a commit keeps the tables as far apart as they are, so
-- what a count is wrong by stays the same, and of postings and entries it is asked again. An entry that
-- can't be used is removed.
CREATE FUNCTION mend_index_1(most bigint) RETURNS bigint LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
#variable_conflict use_variable
DECLARE
    wrongs text[];
    terms integer[];
    ranks bigint[];
    bys bigint[];
BEGIN
    -- Of two that mend at a time, the second would add to a count what the first has added.
    PERFORM pg_advisory_xact_lock(
        (1181503602::bigint << 32) | 'index_size'::regclass::oid::bigint);
    SELECT array_agg(d.wrong), array_agg(d.term), array_agg(d.rank), array_agg(d.by)
    INTO wrongs, terms, ranks, bys
    FROM (SELECT * FROM index_differences_1() LIMIT most) AS d;
    IF wrongs IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM write_turn_1(), refuse_unfinished_1(h.copying IS NOT NULL) FROM log_head AS h;

    UPDATE index_size AS s SET entries = s.entries + d.by
    FROM unnest(wrongs, terms, bys) AS d (wrong, term, by)
    WHERE d.wrong = 'entries' AND d.term = 0;
    UPDATE index_term AS t
    SET entries = t.entries + d.entries, uses = t.uses + d.uses,
        level = frequency_level_1(t.uses + d.uses)
    FROM (
        SELECT u.term, coalesce(sum(u.by) FILTER (WHERE u.wrong = 'entries'), 0)::bigint AS entries,
            coalesce(sum(u.by) FILTER (WHERE u.wrong = 'uses'), 0)::bigint AS uses
        FROM unnest(wrongs, terms, bys) AS u (wrong, term, by)
        WHERE u.wrong IN ('entries', 'uses', 'level')
        GROUP BY u.term
    ) AS d
    WHERE t.id = d.term;
    DELETE FROM index_term AS t USING unnest(wrongs, terms) AS d (wrong, term)
    WHERE t.id = d.term AND d.wrong IN ('entries', 'uses', 'level') AND t.entries = 0 AND t.uses = 0;

    INSERT INTO index_posting (term, rank)
    SELECT d.term, d.rank FROM unnest(wrongs, terms, ranks) AS d (wrong, term, rank)
    WHERE d.wrong = 'missing'
        AND EXISTS (SELECT FROM index_entry AS e WHERE e.rank = d.rank AND d.term = ANY (e.terms))
    ON CONFLICT DO NOTHING;
    DELETE FROM index_posting AS p USING unnest(wrongs, terms, ranks) AS d (wrong, term, rank)
    WHERE d.wrong = 'extra' AND p.term = d.term AND p.rank = d.rank
        AND NOT EXISTS (SELECT FROM index_entry AS e WHERE e.rank = d.rank AND d.term = ANY (e.terms));

    -- What follows from them is wrong from now on, and mended the next time.
    DELETE FROM index_entry AS e USING unnest(wrongs, ranks) AS d (wrong, rank)
    WHERE d.wrong = 'entry' AND e.rank = d.rank AND (
        e.rank <> (4095 - e.quality)::bigint << 40 | e.ordinal
        OR NOT EXISTS (SELECT FROM listing AS l WHERE l.created = e.ordinal)
        OR EXISTS (
            SELECT FROM unnest(e.terms || e.words) AS h (id)
            WHERE NOT EXISTS (SELECT FROM index_term AS t WHERE t.id = h.id)
        )
    );
    RETURN cardinality(wrongs);
END $$;
