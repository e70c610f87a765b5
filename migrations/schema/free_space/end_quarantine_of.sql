CREATE FUNCTION end_quarantine_of(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Frees a quarantined address early, for its previous owner; false if it is no longer quarantined.
DECLARE
    run   free_ranges;
    ended timestamptz;
BEGIN
    DELETE FROM free_ranges f
     WHERE f.network_id = wanted_network AND f.quarantined
       AND f.last = (SELECT q.last FROM free_ranges q
                      WHERE q.network_id = wanted_network AND q.quarantined AND q.last >= wanted ORDER BY q.last LIMIT 1)
       AND f.first <= wanted
    RETURNING * INTO run;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF run.first < wanted THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (wanted_network, true, run.first, wanted - 1, run.free_from, run.previous_owner);
    END IF;
    IF run.last > wanted THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (wanted_network, true, wanted + 1, run.last, run.free_from, run.previous_owner);
    END IF;
    -- What counts for the next tenure is when the last one ended.
    SELECT max(upper(t.during)) INTO ended FROM tenures_of(wanted_network, wanted) t;
    PERFORM free_run(wanted_network, wanted, wanted, coalesce(ended, '-infinity'));
    RETURN true;
END $$;
COMMENT ON FUNCTION end_quarantine_of(integer, inet) IS 'Ends the quarantine of one address for its previous owner.';
