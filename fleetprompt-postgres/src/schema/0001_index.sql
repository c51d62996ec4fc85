-- FleetPrompt on PostgreSQL, schema version 1: the search index.
--
-- How a list is read is decided here, by how many entries each term finds, and not by the planner:
-- statements are written so that there is one way to run them, and planned once in a session. What the
-- planner could take for better while a table was small would be kept when it has grown.

-- How frequent a word is, in steps: the number of binary digits.
CREATE FUNCTION frequency_level_1(uses bigint) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN uses > 0 THEN 65 - position('1' IN uses::bit(64)::text) ELSE 0 END::smallint
$$;

-- Changes the counts of terms that are there. Those that no entry needs any more are deleted.
--
--   ids   each term once
CREATE FUNCTION count_terms_1(ids integer[], more_entries bigint[], more_uses bigint[])
RETURNS void LANGUAGE plpgsql
SET enable_nestloop = on SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_variable
BEGIN
    UPDATE index_term AS t SET entries = t.entries + c.entries, uses = t.uses + c.uses,
        level = frequency_level_1(t.uses + c.uses)
    FROM unnest(ids, more_entries, more_uses) AS c (id, entries, uses)
    WHERE t.id = c.id;
    DELETE FROM index_term AS t USING unnest(ids, more_entries, more_uses) AS c (id, entries, uses)
    WHERE t.id = c.id AND (c.entries < 0 OR c.uses < 0) AND t.entries = 0 AND t.uses = 0;
END $$;

-- Sets entries of the search index, and what follows from it for postings and the dictionary.
--
--   ordinals, new_entries      what changes, in order; the entry 0 removes
--   qualities to word_texts    the new entries
--   term_texts, term_stems     the terms that they have, each once
--   use_entries to use_words   which entry has which term, whether that finds it, whether it has it as
--                              a word
CREATE FUNCTION set_entries_1(
    ordinals bigint[], new_entries integer[],
    qualities integer[], releases bigint[], versions integer[], sort_names bytea[],
    label_texts text[], stem_texts text[], word_texts text[],
    term_texts text[], term_stems text[],
    use_entries integer[], use_terms integer[], use_finds boolean[], use_words boolean[]
) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_nestloop = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_variable
DECLARE
    at bigint[];
    entry integer[];
    -- By number of an entry: the listing that it is set for; null if another one came later.
    target bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(qualities)]);
    -- By place of a term.
    ids integer[];
    -- New terms have ids behind this one.
    last_id integer;
    next_id integer;
    -- What was there.
    old_terms integer[];
    old_ranks bigint[];
    old_words integer[];
    old_count bigint;
    -- What will be.
    new_terms integer[];
    new_ranks bigint[];
    new_words integer[];
    new_count bigint;
    changed integer[];
    more_entries bigint[];
    more_uses bigint[];
    known integer;
