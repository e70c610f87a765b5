CREATE FUNCTION release_expired(wanted_network integer, at_most integer) RETURNS integer
LANGUAGE plpgsql AS $$
-- Releases expired sticky reservations of addresses that no sandbox uses, by the clock of the database. An event tells of
-- each owner that outlives its pods.
DECLARE
    released integer := 0;
    owner    record;
BEGIN
    FOR owner IN
        WITH expired AS (
            SELECT r.network_id, r.address FROM reservations r
             -- In a subquery, because a volatile function cannot be an index condition.
             WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
               AND NOT EXISTS (SELECT FROM attachments a
                                WHERE a.network_id = r.network_id AND a.address = r.address)
             ORDER BY r.expires_at LIMIT at_most FOR UPDATE SKIP LOCKED),
        gone AS (
            DELETE FROM reservations r USING expired e
             WHERE r.network_id = e.network_id AND r.address = e.address
            RETURNING r.owner_kind, r.owner_cluster, r.owner_namespace, r.owner_name, r.address)
        SELECT g.owner_kind, g.owner_cluster, g.owner_namespace, g.owner_name, array_agg(g.address::inet) AS addresses
          FROM gone g GROUP BY g.owner_kind, g.owner_cluster, g.owner_namespace, g.owner_name
    LOOP
        released := released + cardinality(owner.addresses);
        IF owner.owner_kind NOT IN ('pod', 'static') THEN
            PERFORM note_released('OwnerExpired', owner.owner_cluster, owner.owner_namespace, owner.owner_name, owner.addresses,
                                  'no sandbox used them for their time to live');
        END IF;
    END LOOP;
    RETURN released;
END $$;
COMMENT ON FUNCTION release_expired(integer, integer) IS 'Releases expired reservations that no sandbox uses.';
