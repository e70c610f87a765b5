CREATE FUNCTION withhold_gateway(of_network integer, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Takes an address that became a gateway out of the free space. A running release, or
-- the running end of a quarantine, may free the address later, so this locks both rows: they wait for this transaction,
-- and then see the gateway. No table lock, because attach_v1() calls this while it holds a weaker one.
DECLARE
    is_held boolean;
BEGIN
    PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
    LOOP
        PERFORM withdraw_run(of_network, wanted, wanted);
        PERFORM FROM reservations WHERE network_id = of_network AND address = wanted FOR UPDATE;
        is_held := FOUND;
        IF NOT is_held THEN
            PERFORM FROM free_ranges WHERE network_id = of_network AND quarantined AND last >= wanted AND first <= wanted
              FOR UPDATE;
            is_held := FOUND;
        END IF;
        -- One statement, so one snapshot.
        EXIT WHEN NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND NOT quarantined
                                 AND last >= wanted AND first <= wanted)
              AND (is_held
                   OR NOT EXISTS (SELECT FROM reservations WHERE network_id = of_network AND address = wanted)
                      AND NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND quarantined
                                         AND last >= wanted AND first <= wanted));
    END LOOP;
END $$;
COMMENT ON FUNCTION withhold_gateway(integer, inet) IS 'Takes an address that became a gateway out of the free space of a network.';
