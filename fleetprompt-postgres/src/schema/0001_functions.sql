-- FleetPrompt on PostgreSQL, schema version 1: the functions that write.
--
-- Each takes one lock before anything else, so that whatever writes a schema does so one after the
-- other, in all processes: positions are dense, and a commit is tested against what is there. Every
-- statement of a function has a snapshot of its own, so that what follows the lock sees what was
-- committed before it was given.
--
-- What is planned once in a session is a statement whose text is fixed, so tables are named in them. It is
-- planned by what a table holds then, which may be nothing: OFFSET 0 keeps a lookup by key what it is, where
-- reading all of the small table that it was would be chosen, for as long as the plan is kept.
--
-- A function keeps its name and meaning for good. What is to be done otherwise gets a new number, so
-- that processes of the version before go on working while others are replaced.

-- Waits for the turn to write, which ends with the transaction.
CREATE FUNCTION write_turn_1() RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = 'FP001', MESSAGE = 'transactions must be read committed';
    END IF;
    -- "FlPr", and what tells one schema of a database from another.
    PERFORM pg_advisory_xact_lock(
        (1181503602::bigint << 32) | 'log_head'::regclass::oid::bigint);
END $$;

-- Whoever would write into a copy that is not finished is told.
CREATE FUNCTION refuse_unfinished_1(unfinished boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF unfinished THEN
        RAISE EXCEPTION USING ERRCODE = 'FP002', MESSAGE = 'a copy into the schema is not finished';
    END IF;
END $$;

-- Makes the functions that read and write records, from the tables of records that are there. In each, a
-- kind has a statement of its own that names its table, so that a session plans it once, and not with
-- every batch. A migration that adds a kind, or a column to one, calls this again.
--
--   kind           the table
--   number, kinds  which of the records are of the kind: those whose number it is
--   ids to docs    the records and rows, as in commit_1
CREATE FUNCTION make_record_functions_1() RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT AS $make$
DECLARE
    readings text; deletions text; writings text;
BEGIN
    SELECT
        string_agg(format(
            'WHEN %1$L THEN RETURN QUERY
                SELECT k.place, t.revision, t.created
                FROM unnest(kinds, ids) WITH ORDINALITY AS k (kind, id, place)
                CROSS JOIN LATERAL (
                    SELECT r.revision, r.created FROM %2$s AS r WHERE r.id = k.id OFFSET 0
                ) AS t WHERE k.kind = number;',
            r.name, r.place), E'\n'),
        string_agg(format(
            'WHEN %1$L THEN
                DELETE FROM %2$s AS t WHERE t.id = ANY (ARRAY(
                    SELECT k.id FROM unnest(kinds, ids, rows) AS k (kind, id, row)
                    WHERE k.kind = number AND k.row = -1));',
            r.name, r.place), E'\n'),
        string_agg(format(
            'WHEN %1$L THEN
                INSERT INTO %2$s AS t (id, revision, created, changed, doc%3$s)
                SELECT k.id, k.revision, k.created, k.changed, n.doc%4$s
                FROM unnest(kinds, ids, rows, revisions, createds, changeds)
                    AS k (kind, id, row, revision, created, changed)
                JOIN unnest(docs, columns) WITH ORDINALITY AS n (doc, columns, row) ON n.row = k.row
                CROSS JOIN LATERAL
                    jsonb_populate_record(NULL::%2$s, n.columns::jsonb) AS r
                WHERE k.kind = number AND k.row > 0
                ON CONFLICT (id) DO UPDATE SET revision = excluded.revision,
                    created = excluded.created, changed = excluded.changed,
                    doc = excluded.doc%5$s;',
            r.name, r.place, r.listed, r.taken, r.replaced), E'\n')
    INTO readings, deletions, writings
    FROM (
        SELECT c.relname AS name, c.oid::regclass AS place,
            coalesce(string_agg(', ' || a.column, '' ORDER BY a.attnum), '') AS listed,
            coalesce(string_agg(', r.' || a.column, '' ORDER BY a.attnum), '') AS taken,
            coalesce(string_agg(', ' || a.column || ' = excluded.' || a.column, ''), '') AS replaced
        FROM pg_class AS c
        LEFT JOIN LATERAL (
            SELECT quote_ident(t.attname) AS column, t.attnum FROM pg_attribute AS t
            WHERE t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped
                AND t.attname NOT IN ('id', 'revision', 'created', 'changed', 'doc')
        ) AS a ON true
        WHERE c.relkind = 'r' AND c.relnamespace = (
            SELECT h.relnamespace FROM pg_class AS h WHERE h.oid = 'log_head'::regclass
        ) AND EXISTS (
            SELECT FROM pg_attribute AS d WHERE d.attrelid = c.oid AND d.attname = 'changed'
        )
        GROUP BY c.oid, c.relname
    ) AS r;

    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION found_records_1(
            kind text, number integer, kinds integer[], ids text[]
        ) RETURNS TABLE (place bigint, revision bigint, created bigint) LANGUAGE plpgsql AS $body$
        #variable_conflict use_variable
        BEGIN
            CASE kind
            %s
            END CASE;
        END $body$
    $function$, readings);

    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION delete_records_1(
            kind text, number integer, kinds integer[], ids text[], rows integer[]
        ) RETURNS void LANGUAGE plpgsql AS $body$
        #variable_conflict use_variable
        BEGIN
            CASE kind
            %s
            END CASE;
        END $body$
    $function$, deletions);

    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION put_records_1(
            kind text, number integer, kinds integer[], ids text[], rows integer[],
            revisions bigint[], createds bigint[], changeds bigint[], docs text[], columns text[]
        ) RETURNS void LANGUAGE plpgsql AS $body$
        #variable_conflict use_variable
        BEGIN
            CASE kind
            %s
            END CASE;
        END $body$
    $function$, writings);
