CREATE FUNCTION withdraw_run(wanted_network integer, run_first inet, run_last inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Takes every free address from run_first to run_last out of the free space (a pool is deleted, or a range excluded).
-- Waits for running allocations. Quarantined addresses stay, so that their quarantine still holds if the pool is
-- recreated or the exclusion is deleted.
DECLARE
    run free_ranges;
BEGIN
    LOOP
        FOR run IN
            DELETE FROM free_ranges
             WHERE network_id = wanted_network AND NOT quarantined AND last >= run_first AND first <= run_last RETURNING *
        LOOP
            IF run.first < run_first THEN
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                VALUES (wanted_network, run.quarantined, run.first, run_first - 1, run.free_from);
            END IF;
            IF run.last > run_last THEN
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                VALUES (wanted_network, run.quarantined, run_last + 1, run.last, run.free_from);
            END IF;
        END LOOP;
        -- Repeat until nothing is left: while we waited, a run may have been split.
        EXIT WHEN NOT FOUND;
    END LOOP;
END $$;
COMMENT ON FUNCTION withdraw_run(integer, inet, inet) IS 'Takes a run of addresses out of the free space of a network.';
