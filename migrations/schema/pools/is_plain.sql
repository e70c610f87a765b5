CREATE FUNCTION is_plain(pool pools) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp
RETURN NOT pool.drained AND pool.window_first IS NULL AND pool.window_last IS NULL AND pool.reuse_delay = '0'
   AND NOT EXISTS (SELECT FROM rowhouse.quotas q WHERE q.pool_id IS NULL OR q.pool_id = pool.id)
   AND NOT EXISTS (SELECT FROM rowhouse.assignment_hold
                    WHERE NOT EXISTS (SELECT FROM rowhouse.assignment_hold_pools h WHERE h.pool_id = pool.id))
   -- (The network as an expression: the CIDR's index is the one to probe.)
   AND NOT EXISTS (SELECT FROM rowhouse.pools o WHERE o.network_id + 0 = pool.network_id AND o.cidr && pool.cidr AND o.id <> pool.id)
   AND NOT EXISTS (SELECT FROM rowhouse.reservations r WHERE r.pool_id = pool.id AND r.slot > 0);
COMMENT ON FUNCTION is_plain(pools) IS 'Whether an ADD may take the lowest free address of a pool without further checks.';