BEGIN
    -- The last change of each entry is the one that counts.
    SELECT array_agg(c.ordinal), array_agg(c.entry) INTO at, entry
    FROM (
        SELECT DISTINCT ON (u.ordinal) u.ordinal, u.entry
        FROM unnest(ordinals, new_entries) WITH ORDINALITY AS u (ordinal, entry, place)
        ORDER BY u.ordinal, u.place DESC
    ) AS c;
    FOR this IN 1 .. cardinality(at) LOOP
        IF entry[this] > 0 THEN
            target[entry[this]] := at[this];
        END IF;
    END LOOP;

    ids := ARRAY(
        SELECT coalesce((
            SELECT d.id FROM index_term AS d WHERE d.term = t.term AND d.stem = t.stem
        ), 0)
        FROM unnest(term_texts, term_stems) WITH ORDINALITY AS t (term, stem, place)
        ORDER BY t.place
    );
    last_id := coalesce((SELECT max(d.id) FROM index_term AS d), 0);
    next_id := last_id;
    FOR this IN 1 .. cardinality(ids) LOOP
        IF ids[this] = 0 THEN
            next_id := next_id + 1;
            ids[this] := next_id;
        END IF;
    END LOOP;

    SELECT count(*) INTO old_count
    FROM unnest(at) AS a (ordinal)
    CROSS JOIN LATERAL (SELECT FROM index_entry AS o WHERE o.ordinal = a.ordinal LIMIT 1) AS o;
    SELECT array_agg(o.term), array_agg(o.rank) INTO old_terms, old_ranks
    FROM unnest(at) AS a (ordinal)
    CROSS JOIN LATERAL (
        SELECT unnest(o.terms) AS term, o.rank FROM index_entry AS o
        WHERE o.ordinal = a.ordinal OFFSET 0
    ) AS o;
    SELECT array_agg(o.word) INTO old_words
    FROM unnest(at) AS a (ordinal)
    CROSS JOIN LATERAL (
        SELECT unnest(o.words) AS word FROM index_entry AS o
        WHERE o.ordinal = a.ordinal OFFSET 0
    ) AS o;

    DELETE FROM index_entry AS o WHERE o.ordinal = ANY (ARRAY(
        SELECT e.ordinal FROM unnest(at, entry) AS e (ordinal, entry) WHERE e.entry = 0
    ));
    WITH had AS (
        SELECT u.entry,
            array_agg(ids[u.term] ORDER BY ids[u.term]) FILTER (WHERE u.finds) AS terms,
            array_agg(ids[u.term] ORDER BY ids[u.term]) FILTER (WHERE u.word) AS words
        FROM unnest(use_entries, use_terms, use_finds, use_words) AS u (entry, term, finds, word)
        GROUP BY u.entry
    ), made AS (
        INSERT INTO index_entry AS o (
            ordinal, rank, quality, released_at, version, sort_name, terms, words, labels, stems,
            written
        )
        SELECT n.ordinal, (4095 - n.quality)::bigint << 40 | n.ordinal, n.quality, n.released_at,
            n.version, n.sort_name, coalesce(h.terms, '{}'), coalesce(h.words, '{}'), n.labels,
            n.stems, n.words
        FROM unnest(
            target, qualities, releases, versions, sort_names, label_texts, stem_texts, word_texts
        ) WITH ORDINALITY AS n (
            ordinal, quality, released_at, version, sort_name, labels, stems, words, entry
        )
        LEFT JOIN had AS h ON h.entry = n.entry
        WHERE n.ordinal IS NOT NULL
        ON CONFLICT (ordinal) DO UPDATE SET rank = excluded.rank, quality = excluded.quality,
            released_at = excluded.released_at, version = excluded.version,
            sort_name = excluded.sort_name, terms = excluded.terms, words = excluded.words,
            labels = excluded.labels, stems = excluded.stems, written = excluded.written
        RETURNING o.rank, o.terms, o.words
    )
    SELECT count(*),
        (SELECT array_agg(t.term ORDER BY t.term, t.rank)
         FROM (SELECT unnest(m.terms) AS term, m.rank FROM made AS m) AS t),
        (SELECT array_agg(t.rank ORDER BY t.term, t.rank)
         FROM (SELECT unnest(m.terms) AS term, m.rank FROM made AS m) AS t),
        (SELECT array_agg(t.word) FROM (SELECT unnest(m.words) AS word FROM made AS m) AS t)
    INTO new_count, new_terms, new_ranks, new_words
    FROM made;

    IF old_count > 0 THEN
        DELETE FROM index_posting AS p WHERE p.ctid = ANY (ARRAY(
            SELECT (
                SELECT q.ctid FROM index_posting AS q WHERE q.term = g.term AND q.rank = g.rank
            )
            FROM (
                SELECT * FROM unnest(old_terms, old_ranks) EXCEPT
                SELECT * FROM unnest(new_terms, new_ranks)
            ) AS g (term, rank)
        ));
        INSERT INTO index_posting (term, rank)
        SELECT g.term, g.rank FROM (
            SELECT * FROM unnest(new_terms, new_ranks) EXCEPT
            SELECT * FROM unnest(old_terms, old_ranks)
        ) AS g (term, rank)
        ORDER BY g.term, g.rank;
    ELSE
        INSERT INTO index_posting (term, rank)
        SELECT n.term, n.rank FROM unnest(new_terms, new_ranks) AS n (term, rank);
    END IF;

    SELECT array_agg(d.id ORDER BY d.id), array_agg(d.entries ORDER BY d.id),
        array_agg(d.uses ORDER BY d.id)
    INTO changed, more_entries, more_uses
    FROM (
        SELECT s.id, sum(s.entries)::bigint AS entries, sum(s.uses)::bigint AS uses
        FROM (
            SELECT t.id, -1 AS entries, 0 AS uses FROM unnest(old_terms) AS t (id)
            UNION ALL SELECT t.id, 0, -1 FROM unnest(old_words) AS t (id)
            UNION ALL SELECT t.id, 1, 0 FROM unnest(new_terms) AS t (id)
            UNION ALL SELECT t.id, 0, 1 FROM unnest(new_words) AS t (id)
        ) AS s
        GROUP BY s.id
        HAVING sum(s.entries) <> 0 OR sum(s.uses) <> 0
    ) AS d;
    -- A term of an entry that a later change replaced may be needed by none.
    INSERT INTO index_term (id, term, stem, entries, uses, level)
    SELECT t.id, t.term, t.stem, c.entries, c.uses, frequency_level_1(c.uses)
    FROM unnest(term_texts, term_stems, ids) AS t (term, stem, id)
    JOIN unnest(changed, more_entries, more_uses) AS c (id, entries, uses) ON c.id = t.id
    WHERE t.id > last_id;
    known := (SELECT count(*) FROM unnest(changed) AS c (id) WHERE c.id <= last_id);
    PERFORM count_terms_1(changed[1 : known], more_entries[1 : known], more_uses[1 : known]);
    IF new_count <> old_count THEN
        UPDATE index_size AS s SET entries = s.entries + new_count - old_count;
    END IF;
