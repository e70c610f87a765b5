CREATE FUNCTION admit_requested(of_network integer, run_first inet, run_last inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Lets reservations that exist already take addresses that are kept for requests: it frees them first. Only the owner of
-- the reservation can be here, because its primary key keeps others away.
DECLARE
    span    record;
    address inet;
BEGIN
    FOR span IN
        SELECT greatest(e.first, run_first)::inet AS first, least(e.last, run_last)::inet AS last FROM exclusions e
         WHERE e.network_id = of_network AND e.requests_only AND e.last >= run_first AND e.first <= run_last
    LOOP
        address := span.first;
        LOOP
            IF is_on_request(of_network, address)
               AND NOT EXISTS (SELECT FROM free_ranges f
                                WHERE f.network_id = of_network AND f.last >= address AND f.first <= address) THEN
                INSERT INTO free_ranges (network_id, first, last, free_from)
                VALUES (of_network, address, address, '-infinity');
            END IF;
            EXIT WHEN address >= span.last;
            address := address + 1;
        END LOOP;
    END LOOP;
END $$;
COMMENT ON FUNCTION admit_requested(integer, inet, inet) IS 'Lets a reservation take addresses that are kept for requests.';
