CREATE FUNCTION return_gateway(of_network integer, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Puts an address that is no longer a gateway back into the free space, unless something else keeps it out. A
-- running release saw the gateway and does not free the address, so this waits for it.
BEGIN
    PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
    PERFORM FROM reservations WHERE network_id = of_network AND address = wanted FOR UPDATE;
    IF EXISTS (SELECT FROM pools WHERE network_id = of_network AND cidr >>= wanted)
       AND NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND last >= wanted AND first <= wanted) THEN
        PERFORM free_unless_withheld(of_network, wanted, wanted, clock_timestamp());
    END IF;
END $$;
COMMENT ON FUNCTION return_gateway(integer, inet) IS 'Returns an address that is no longer a gateway to the free space of a network.';