END $$;

-- A clause of a question: what an entry must have, or must not.
--
--   ids      any of these terms
--   counts   how many entries have each of them
--   phrases  or stems next to each other, as they stand in `stems`
--   most     how many entries have any of the terms, at most
CREATE TYPE index_clause AS (
    wanted boolean, ids integer[], counts bigint[], phrases text[], most bigint
);

-- The clauses of each list in the terms of the dictionary. Those that postings tell all about come first,
-- the rarest before the others.
--
--   possible   whether anything can match
CREATE FUNCTION index_clauses_1(
    clause_lists integer[], clause_wanted boolean[], term_clauses integer[], terms text[],
    phrase_clauses integer[], phrases text[]
) RETURNS TABLE (list integer, clauses index_clause[], possible boolean) LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_variable
BEGIN
    RETURN QUERY
    SELECT k.list,
        array_agg(
            (k.wanted, k.ids, k.counts, k.phrases, k.most)::index_clause
            ORDER BY k.wanted AND k.phrases = '{}' DESC, k.most
        ),
        bool_and(NOT k.wanted OR k.ids <> '{}' OR k.phrases <> '{}')
    FROM (
        SELECT c.list, c.wanted, coalesce(t.ids, '{}') AS ids, coalesce(t.counts, '{}') AS counts,
            coalesce(p.phrases, '{}') AS phrases, coalesce(t.most, 0) AS most
        FROM unnest(clause_lists, clause_wanted) WITH ORDINALITY AS c (list, wanted, clause)
        LEFT JOIN (
            SELECT u.clause, array_agg(d.id ORDER BY d.id) AS ids,
                array_agg(d.entries ORDER BY d.id) AS counts, sum(d.entries)::bigint AS most
            FROM unnest(term_clauses, terms) AS u (clause, term)
            CROSS JOIN LATERAL (
                SELECT i.id, i.entries FROM index_term AS i
                WHERE i.term = u.term AND i.stem = u.term AND i.entries > 0 LIMIT 1
            ) AS d
            GROUP BY u.clause
        ) AS t ON t.clause = c.clause
        LEFT JOIN (
            SELECT u.clause, array_agg(u.phrase) AS phrases
            FROM unnest(phrase_clauses, phrases) AS u (clause, phrase)
            GROUP BY u.clause
        ) AS p ON p.clause = c.clause
    ) AS k
    GROUP BY k.list;
END $$;

