CREATE FUNCTION free_run(run_network integer, run_first inet, run_last inet, run_free_from timestamptz)
RETURNS boolean
LANGUAGE plpgsql AS $$
-- Puts a run into the free space, joined with those of its neighbors that are not locked: a release
-- never blocks. Quarantined runs keep to themselves until their time has come. Returns whether
-- there was one to join.
DECLARE
    before free_ranges;
    after  free_ranges;
BEGIN
    SELECT * INTO after FROM free_ranges
     WHERE network_id = run_network AND NOT quarantined AND last > run_last ORDER BY last LIMIT 1;
    -- Of one family: the run after 255.255.255.255 is an IPv6 one.
    IF FOUND AND family(after.first) = family(run_last) AND after.first - 1 = run_last THEN
        SELECT * INTO after FROM free_ranges
         WHERE network_id = run_network AND NOT quarantined AND last = after.last
           FOR UPDATE SKIP LOCKED;
    ELSE
        after := NULL;
    END IF;
    SELECT * INTO before FROM free_ranges
     WHERE network_id = run_network AND NOT quarantined AND last < run_first ORDER BY last DESC LIMIT 1;
    IF FOUND AND family(before.last) = family(run_first) AND before.last + 1 = run_first THEN
        SELECT * INTO before FROM free_ranges
         WHERE network_id = run_network AND NOT quarantined AND last = before.last
           FOR UPDATE SKIP LOCKED;
    ELSE
        before := NULL;
    END IF;
    -- A neighbor may have shrunk before it was locked.
    IF after.first IS NOT NULL AND after.first - 1 <> run_last THEN after := NULL; END IF;

    IF before.last IS NOT NULL THEN
        DELETE FROM free_ranges
         WHERE network_id = run_network AND NOT quarantined AND last = before.last;
        run_first := before.first;
        run_free_from := greatest(run_free_from, before.free_from);
    END IF;
    IF after.last IS NOT NULL THEN
        UPDATE free_ranges SET first = run_first, last = after.last, free_from = greatest(run_free_from, after.free_from)
         WHERE network_id = run_network AND NOT quarantined AND last = after.last;
    ELSE
        INSERT INTO free_ranges (network_id, first, last, free_from)
        VALUES (run_network, run_first, run_last, run_free_from);
    END IF;
    RETURN before.last IS NOT NULL OR after.last IS NOT NULL;
END $$;
COMMENT ON FUNCTION free_run(integer, inet, inet, timestamptz) IS 'Adds a run of addresses to the free space of a network.';
