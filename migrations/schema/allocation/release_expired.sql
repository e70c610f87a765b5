CREATE FUNCTION release_expired(wanted_network integer, at_most integer) RETURNS integer
LANGUAGE plpgsql AS $$
-- Releases expired sticky reservations of addresses that no sandbox uses, by the clock of the database.
DECLARE
    released integer;
BEGIN
    WITH expired AS (
        SELECT r.network_id, r.address FROM reservations r
         -- In a subquery, because a volatile function cannot be an index condition.
         WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
           AND NOT EXISTS (SELECT FROM attachments a
                            WHERE a.network_id = r.network_id AND a.address = r.address)
         ORDER BY r.expires_at LIMIT at_most FOR UPDATE SKIP LOCKED)
    DELETE FROM reservations r USING expired e
     WHERE r.network_id = e.network_id AND r.address = e.address;
    GET DIAGNOSTICS released = ROW_COUNT;
    RETURN released;
END $$;
COMMENT ON FUNCTION release_expired(integer, integer) IS 'Releases expired reservations that no sandbox uses.';