-- The ranks of entries that meet clauses, from the clause `first` on.
--
--   part   which part of the order of ranks they are all of; 0: they are not next to each other
CREATE FUNCTION passing_ranks_1(
    ranks bigint[], clauses index_clause[], first integer, since bigint, part double precision
) RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
    clause index_clause;
    lowest bigint := ranks[1];
    highest bigint := ranks[cardinality(ranks)];
BEGIN
    FOR place IN first .. cardinality(clauses) LOOP
        EXIT WHEN ranks = '{}';
        clause := clauses[place];
        IF clause.phrases <> '{}' THEN
            ranks := ARRAY(
                SELECT r.rank FROM unnest(ranks) AS r (rank)
                WHERE clause.wanted = (
                    SELECT e.terms && clause.ids OR EXISTS (
                        SELECT FROM unnest(clause.phrases) AS p (phrase)
                        WHERE strpos(e.stems, p.phrase) > 0
                    )
                    FROM index_entry AS e WHERE e.rank = r.rank
                )
                ORDER BY r.rank
            );
        ELSIF clause.wanted AND part > 0
            AND clause.most * part < 3 * cardinality(ranks) * cardinality(clause.ids)
        THEN
            -- Passing the clause's own postings there is cheaper than looking for each.
            ranks := ARRAY(
                SELECT unnest(ranks) AS rank INTERSECT
                SELECT p.rank FROM unnest(clause.ids) AS i (id)
                CROSS JOIN LATERAL (
                    SELECT p.rank FROM index_posting AS p
                    WHERE p.term = i.id AND p.rank >= lowest AND p.rank <= highest OFFSET 0
                ) AS p
                ORDER BY rank
            );
        ELSE
            ranks := ARRAY(
                SELECT r.rank FROM unnest(ranks) AS r (rank)
                WHERE clause.wanted = coalesce((
                    SELECT true FROM unnest(clause.ids) AS i (id)
                    CROSS JOIN LATERAL (
                        SELECT FROM index_posting AS p
                        WHERE p.term = i.id AND p.rank = r.rank OFFSET 0
                    ) AS p
                    LIMIT 1
                ), false)
                ORDER BY r.rank
            );
        END IF;
    END LOOP;
    IF since IS NOT NULL THEN
        ranks := ARRAY(
            SELECT r.rank FROM unnest(ranks) AS r (rank)
            WHERE since <= (SELECT e.released_at FROM index_entry AS e WHERE e.rank = r.rank)
            ORDER BY r.rank
        );
    END IF;
    RETURN ranks;
END $$;

-- The ranks of all entries behind `after` and up to `until` that meet two clauses, from the index of terms.
-- The part that finds has no order that the planner could read instead.
CREATE FUNCTION meeting_ranks_1(one index_clause, other index_clause, after bigint, until bigint)
RETURNS bigint[] LANGUAGE plpgsql STABLE
SET enable_indexscan = off SET enable_bitmapscan = on AS $$
#variable_conflict use_variable
BEGIN
    RETURN ARRAY(
        SELECT m.rank FROM (
            SELECT e.rank FROM index_entry AS e WHERE e.terms && one.ids AND e.terms && other.ids OFFSET 0
        ) AS m
        WHERE m.rank > after AND m.rank <= until
        ORDER BY m.rank
    );
END $$;

-- The ranks of matching entries behind `after` and up to `until`, the first `most`.
--
-- Either the postings of the rarest clause are passed in their order, and the others looked for; or the
-- index of terms is asked where the two rarest meet, and the answers are sorted. The first needs no more
-- than a part of the postings where matches are frequent, the second is quicker over all of them. Times
-- are estimated in microseconds, as they were measured, taking terms as independent. Passing goes on as
-- long as the other way would take, so it takes twice as long at most if the estimate was wrong.
CREATE FUNCTION matching_ranks_1(
    clauses index_clause[], size bigint, after bigint, until bigint, most bigint, since bigint
) RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
    posted integer := (
        SELECT count(*) FROM unnest(clauses) AS c WHERE c.wanted AND c.phrases = '{}'
    );
    driver index_clause := clauses[1];
    second index_clause := clauses[2];
    driven double precision := size;
    share double precision := 1;
    expected double precision;
    -- How many postings are passed before the other way is taken.
    patience double precision := 'infinity';
    passed bigint := 0;
    chunk bigint;
    candidates bigint[];
    got integer;
    -- Up to where the candidates are all that the driver has; null if nothing comes behind them.
    complete bigint;
    -- What the index of terms found, and how much of it was looked at.
    met bigint[];
    place bigint := 0;
    found bigint[] := '{}';