END $make$;

SELECT make_record_functions_1();

-- Applies commits, one after the other, as if each came alone, and answers each.
--
-- The records, names, counters and receipts that they touch have places in arrays, which are filled
-- once, changed step by step, and written back once. A step that fails takes back what its commit
-- did to names and counters; whatever comes after the steps that can fail cannot.
--
--   receipt_places, step_ends   of each commit: the commit of the batch that was the first to use its
--                               idempotency key (0: it has none), and its last step
--   receipt_scopes to _expiries of each commit: the receipt to keep
--   ops to zs                   the steps: what is done, to which place, with which numbers
--         0                     nothing can be done: the commit is malformed
--         1  record, x          it is at revision x; 0: it is not there
--         2  counter, x, y, z   x is added, and it then lies from y to z
--         3  name, x            owner x takes it
--         4  name, x            owner x gives it up
--         5  record, x          it becomes row x
--         6  record, x          it is deleted; 1: it is a listing
--         7  event, x           it is appended; 1: to the feed too
--         8                     the receipt is kept
--         9  listing, x         its entry becomes entry x; 0: none
--   kinds                       the tables of records
--   record_kinds, record_ids    the records
--   row_docs, row_columns       the rows to put
--   owners                      all owners of names that the steps speak of
--
-- An answer: 0, and the log's last position; 1, and the commit whose receipt it is, or 0 and the
-- receipt that was there; 2, and the step that failed.
CREATE FUNCTION commit_1(
    receipt_places integer[], step_ends integer[],
    receipt_scopes bytea[], receipt_kids text[], receipt_fingerprints bytea[],
    receipt_answers text[], receipt_expiries bigint[],
    ops integer[], places integer[], xs bigint[], ys bigint[], zs bigint[],
    kinds text[], record_kinds integer[], record_ids text[],
    row_docs text[], row_columns text[],
    event_times bigint[], event_docs text[],
    name_scopes text[], name_texts text[], owners text[],
    counter_scopes text[], counter_names text[],
    qualities integer[], releases bigint[], versions integer[], sort_names bytea[],
    label_texts text[], stem_texts text[], word_texts text[],
    term_texts text[], term_stems text[],
    use_entries integer[], use_terms integer[], use_finds boolean[], use_words boolean[]
) RETURNS TABLE (outcome integer, detail bigint, kid text, fingerprint bytea, answer text)
LANGUAGE plpgsql
SET search_path FROM CURRENT SET enable_seqscan = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_variable
DECLARE
    commits integer := cardinality(step_ends);
    -- Where the log stands, and stood.
    last bigint; last_before bigint;
    latest bigint;
    feed_last bigint;
    -- By place. A row of -1 is deleted, and one of 0 stays as it is.
    revisions bigint[] := array_fill(0::bigint, ARRAY[cardinality(record_ids)]);
    createds bigint[] := revisions;
    changeds bigint[] := revisions;
    rows integer[] := array_fill(0, ARRAY[cardinality(record_ids)]);
    holders bigint[] := array_fill(0::bigint, ARRAY[cardinality(name_texts)]);
    names_touched boolean := false;
    counts bigint[] := array_fill(0::bigint, ARRAY[cardinality(counter_names)]);
    counts_touched boolean := false;
    positions bigint[] := array_fill(0::bigint, ARRAY[cardinality(event_docs)]);
    feed_positions bigint[] := positions;
    -- The commit that keeps the receipt; -1: it was there, 0: nobody does.
    keepers integer[] := array_fill(0, ARRAY[commits]);
    kinds_put boolean[] := array_fill(false, ARRAY[cardinality(kinds)]);
    kinds_cut boolean[] := kinds_put;
    ordinals bigint[] := '{}';
    entries integer[] := '{}';
    -- Answers.
    outcomes integer[] := array_fill(0, ARRAY[commits]);
    details bigint[] := array_fill(0::bigint, ARRAY[commits]);
    -- What a commit did so far to names (3) and counters (2).
    undone integer;
    undo_ops integer[] := '{}';
    undo_places integer[] := '{}';
    undo_values bigint[] := '{}';
    step integer := 0;
    op integer; place integer; x bigint; value bigint; first bigint;
    failed boolean;
    hit record;
