CREATE FUNCTION claim_lowest(wanted_network integer, firsts inet[], lasts inet[]) RETURNS inet
LANGUAGE plpgsql AS $$
-- The lowest free address of the given segments (ascending, disjoint) whose run nobody has locked; its
-- run is locked for us. If all are locked: waits. NULL: there is none.
--
-- The last run that can reach into a segment is the first one that ends at or behind its end: with that
-- bound a full segment is known without reading the runs behind it.
DECLARE
    run_first inet;
BEGIN
    LOOP
        FOR i IN 1 .. coalesce(cardinality(firsts), 0) LOOP
            SELECT run.first INTO run_first FROM free_ranges run
             WHERE run.network_id = wanted_network AND NOT run.quarantined AND run.last >= firsts[i]
               AND run.last <= coalesce((SELECT bound.last FROM free_ranges bound
                                          WHERE bound.network_id = wanted_network AND NOT bound.quarantined
                                            AND bound.last >= lasts[i] ORDER BY bound.last LIMIT 1), lasts[i])
               AND run.first <= lasts[i]
             ORDER BY run.last LIMIT 1 FOR UPDATE OF run SKIP LOCKED;
            IF FOUND THEN
                RETURN greatest(run_first, firsts[i]);
            END IF;
        END LOOP;
        -- A look that skips what is locked can not tell a full pool from a busy one: look again, waiting.
        FOR i IN 1 .. coalesce(cardinality(firsts), 0) LOOP
            SELECT run.first INTO run_first FROM free_ranges run
             WHERE run.network_id = wanted_network AND NOT run.quarantined AND run.last >= firsts[i]
               AND run.last <= coalesce((SELECT bound.last FROM free_ranges bound
                                          WHERE bound.network_id = wanted_network AND NOT bound.quarantined
                                            AND bound.last >= lasts[i] ORDER BY bound.last LIMIT 1), lasts[i])
               AND run.first <= lasts[i]
             ORDER BY run.last LIMIT 1 FOR UPDATE OF run;
            IF FOUND THEN
                RETURN greatest(run_first, firsts[i]);
            END IF;
        END LOOP;
        -- What we waited for is gone, but our snapshot may be older than what was left of it.
        IF NOT has_free(wanted_network, firsts, lasts) THEN
            RETURN NULL;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION claim_lowest(integer, inet[], inet[]) IS
    'The lowest unlocked free address of some segments of a network, its run locked for the caller.';