BEGIN
    IF size = 0 OR most <= 0 THEN
        RETURN found;
    END IF;
    IF posted > 0 THEN
        driven := least(driver.most, size);
    END IF;
    FOR n IN 2 .. posted LOOP
        share := share * least(1, (clauses[n]).most / size::double precision);
    END LOOP;
    expected := least(driven, most / share);
    chunk := least(4096, 16 + 1.2 * greatest(expected, least(most, driven)));
    IF posted > 1 THEN
        patience := (
            300 + 4 * driven * least(1, second.most / size::double precision)
            + least(
                0.4 * driven * (cardinality(driver.ids) + cardinality(second.ids)),
                0.04 * (driven + second.most)
            )
        ) / (0.3 * least(cardinality(driver.ids), 1.5) + 1.3 * cardinality(second.ids));
        IF expected > patience THEN
            patience := 0;
        END IF;
    END IF;
    LOOP
        IF met IS NULL AND passed >= patience THEN
            met := meeting_ranks_1(driver, second, after, until);
        END IF;
        IF met IS NOT NULL THEN
            candidates := met[place + 1 : place + chunk];
            place := place + chunk;
        ELSIF posted > 0 THEN
            -- Of each alternative as many as its share, and some more, since they are not spread evenly.
            WITH part AS MATERIALIZED (
                SELECT i.room, ARRAY(
                    SELECT p.rank FROM index_posting AS p
                    WHERE p.term = i.id AND p.rank > after AND p.rank <= until
                    ORDER BY p.rank LIMIT i.room
                ) AS ranks
                FROM (
                    SELECT u.id, least(chunk, 8 + 1.5 * chunk * u.entries / driver.most)::integer AS room
                    FROM unnest(driver.ids, driver.counts) AS u (id, entries)
                ) AS i
            )
            SELECT e.complete, ARRAY(
                SELECT DISTINCT r.rank FROM part AS p CROSS JOIN LATERAL unnest(p.ranks) AS r (rank)
                WHERE e.complete IS NULL OR r.rank <= e.complete
                ORDER BY r.rank
            )
            INTO complete, candidates
            FROM (SELECT min(p.ranks[p.room]) AS complete FROM part AS p) AS e;
        ELSE
            candidates := ARRAY(
                SELECT e.rank FROM index_entry AS e WHERE e.rank > after AND e.rank <= until
                ORDER BY e.rank LIMIT chunk
            );
        END IF;
        got := cardinality(candidates);
        EXIT WHEN got = 0;
        IF met IS NOT NULL OR posted = 0 THEN
            complete := CASE WHEN got = chunk THEN candidates[got] END;
        END IF;
        after := complete;
        passed := passed + got;
        found := found || CASE
            WHEN met IS NOT NULL THEN passing_ranks_1(candidates, clauses, 3, since, 0)
            ELSE passing_ranks_1(
                candidates, clauses, least(posted, 1) + 1, since, got / greatest(driven, got))
        END;
        EXIT WHEN complete IS NULL OR cardinality(found) >= most;
        chunk := least(2 * chunk, 4096);
    END LOOP;
    RETURN found[1 : least(most, 2147483647)];
END $$;

-- Reads lists of entries, each the best first.
--
--   afters to sinces          the lists: behind which rank, up to which, how many, whether it is in the
--                             next one, released since when
--   clause_lists, _wanted     their clauses, which an entry must have or must not
--   term_clauses, terms       terms that are alternatives of a clause
--   phrase_clauses, phrases   and phrases
--   told                      the column that is told of each hit, in the first list that it is in
CREATE FUNCTION find_1(
    afters bigint[], untils bigint[], limits bigint[], within_next boolean[], sinces bigint[],
    clause_lists integer[], clause_wanted boolean[], term_clauses integer[], terms text[],
    phrase_clauses integer[], phrases text[], told text
) RETURNS TABLE (list integer, rank bigint, texts text) LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
SET max_parallel_workers_per_gather = 0 SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_variable
DECLARE
    size bigint := (SELECT s.entries FROM index_size AS s);
    asked record;
    found bigint[];
    ended boolean := false;
    found_lists integer[] := '{}';
    found_ranks bigint[] := '{}';