BEGIN
    PERFORM write_turn_1();
    SELECT h.last, h.at, h.feed_last, h.copying IS NOT NULL
    INTO STRICT last, latest, feed_last, failed FROM log_head AS h;
    IF failed THEN
        PERFORM refuse_unfinished_1(true);
    END IF;
    last_before := last;

    FOR kind IN 1 .. cardinality(kinds) LOOP
        FOR hit IN
            SELECT f.place, f.revision, f.created
            FROM found_records_1(kinds[kind], kind, record_kinds, record_ids) AS f
        LOOP
            revisions[hit.place] := hit.revision;
            createds[hit.place] := hit.created;
        END LOOP;
    END LOOP;
    FOR hit IN
        SELECT k.place FROM unnest(receipt_scopes) WITH ORDINALITY AS k (scope, place)
        CROSS JOIN LATERAL (SELECT FROM receipt AS r WHERE r.scope = k.scope OFFSET 0) AS t
    LOOP
        keepers[hit.place] := -1;
    END LOOP;
    IF cardinality(name_texts) > 0 THEN
        FOR hit IN
            SELECT k.place, coalesce(array_position(owners, t.owner), -1) AS owner
            FROM unnest(name_scopes, name_texts) WITH ORDINALITY AS k (scope, name, place)
            CROSS JOIN LATERAL (
                SELECT n.owner FROM name_claim AS n
                WHERE n.scope = k.scope AND n.name = k.name OFFSET 0
            ) AS t
        LOOP
            holders[hit.place] := hit.owner;
        END LOOP;
    END IF;
    IF cardinality(counter_names) > 0 THEN
        FOR hit IN
            SELECT k.place, t.value
            FROM unnest(counter_scopes, counter_names) WITH ORDINALITY AS k (scope, name, place)
            CROSS JOIN LATERAL (
                SELECT c.value FROM counter AS c
                WHERE c.scope = k.scope AND c.name = k.name OFFSET 0
            ) AS t
        LOOP
            counts[hit.place] := hit.value;
        END LOOP;
    END IF;

    FOR this IN 1 .. commits LOOP
        place := receipt_places[this];
        IF place > 0 AND keepers[place] <> 0 THEN
            outcomes[this] := 1;
            details[this] := greatest(keepers[place], 0);
            step := step_ends[this];
            CONTINUE;
        END IF;
        first := last + 1;
        failed := false;
        undone := 0;
        WHILE step < step_ends[this] LOOP
            step := step + 1;
            op := ops[step];
            place := places[step];
            x := xs[step];
            IF op = 1 THEN
                failed := revisions[place] <> x;
            ELSIF op = 2 THEN
                value := counts[place];
                IF x > 0 AND value > 9223372036854775807 - x THEN
                    failed := true;
                ELSE
                    failed := value + x < ys[step] OR value + x > zs[step];
                END IF;
                IF NOT failed THEN
                    undone := undone + 1;
                    undo_ops[undone] := 2;
                    undo_places[undone] := place;
                    undo_values[undone] := value;
                    counts[place] := value + x;
                    counts_touched := true;
                END IF;
            ELSIF op = 3 OR op = 4 THEN
                value := holders[place];
                IF op = 3 THEN
                    failed := value <> 0 AND value <> x;
                END IF;
                IF op = 3 AND NOT failed OR op = 4 AND value = x THEN
                    undone := undone + 1;
                    undo_ops[undone] := 3;
                    undo_places[undone] := place;
                    undo_values[undone] := value;
                    holders[place] := CASE op WHEN 3 THEN x ELSE 0 END;
                    names_touched := true;
                END IF;
            ELSIF op = 5 THEN
                IF revisions[place] = 0 THEN
                    createds[place] := first;
                END IF;
                revisions[place] := revisions[place] + 1;
                changeds[place] := first;
                rows[place] := x;
                kinds_put[record_kinds[place]] := true;
            ELSIF op = 6 THEN
                IF x = 1 THEN
                    ordinals := ordinals || createds[place];
                    entries := entries || 0;
                END IF;
                revisions[place] := 0;
                rows[place] := -1;
                kinds_cut[record_kinds[place]] := true;
            ELSIF op = 7 THEN
                last := last + 1;
                latest := greatest(latest, event_times[place]);
                positions[place] := last;
                IF x = 1 THEN
                    feed_last := feed_last + 1;
                    feed_positions[place] := feed_last;
                END IF;
            ELSIF op = 8 THEN
                keepers[receipt_places[this]] := this;
            ELSIF op = 9 THEN
                IF revisions[place] > 0 THEN
                    ordinals := ordinals || createds[place];
                    entries := entries || x::integer;
                END IF;
            ELSE
                failed := true;
            END IF;
            EXIT WHEN failed;
        END LOOP;
        IF failed THEN
            outcomes[this] := 2;
            details[this] := step;
            step := step_ends[this];
            WHILE undone > 0 LOOP
                place := undo_places[undone];
                IF undo_ops[undone] = 2 THEN
                    counts[place] := undo_values[undone];
                ELSE
                    holders[place] := undo_values[undone];
                END IF;
                undone := undone - 1;
            END LOOP;
        ELSE
            details[this] := last;
        END IF;
    END LOOP;

    FOR kind IN 1 .. cardinality(kinds) LOOP
        IF kinds_cut[kind] THEN
            PERFORM delete_records_1(kinds[kind], kind, record_kinds, record_ids, rows);
        END IF;
        IF kinds_put[kind] THEN
            PERFORM put_records_1(kinds[kind], kind, record_kinds, record_ids, rows,
                revisions, createds, changeds, row_docs, row_columns);
        END IF;
    END LOOP;

    IF cardinality(ordinals) > 0 THEN
        PERFORM set_entries_1(ordinals, entries, qualities, releases, versions, sort_names,
            label_texts, stem_texts, word_texts, term_texts, term_stems,
            use_entries, use_terms, use_finds, use_words);
    END IF;

    IF names_touched THEN
        DELETE FROM name_claim AS t WHERE t.ctid = ANY (ARRAY(
            SELECT (
                SELECT n.ctid FROM name_claim AS n WHERE n.scope = k.scope AND n.name = k.name
            )
            FROM unnest(name_scopes, name_texts, holders) AS k (scope, name, owner)
            WHERE k.owner = 0
        ));
        INSERT INTO name_claim AS t (scope, name, owner)
        SELECT k.scope, k.name, o.owner
        FROM unnest(name_scopes, name_texts, holders) AS k (scope, name, owner)
        JOIN unnest(owners) WITH ORDINALITY AS o (owner, place) ON o.place = k.owner
        ON CONFLICT ON CONSTRAINT name_claim_pkey DO UPDATE SET owner = excluded.owner
            WHERE t.owner <> excluded.owner;
    END IF;
    IF counts_touched THEN
        INSERT INTO counter AS t (scope, name, value)
        SELECT k.scope, k.name, k.value
        FROM unnest(counter_scopes, counter_names, counts) AS k (scope, name, value)
        ON CONFLICT ON CONSTRAINT counter_pkey DO UPDATE SET value = excluded.value
            WHERE t.value <> excluded.value;
    END IF;

    INSERT INTO receipt (scope, kid, fingerprint, answer, expires_at)
    SELECT k.scope, k.kid, k.fingerprint, k.answer, k.expires_at
    FROM unnest(receipt_scopes, receipt_kids, receipt_fingerprints, receipt_answers,
            receipt_expiries, outcomes)
        AS k (scope, kid, fingerprint, answer, expires_at, outcome)
    WHERE k.scope IS NOT NULL AND k.outcome = 0;

    IF last > last_before THEN
        INSERT INTO event (position, at, feed_position, doc)
        SELECT k.position, k.at, nullif(k.feed_position, 0), k.doc
        FROM unnest(positions, event_times, feed_positions, event_docs)
            AS k (position, at, feed_position, doc)
        WHERE k.position > 0;
        UPDATE log_head AS h SET last = last, at = latest, feed_last = feed_last;
    END IF;

    RETURN QUERY
    SELECT k.outcome, k.detail, t.kid, t.fingerprint, t.answer
    FROM unnest(outcomes, details, receipt_scopes) WITH ORDINALITY
        AS k (outcome, detail, scope, place)
    LEFT JOIN LATERAL (
        SELECT r.kid, r.fingerprint, r.answer FROM receipt AS r
        WHERE k.outcome = 1 AND k.detail = 0 AND r.scope = k.scope OFFSET 0
    ) AS t ON true
    ORDER BY k.place;
