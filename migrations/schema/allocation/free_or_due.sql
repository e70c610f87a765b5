CREATE FUNCTION free_or_due(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Whether an address of some segments is free, or can be assigned to the next call because its quarantine or its
-- reservation has expired.
BEGIN
    -- One statement, so one snapshot: it cannot miss both an address that is taken and one that expires meanwhile. The
    -- clock is in a subquery, because a volatile function cannot be an index condition.
    RETURN EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last)
                    WHERE (SELECT f.first FROM free_ranges f
                            WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last >= s.first
                            ORDER BY f.last LIMIT 1) <= s.last)
        OR EXISTS (SELECT FROM free_ranges f
                    WHERE f.network_id = wanted_network AND f.quarantined AND f.free_from <= (SELECT clock_timestamp())
                      AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last)
                                   WHERE f.last >= s.first AND f.first <= s.last))
        OR EXISTS (SELECT FROM reservations r
                    WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
                      AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last)
                                   WHERE r.address BETWEEN s.first AND s.last)
                      AND NOT EXISTS (SELECT FROM attachments a
                                       WHERE a.network_id = r.network_id AND a.address = r.address));
END $$;
COMMENT ON FUNCTION free_or_due(integer, inet[], inet[]) IS
    'Whether an address of some segments of a network is free, or is about to be freed.';
