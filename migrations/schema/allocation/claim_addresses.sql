CREATE FUNCTION claim_addresses(wanted_network integer, firsts inet[], lasts inet[], how_many integer) RETURNS inet[]
LANGUAGE plpgsql AS $$
-- Free addresses of the given segments (ascending, disjoint), in the order of choose_run(); their runs are locked for the
-- caller. Fewer than wanted: the others are locked by other transactions or not free. Waits for a run if all are locked.
-- Returns an empty array if no address is free.
DECLARE
    claimed inet[] := '{}';
    missing integer := how_many;
    low     inet;
    high    inet;
    reach   inet;
    address inet;
    step    integer;
    first   inet;
    last    inet;
    is_free boolean;
BEGIN
    LOOP
        FOR i IN 1 .. coalesce(cardinality(firsts), 0) LOOP
            low := firsts[i];
            high := lasts[i];
            -- The last run that can overlap a segment is the first one that ends at or after its end.
            reach := coalesce((SELECT f.last FROM free_ranges f
                                WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last >= high
                                ORDER BY f.last LIMIT 1), high);
            LOOP
                SELECT run.address, run.step, run.run_first, run.run_last INTO address, step, first, last
                  FROM choose_run(wanted_network, low, high, reach) run;
                EXIT WHEN NOT FOUND;
                LOOP
                    claimed := claimed || address;
                    missing := missing - 1;
                    IF missing = 0 THEN
                        RETURN claimed;
                    END IF;
                    EXIT WHEN address = CASE WHEN step > 0 THEN least(last, high) ELSE greatest(first, low) END;
                    address := address + step;
                END LOOP;
                -- The rest of the segment is before or after the run.
                IF step > 0 THEN
                    EXIT WHEN last >= high;
                    low := last + 1;
                ELSE
                    EXIT WHEN first <= low;
                    high := first - 1;
                    reach := high;
                END IF;
            END LOOP;
        END LOOP;
        IF claimed <> '{}' THEN
            RETURN claimed;
        END IF;
        -- A search that skips locked runs cannot distinguish a full pool from a busy one. Wait for any run, and search
        -- again while holding its lock.
        FOR i IN 1 .. coalesce(cardinality(firsts), 0) LOOP
            PERFORM FROM free_ranges f
              WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last >= firsts[i]
                AND f.last <= coalesce((SELECT bound.last FROM free_ranges bound
                                         WHERE bound.network_id = wanted_network AND NOT bound.quarantined
                                           AND bound.last >= lasts[i] ORDER BY bound.last LIMIT 1), lasts[i])
                AND f.first <= lasts[i]
              ORDER BY f.last LIMIT 1 FOR UPDATE OF f;
            is_free := FOUND;
            EXIT WHEN is_free;
        END LOOP;
        -- The run that we waited for is gone, but our snapshot may be older than its remaining parts.
        IF is_free IS NOT true AND NOT has_free(wanted_network, firsts, lasts) THEN
            RETURN claimed;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION claim_addresses(integer, inet[], inet[], integer) IS
    'Free addresses of some segments of a network, in the order of choose_run(), their runs locked for the caller.';