END $$;

-- Forgets receipts that expired at or before a time, at most so many.
CREATE FUNCTION prune_receipts_1(until bigint, most bigint) RETURNS bigint LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    pruned bigint;
BEGIN
    PERFORM write_turn_1(), refuse_unfinished_1(h.copying IS NOT NULL) FROM log_head AS h;
    DELETE FROM receipt AS t USING (
        SELECT r.scope FROM receipt AS r WHERE r.expires_at <= until
        ORDER BY r.expires_at, r.scope LIMIT most
    ) AS old WHERE t.scope = old.scope;
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END $$;

-- Forgets events from before a time, from the oldest on and without a gap, at most so many.
CREATE FUNCTION prune_events_1(before bigint, most bigint) RETURNS bigint LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
    reached bigint;
    in_feed bigint;
    pruned bigint;
BEGIN
    PERFORM write_turn_1(), refuse_unfinished_1(h.copying IS NOT NULL) FROM log_head AS h;
    SELECT coalesce(min(e.position) FILTER (WHERE e.at >= before) - 1, max(e.position))
    INTO reached
    FROM (SELECT o.position, o.at FROM event AS o ORDER BY o.position LIMIT most) AS e;
    WITH gone AS (
        DELETE FROM event AS e WHERE e.position <= reached RETURNING e.feed_position
    )
    SELECT count(*), count(feed_position) INTO pruned, in_feed FROM gone;
    IF pruned > 0 THEN
        UPDATE log_head AS h SET pruned = reached, feed_pruned = h.feed_pruned + in_feed;
    END IF;
    RETURN pruned;
END $$;
