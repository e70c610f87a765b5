CREATE FUNCTION give_back(of_network integer, of_address inet, ended timestamptz, delay interval, owner text) RETURNS void
LANGUAGE plpgsql AS $$
-- (What is withheld is quarantined as well: that may end before the time is over.)
BEGIN
    IF delay > '0' THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (of_network, true, of_address, of_address, ended + delay, owner);
    ELSIF NOT is_withheld(of_network, of_address) THEN -- (while it was in use)
        PERFORM free_run(of_network, of_address, of_address, ended);
    END IF;
END $$;
COMMENT ON FUNCTION give_back(integer, inet, timestamptz, interval, text) IS
    'Puts a released address into the free space or into quarantine, unless it is kept out of use.';
