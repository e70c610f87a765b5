CREATE FUNCTION refuse_exhausted(wanted_network integer, wanted cidr, firsts inet[], lasts inet[], range_no integer,
                                 progress text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises pool_exhausted; the message says if the reuse delay is the only reason. "progress" is what a manual reservation could get.
DECLARE
    counted   CONSTANT integer := 1000;
    addresses integer;
    next_free timestamptz;
BEGIN
    SELECT f.free_from INTO next_free FROM free_ranges f
     WHERE f.network_id = wanted_network AND f.quarantined AND NOT is_withheld(f.network_id, f.first)
       AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE f.first BETWEEN s.first AND s.last)
     ORDER BY f.free_from LIMIT 1;
    IF FOUND THEN
        -- The cost of a refusal must not grow with the number of quarantined addresses.
        SELECT count(*) INTO addresses FROM (
            SELECT FROM unnest(firsts, lasts) AS s (first, last),
                   LATERAL (SELECT FROM free_ranges f
                             WHERE f.network_id = wanted_network AND f.quarantined AND f.last BETWEEN s.first AND s.last
                             ORDER BY f.last LIMIT counted + 1) AS quarantined
             LIMIT counted + 1) AS first_ones;
        RAISE EXCEPTION 'no free address in pool %: % in quarantine, the next is free at %', concat_ws(': ', wanted::text, progress),
            CASE WHEN addresses > counted THEN 'more than ' || counted ELSE addresses::text END,
            to_char(next_free AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
            USING ERRCODE = error_code('pool_exhausted'), DETAIL = range_no,
                  HINT = 'Wait until then, shorten the reuse delay of the pool or the NAD, or widen the range.';
    END IF;
    IF progress IS NOT NULL THEN
        RAISE EXCEPTION 'no free address in pool %: %', wanted, progress
            USING ERRCODE = error_code('pool_exhausted'), HINT = 'Widen its window, create a pool with a larger CIDR, or release unused addresses.';
    END IF;
    RAISE EXCEPTION 'no free address in pool %', wanted USING ERRCODE = error_code('pool_exhausted'), DETAIL = range_no;
END $$;
COMMENT ON FUNCTION refuse_exhausted IS 'Raises the error that no address of some segments is free.';
