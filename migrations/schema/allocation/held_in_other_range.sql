CREATE FUNCTION held_in_other_range(
    wanted_network integer, cluster text, namespace text, name text, interface text, wanted inet,
    firsts inet[], lasts inet[], networks text[], cidrs cidr[], taken text[])
RETURNS inet
LANGUAGE sql STABLE
-- A grown or moved range is another pool. A living pod keeps its address if the new range contains it.
RETURN (SELECT r.address FROM rowhouse.reservations r JOIN rowhouse.pools p ON p.id = r.pool_id
         WHERE r.owner_namespace = namespace AND r.owner_name = held_in_other_range.name
           AND r.owner_interface = interface AND r.owner_cluster = cluster AND r.owner_kind = 'pod'
           AND r.network_id + 0 = wanted_network AND r.address = coalesce(wanted, r.address)
           AND (SELECT true FROM unnest(firsts, lasts) AS s (first, last)
                 WHERE r.address BETWEEN s.first AND s.last LIMIT 1)
           AND NOT EXISTS (SELECT FROM unnest(networks, cidrs) AS own (network, cidr)
                            WHERE own.network = p.network_name AND own.cidr = p.cidr)
           AND r.network_id || ' ' || host(r.address) <> ALL (taken)
         ORDER BY r.address LIMIT 1);
COMMENT ON FUNCTION held_in_other_range IS
    'The address that a pod''s interface holds in a range which is no longer in its configuration, if the present range contains it.';
