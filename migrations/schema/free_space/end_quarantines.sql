CREATE FUNCTION end_quarantines(wanted_network integer, at_most integer) RETURNS integer
LANGUAGE plpgsql AS $$
-- Frees quarantined runs whose reuse delay has ended; returns their number.
DECLARE
    run   free_ranges;
    ended integer := 0;
BEGIN
    FOR run IN
        SELECT * FROM free_ranges
         -- In a subquery, because a volatile function cannot be an index condition.
         WHERE network_id = wanted_network AND quarantined AND free_from <= (SELECT clock_timestamp())
         ORDER BY free_from LIMIT at_most FOR UPDATE SKIP LOCKED
    LOOP
        DELETE FROM free_ranges WHERE network_id = run.network_id AND quarantined AND last = run.last;
        PERFORM free_covered(run.network_id, run.first, run.last, run.free_from);
        ended := ended + 1;
    END LOOP;
    RETURN ended;
END $$;
COMMENT ON FUNCTION end_quarantines(integer, integer) IS 'Frees quarantined addresses whose reuse delay is over.';
