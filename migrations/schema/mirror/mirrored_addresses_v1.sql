CREATE FUNCTION mirrored_addresses_v1(of_pool integer, of_cluster text, after_address inet, at_most integer)
RETURNS TABLE (address inet, own boolean, container_id text, namespace text, pod text, interface text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- A page of a pool's addresses in use, in order. own: a pod of this cluster holds it; others are held by a pod of another
-- cluster, or not by a pod.
#variable_conflict use_column
DECLARE
    pool pools;
BEGIN
    SELECT * INTO pool FROM pools p WHERE p.id = of_pool;
    IF FOUND THEN
        RETURN QUERY
            SELECT r.address::inet, r.owner_kind = 'pod' AND r.owner_cluster = of_cluster, r.container_id,
                   r.owner_namespace, r.owner_name, r.owner_interface
              FROM reservations r
             WHERE r.network_id = pool.network_id AND r.address BETWEEN first_address(pool.cidr) AND last_address(pool.cidr)
               -- ("0.0.0.0/0" comes before every address)
               AND r.address > coalesce(after_address, inet '0.0.0.0/0') AND r.pool_id = of_pool
             ORDER BY r.address LIMIT at_most;
    END IF;
END $$;
COMMENT ON FUNCTION mirrored_addresses_v1 IS 'A page of the addresses in use of a pool, for the mirror of a cluster.';
