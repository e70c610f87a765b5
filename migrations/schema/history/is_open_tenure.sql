CREATE FUNCTION is_open_tenure(t tenures, r reservations) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN upper_inf(t.during)
       AND (t.network_id, t.address, t.pool_id, t.owner_kind, t.owner_cluster, t.owner_namespace, t.owner_name,
            t.owner_interface, t.owner_uid, t.node, t.container_id)
       IS NOT DISTINCT FROM
           (r.network_id, r.address, r.pool_id, r.owner_kind, r.owner_cluster, r.owner_namespace, r.owner_name,
            r.owner_interface, r.owner_uid, r.node, r.container_id);
COMMENT ON FUNCTION is_open_tenure(tenures, reservations) IS 'Whether a tenure is the open one of a reservation.';