BEGIN
    FOR asked IN
        SELECT l.place, l.after, l.until, l.most, l.within, l.since, c.possible,
            coalesce(c.clauses, '{}') AS clauses
        FROM unnest(afters, untils, limits, within_next, sinces) WITH ORDINALITY
            AS l (after, until, most, within, since, place)
        LEFT JOIN index_clauses_1(
            clause_lists, clause_wanted, term_clauses, terms, phrase_clauses, phrases
        ) AS c ON c.list = l.place
        ORDER BY l.place DESC
    LOOP
        CONTINUE WHEN asked.within AND ended;
        found := '{}';
        IF asked.possible IS NOT false THEN
            found := matching_ranks_1(
                asked.clauses, size, asked.after, asked.until, asked.most, asked.since);
        END IF;
        ended := cardinality(found) < asked.most;
        found_ranks := found_ranks || found;
        found_lists := found_lists || array_fill(asked.place::integer, ARRAY[cardinality(found)]);
    END LOOP;
    IF told = '' THEN
        RETURN QUERY SELECT f.list, f.rank, '' FROM unnest(found_lists, found_ranks) AS f (list, rank);
        RETURN;
    END IF;
    RETURN QUERY
    SELECT f.list, f.rank, CASE WHEN f.first THEN (
        SELECT CASE told WHEN 'stems' THEN e.stems ELSE e.labels END
        FROM index_entry AS e WHERE e.rank = f.rank
    ) END
    FROM (
        SELECT u.list, u.rank,
            row_number() OVER (PARTITION BY u.rank ORDER BY u.list) = 1 AS first
        FROM unnest(found_lists, found_ranks) AS u (list, rank)
    ) AS f
    ORDER BY f.list, f.rank;
END $$;

-- Reads a list in another order.
--
--   shelf                 0: the latest created first; 1: the latest released first; 2: by name
--   after_* to many       behind which entry, and how many
--   since and the others  as those of one list of find_1
CREATE FUNCTION shelf_1(
    shelf integer, after_ordinal bigint, after_time bigint, after_name bytea, many bigint,
    since bigint, clause_lists integer[], clause_wanted boolean[], term_clauses integer[],
    terms text[], phrase_clauses integer[], phrases text[]
) RETURNS TABLE (ordinal bigint, released_at bigint, sort_name bytea) LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
SET max_parallel_workers_per_gather = 0 SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_variable
DECLARE
    size bigint := (SELECT s.entries FROM index_size AS s);
    clauses index_clause[];
    possible boolean;
    clause index_clause;
    share double precision := 1;
    -- How many entries are passed before all matches are found in the other way.
    patience double precision := 'infinity';
    passed bigint := 0;
    chunk bigint;
    at_ordinal bigint := after_ordinal;
    at_time bigint := after_time;
    at_name bytea := after_name;
    candidates bigint[];
    got integer;
    ended boolean := false;
    found bigint[] := '{}';
