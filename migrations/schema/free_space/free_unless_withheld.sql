CREATE FUNCTION free_unless_withheld(run_network integer, run_first inet, run_last inet, run_free_from timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
-- Puts a run into the free space, without what is excluded, a gateway, quarantined or reserved.
DECLARE
    taken    record;
    position inet := run_first;
BEGIN
    FOR taken IN
        SELECT e.first, e.last FROM exclusions e
         WHERE e.network_id = run_network AND e.last >= run_first AND e.first <= run_last
        UNION ALL
        SELECT g.address, g.address FROM gateways g
         WHERE g.network_id = run_network AND g.address BETWEEN run_first AND run_last
        UNION ALL
        SELECT f.first, f.last FROM free_ranges f
         WHERE f.network_id = run_network AND f.quarantined AND f.last >= run_first AND f.first <= run_last
        UNION ALL
        SELECT r.address, r.address FROM reservations r
         WHERE r.network_id = run_network AND r.address BETWEEN run_first AND run_last
         ORDER BY 1
    LOOP
        IF taken.first > position THEN
            PERFORM free_run(run_network, position, taken.first - 1, run_free_from);
        END IF;
        -- A reservation may lie inside an exclusion.
        IF taken.last >= position THEN
            IF taken.last >= run_last THEN
                RETURN;
            END IF;
            position := taken.last + 1;
        END IF;
    END LOOP;
    PERFORM free_run(run_network, position, run_last, run_free_from);
END $$;
COMMENT ON FUNCTION free_unless_withheld(integer, inet, inet, timestamptz) IS
    'Adds a run to the free space of a network, without excluded and reserved addresses and gateways.';
