CREATE FUNCTION record_changes(action text, before jsonb[], after jsonb[]) RETURNS void
LANGUAGE plpgsql AS $$
-- A statement by hand may change a hundred thousand rows. Up to 100 rows of a batch are a line each; more share one line,
-- which keeps all of them: PostgreSQL compresses them to a fraction of what as many lines would take. The caller cuts
-- the rows into batches of 1000 at most, each of one network and cluster, in the order of their addresses.
DECLARE
    first_row jsonb := coalesce(before[1], after[1]);
    last_row  jsonb := coalesce(before[cardinality(before)], after[cardinality(after)]);
BEGIN
    IF greatest(cardinality(before), cardinality(after)) <= 100 THEN
        PERFORM rowhouse.record_change(action, coalesce(c.before, c.after)->>'address', c.before, c.after)
           FROM unnest(before, after) AS c (before, after);
    ELSE
        PERFORM rowhouse.record_change(action, (first_row->>'address') || '-' || (last_row->>'address'), before[1], after[1],
                                       (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(c.before, c.after) ORDER BY c.number)
                                          FROM unnest(before, after) WITH ORDINALITY AS c (before, after, number)));
    END IF;
END $$;
COMMENT ON FUNCTION record_changes(text, jsonb[], jsonb[]) IS
    'Writes a batch of changed rows into the audit log: an entry for each row, or one for all if there are more than 100.';
