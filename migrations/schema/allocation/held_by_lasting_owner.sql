CREATE FUNCTION held_by_lasting_owner(
    kind owner_kind, wanted_pool integer, wanted_network integer, cluster text, namespace text, name text, interface text,
    wanted inet, wanted_slot integer, last_slot integer, firsts inet[], lasts inet[], networks text[], cidrs cidr[],
    taken text[])
RETURNS inet
LANGUAGE sql STABLE
-- As held_by_owner() and held_in_other_range() for pods. An address whose owner an operator chose counts whatever its slot.
RETURN (SELECT r.address FROM rowhouse.reservations r
         WHERE r.owner_namespace = namespace AND r.owner_name = held_by_lasting_owner.name
           AND r.owner_interface = interface AND r.owner_cluster = held_by_lasting_owner.cluster
           AND r.owner_kind = kind AND r.address = coalesce(wanted, r.address)
           AND r.network_id || ' ' || host(r.address) <> ALL (taken)
           AND CASE WHEN r.pool_id = wanted_pool
                    THEN wanted IS NOT NULL OR r.slot = wanted_slot OR r.policy_source = 'operator' AND r.slot > last_slot
                    ELSE r.network_id = wanted_network
                         AND (SELECT true FROM unnest(firsts, lasts) AS s (first, last)
                               WHERE r.address BETWEEN s.first AND s.last LIMIT 1)
                         AND NOT EXISTS (SELECT FROM unnest(networks, cidrs) AS own (network, cidr), rowhouse.pools p
                                          WHERE p.id = r.pool_id AND own.network = p.network_name AND own.cidr = p.cidr) END
         ORDER BY r.pool_id <> wanted_pool, r.slot <> wanted_slot, r.slot, r.address LIMIT 1);
COMMENT ON FUNCTION held_by_lasting_owner IS
    'The address that an owner other than a pod holds in a pool, or in a range that is no longer in the configuration.';
