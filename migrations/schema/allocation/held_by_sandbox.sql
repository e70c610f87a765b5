CREATE FUNCTION held_by_sandbox(
    wanted_pool integer, cluster text, namespace text, name text, container_id text, interface text, only_node text,
    wanted inet, wanted_slot integer, taken text[])
RETURNS inet
LANGUAGE sql STABLE
RETURN (SELECT r.address FROM rowhouse.attachments a
          JOIN rowhouse.reservations r ON r.network_id = a.network_id AND r.address = a.address
         WHERE a.cluster = held_by_sandbox.cluster AND a.container_id = held_by_sandbox.container_id
           AND a.interface = held_by_sandbox.interface AND a.node = coalesce(only_node, a.node)
           AND r.owner_namespace = namespace AND r.owner_name = name AND r.owner_cluster = held_by_sandbox.cluster
           AND r.owner_interface = held_by_sandbox.interface
           AND r.pool_id = wanted_pool AND r.owner_kind = 'pod' AND r.address = coalesce(wanted, r.address)
           AND r.network_id || ' ' || host(r.address) <> ALL (taken)
         ORDER BY r.slot <> wanted_slot, r.slot LIMIT 1);
COMMENT ON FUNCTION held_by_sandbox IS 'The address of a pool that a sandbox already uses, except those that its call got for other ranges.';
