CREATE FUNCTION give_back(of_network integer, of_address inet, ended timestamptz, delay interval, owner text) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Returns whether the address may be assigned immediately. (A withheld address is quarantined too: it may stop being
-- withheld before the quarantine ends.)
DECLARE
    is_joined boolean;
BEGIN
    IF delay > '0' THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (of_network, true, of_address, of_address, ended + delay, owner);
        RETURN false;
    ELSIF NOT is_withheld(of_network, of_address) THEN -- (while it was in use)
        is_joined := free_run(of_network, of_address, of_address, ended);
        RETURN true;
    END IF;
    RETURN false;
END $$;
COMMENT ON FUNCTION give_back(integer, inet, timestamptz, interval, text) IS
    'Returns a released address to the free space, or quarantines it, unless it is withheld.';
