CREATE FUNCTION refuse_quarantined(of_network integer, wanted inet, range_no integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM end_misdated_quarantines(of_network, ARRAY[wanted], ARRAY[wanted]);
    IF EXISTS (SELECT FROM free_ranges f
                WHERE f.network_id = of_network AND f.quarantined AND f.last = wanted AND f.free_from > clock_timestamp()) THEN
        RAISE EXCEPTION 'requested address % is in quarantine', host(wanted)
            USING ERRCODE = error_code('address_taken'), DETAIL = range_no,
                  HINT = 'Request another address; `rowhouse explain` shows when this one is free.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_quarantined(integer, inet, integer) IS 'Raises address_taken if an address is quarantined.';
