CREATE FUNCTION mirrored_addresses_v1(of_pool integer, of_cluster text, after_address inet, at_most integer)
RETURNS TABLE (address inet, own boolean, container_id text, namespace text, pod text, interface text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- A page of a pool's addresses in use, in order. own: a pod of this cluster holds it, or uses it for an owner that outlives
-- it; others are held by a pod of another cluster, or not by a pod.
#variable_conflict use_column
DECLARE
    pool pools;
BEGIN
    SELECT * INTO pool FROM pools p WHERE p.id = of_pool;
    IF FOUND THEN
        RETURN QUERY
            SELECT r.address::inet, (r.owner_kind = 'pod' OR latest.pod_name IS NOT NULL) AND r.owner_cluster = of_cluster,
                   r.container_id, r.owner_namespace, coalesce(nullif(latest.pod_name, ''), r.owner_name),
                   coalesce(latest.interface, r.owner_interface)
              FROM reservations r
              LEFT JOIN LATERAL (SELECT a.pod_name, a.interface FROM attachments a
                                  WHERE r.owner_kind NOT IN ('pod', 'static')
                                    AND a.network_id = r.network_id AND a.address = r.address
                                  ORDER BY a.attached_at DESC LIMIT 1) AS latest ON true
             WHERE r.network_id = pool.network_id AND r.address BETWEEN first_address(pool.cidr) AND last_address(pool.cidr)
               -- ("0.0.0.0/0" comes before every address)
               AND r.address > coalesce(after_address, inet '0.0.0.0/0') AND r.pool_id = of_pool
             ORDER BY r.address LIMIT at_most;
    END IF;
END $$;
COMMENT ON FUNCTION mirrored_addresses_v1 IS 'A page of the addresses in use of a pool, for the mirror of a cluster.';
