CREATE FUNCTION choose_plain_pools(chosen integer[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
-- Updates plain_pools, for some pools or for all. A change of a quota or a hold waits for running ADDs and
-- changes of pools (wait_for_reservations), and they wait for it, so that neither misses the other.
BEGIN
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    chosen := coalesce(chosen, ARRAY(SELECT p.id FROM pools p));
    DELETE FROM plain_pools c USING pools p
     WHERE p.id = c.pool_id AND c.pool_id = ANY (chosen)
       AND (NOT is_plain(p) OR (c.network_name, c.cidr, c.network_id, c.isolated) <> (p.network_name, p.cidr, p.network_id, p.isolated));
    INSERT INTO plain_pools (network_name, cidr, pool_id, network_id, isolated)
    SELECT p.network_name, p.cidr, p.id, p.network_id, p.isolated FROM pools p
     WHERE p.id = ANY (chosen) AND is_plain(p)
       -- A recreated pool may hold quarantines of its predecessor, which exempt their previous owners.
       AND NOT EXISTS (SELECT FROM free_ranges f
                        WHERE f.network_id = p.network_id AND f.quarantined
                          AND f.last >= first_address(p.cidr) AND f.first <= last_address(p.cidr))
        ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION choose_plain_pools(integer[]) IS 'Updates plain_pools, for some pools or for all.';
