CREATE FUNCTION take_run(wanted_network integer, wanted_first inet, wanted_last inet) RETURNS timestamptz
LANGUAGE plpgsql AS $$
-- Takes the few addresses from wanted_first to wanted_last out of the free space, and returns the time since which all of
-- them may be assigned. They may be in several runs. Waits while a run is locked.
-- Error address_taken: one of them is not free.
DECLARE
    run        free_ranges;
    part_first inet := wanted_first;
    part_last  inet;
    block_end  inet;
    next_end   inet;
    free_since timestamptz;
BEGIN
    LOOP
        SELECT * INTO run FROM free_ranges
         WHERE network_id = wanted_network AND NOT quarantined AND last >= part_first
         ORDER BY last LIMIT 1 FOR UPDATE;
        IF NOT FOUND OR run.first > part_first THEN
            SELECT * INTO run FROM free_ranges
             WHERE network_id = wanted_network AND quarantined AND last >= part_first
             ORDER BY last LIMIT 1 FOR UPDATE;
        END IF;
        IF NOT FOUND OR run.first > part_first THEN
            -- While we waited, the run may have been split, and our snapshot is older than its parts: look again
            -- with a new snapshot.
            CONTINUE WHEN EXISTS (SELECT FROM free_ranges WHERE network_id = wanted_network
                                     AND first <= part_first AND last >= part_first);
            RAISE EXCEPTION 'address % of network % is not free', host(part_first), wanted_network
                USING ERRCODE = error_code('address_taken'),
                      HINT = 'It is held by another owner, kept out of use, or in no pool of this network.';
        END IF;

        IF run.quarantined AND current_reason() = 'SQL' AND NOT is_forced() AND is_withheld(wanted_network, part_first)
           AND NOT is_on_request(wanted_network, part_first) THEN
            -- (What is withheld and not quarantined was not found.)
            RAISE EXCEPTION 'address % of network % is not free: it is %', host(part_first), wanted_network,
                            why_withheld(wanted_network, part_first)
                USING ERRCODE = error_code('address_taken'), HINT = 'SET rowhouse.force = ''on'' allows a gateway.';
        END IF;

        part_last := least(run.last, wanted_last);
        IF run.first = part_first AND run.last = part_last THEN
            DELETE FROM free_ranges
             WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
        ELSIF run.first = part_first THEN
            -- A run that reaches past this block of 64 is split there, and again after the next block,
            -- so that other writers find runs that are not locked.
            block_end := last_address(block_of(part_last));
            IF block_end > part_last AND block_end < run.last THEN
                next_end := last_address(block_of(block_end + 1));
                IF next_end >= run.last THEN
                    next_end := block_end;
                END IF;
                UPDATE free_ranges SET first = next_end + 1
                 WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                VALUES (wanted_network, run.quarantined, part_last + 1, block_end, run.free_from);
                IF next_end > block_end THEN
                    INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                    VALUES (wanted_network, run.quarantined, block_end + 1, next_end, run.free_from);
                END IF;
            ELSE
                UPDATE free_ranges SET first = part_last + 1
                 WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
            END IF;
        ELSIF run.last = part_last THEN
            UPDATE free_ranges SET last = part_first - 1
             WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
        ELSE
            UPDATE free_ranges SET first = part_last + 1
             WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
            INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
            VALUES (wanted_network, run.quarantined, run.first, part_first - 1, run.free_from);
        END IF;
        IF run.quarantined THEN
            -- Only a user takes it early; the end of the last tenure counts then.
            SELECT max(upper(during)) INTO run.free_from FROM tenures
             WHERE network_id = wanted_network AND address BETWEEN part_first AND part_last;
        END IF;
        free_since := greatest(free_since, run.free_from);
        IF part_last = wanted_last THEN
            RETURN free_since;
        END IF;
        part_first := part_last + 1;
    END LOOP;
END $$;
COMMENT ON FUNCTION take_run(integer, inet, inet) IS 'Takes a run of addresses out of the free space of a network.';