BEGIN
    SELECT coalesce(array_agg(c), '{}'), coalesce(bool_and(i.possible), true)
    INTO clauses, possible
    FROM index_clauses_1(
        clause_lists, clause_wanted, term_clauses, terms, phrase_clauses, phrases
    ) AS i
    CROSS JOIN unnest(i.clauses) AS c;
    IF size = 0 OR NOT possible THEN
        RETURN;
    END IF;
    FOREACH clause IN ARRAY clauses LOOP
        IF clause.wanted AND clause.phrases = '{}' THEN
            share := share * least(1, clause.most / size::double precision);
            patience := least(patience, clause.most);
        END IF;
    END LOOP;
    chunk := least(4096, 16 + 1.2 * many / share);
    IF many / share > patience THEN
        patience := 0;
    END IF;
    WHILE passed < patience AND NOT ended LOOP
        candidates := CASE shelf
            WHEN 0 THEN ARRAY(
                SELECT e.rank FROM index_entry AS e WHERE e.ordinal < at_ordinal
                ORDER BY e.ordinal DESC LIMIT chunk
            )
            WHEN 1 THEN ARRAY(
                SELECT e.rank FROM index_entry AS e
                WHERE (e.released_at, e.ordinal) < (at_time, at_ordinal)
                ORDER BY e.released_at DESC, e.ordinal DESC LIMIT chunk
            )
            ELSE ARRAY(
                SELECT e.rank FROM index_entry AS e
                WHERE (e.sort_name, e.ordinal) > (at_name, at_ordinal)
                ORDER BY e.sort_name, e.ordinal LIMIT chunk
            )
        END;
        got := cardinality(candidates);
        SELECT e.ordinal, e.released_at, e.sort_name INTO at_ordinal, at_time, at_name
        FROM index_entry AS e WHERE e.rank = candidates[got];
        passed := passed + got;
        found := found || passing_ranks_1(candidates, clauses, 1, since, 0);
        ended := got < chunk OR cardinality(found) >= many;
        chunk := least(2 * chunk, 4096);
    END LOOP;
    IF NOT ended THEN
        found := matching_ranks_1(
            clauses, size, -1, 9223372036854775807, 9223372036854775807, since);
    END IF;
    RETURN QUERY
    SELECT e.ordinal, e.released_at, e.sort_name
    FROM unnest(found) AS f (rank)
    CROSS JOIN LATERAL (
        SELECT i.ordinal, i.released_at, i.sort_name FROM index_entry AS i
        WHERE i.rank = f.rank OFFSET 0
    ) AS e
    WHERE CASE shelf
        WHEN 0 THEN e.ordinal < after_ordinal
        WHEN 1 THEN (e.released_at, e.ordinal) < (after_time, after_ordinal)
        ELSE (e.sort_name, e.ordinal) > (after_name, after_ordinal)
    END
    ORDER BY CASE shelf WHEN 1 THEN e.released_at END DESC, CASE shelf WHEN 2 THEN e.sort_name END,
        CASE shelf WHEN 2 THEN e.ordinal END, e.ordinal DESC
    LIMIT many;
END $$;

-- How many entries there are, and how many each term finds.
CREATE FUNCTION frequencies_1(terms text[]) RETURNS TABLE (entries bigint, counts bigint[])
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT SET enable_seqscan = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_variable
BEGIN
    RETURN QUERY SELECT s.entries, ARRAY(
        SELECT coalesce((
            SELECT d.entries FROM index_term AS d WHERE d.term = t.term AND d.stem = t.term
        ), 0)
        FROM unnest(terms) WITH ORDINALITY AS t (term, place) ORDER BY t.place
    ) FROM index_size AS s;
END $$;

-- The words that begin with a prefix: the most frequent first, then in byte order.
--
--   head   the part of the prefix that words have an index by
--   few    how many words are few: these are read in byte order, and more of them in that of frequency
CREATE FUNCTION completions_1(prefix text, head text, few bigint, most bigint)
RETURNS TABLE (term text, stem text) LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_variable
DECLARE
    found bigint;
BEGIN
    SELECT count(*) INTO found FROM (
        SELECT t.term FROM index_term AS t WHERE t.term >= prefix AND t.level > 0
        ORDER BY t.term, t.stem LIMIT few
    ) AS w WHERE starts_with(w.term, prefix);
    IF found < few THEN
        RETURN QUERY SELECT w.term, w.stem FROM (
            SELECT t.term, t.stem, t.level FROM index_term AS t
            WHERE t.term >= prefix AND t.level > 0
            ORDER BY t.term, t.stem LIMIT few
        ) AS w
        WHERE starts_with(w.term, prefix)
        ORDER BY w.level DESC, w.term, w.stem LIMIT most;
    ELSE
        RETURN QUERY SELECT t.term, t.stem FROM index_term AS t
        WHERE left(t.term, CASE WHEN ascii(t.term) >= 11904 THEN 1 ELSE 2 END) = head
            AND t.level > 0 AND starts_with(t.term, prefix)
        ORDER BY t.level DESC, t.term, t.stem LIMIT most;
    END IF;
END $$;
