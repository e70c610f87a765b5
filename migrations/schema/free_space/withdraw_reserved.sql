CREATE FUNCTION withdraw_reserved(of_network integer, of_address inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Called after a reservation of a free address conflicted: if the address is both reserved and free, the free space is
-- damaged, and the caller would otherwise try the same address forever. The caller has the run locked.
DECLARE
    run free_ranges;
BEGIN
    IF EXISTS (SELECT FROM reservations r WHERE r.network_id = of_network AND r.address = of_address) THEN
        SELECT * INTO run FROM free_ranges f
         WHERE f.network_id = of_network AND NOT f.quarantined AND f.last >= of_address AND f.first <= of_address
         ORDER BY f.last LIMIT 1;
        IF FOUND THEN
            PERFORM withdraw_run(of_network, of_address, of_address);
            PERFORM record_change('free_range.correct', host(run.first) || '-' || host(run.last), to_jsonb(run), NULL);
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION withdraw_reserved(integer, inet) IS 'Takes an address out of the free space if it is both reserved and free.';
