CREATE FUNCTION end_misdated_quarantines(wanted_network integer, firsts inet[], lasts inet[]) RETURNS void
LANGUAGE plpgsql AS $$
-- Frees addresses of some segments that were quarantined while the clock was ahead by more than a minute: how long they
-- have been quarantined is unknown, and the quarantine would last longer by the error of the clock. The cost is one
-- look-up of the quarantine that ends last.
DECLARE
    run   free_ranges;
    ended timestamptz;
BEGIN
    FOR run IN
        SELECT * FROM free_ranges q
         WHERE q.network_id = wanted_network AND q.quarantined AND q.free_from > (SELECT clock_timestamp())
         ORDER BY q.free_from DESC
    LOOP
        SELECT max(upper(t.during)) INTO ended FROM tenures_of(wanted_network, run.first) t;
        EXIT WHEN ended IS NULL OR ended <= clock_timestamp() + interval '1 minute';
        IF EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE run.last >= s.first AND run.first <= s.last) THEN
            DELETE FROM free_ranges f WHERE f.network_id = wanted_network AND f.quarantined AND f.last = run.last RETURNING f.* INTO run;
            CONTINUE WHEN NOT FOUND; -- Another session has just freed it.
            PERFORM free_covered(wanted_network, run.first, run.last, ended);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION end_misdated_quarantines(integer, inet[], inet[]) IS
    'Frees addresses of some segments that were quarantined while the clock was ahead.';
