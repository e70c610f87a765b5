CREATE FUNCTION held_by_owner(
    wanted_pool integer, cluster text, namespace text, name text, interface text, wanted inet, wanted_slot integer,
    last_slot integer, taken text[])
RETURNS inet
LANGUAGE sql STABLE
-- An address that an operator reserved for the pod counts whatever its slot, unless the call has a range for that slot: it
-- may have been reserved while the pod ran with another one. (Not a sticky one, which any node's token can make.)
RETURN (SELECT r.address FROM rowhouse.reservations r
         WHERE r.owner_namespace = namespace AND r.owner_name = name AND r.pool_id = wanted_pool
           AND r.owner_interface = interface AND r.owner_cluster = cluster AND r.owner_kind = 'pod'
           AND CASE WHEN wanted IS NULL THEN r.slot = wanted_slot OR r.policy_source = 'operator' AND r.slot > last_slot ELSE r.address = wanted END
           AND r.network_id || ' ' || host(r.address) <> ALL (taken)
         ORDER BY r.slot <> wanted_slot, r.slot LIMIT 1);
COMMENT ON FUNCTION held_by_owner IS
    'The address that a pod''s interface holds in a pool, by slot or by address; else one that an operator reserved for it.';
