CREATE FUNCTION mirrored_pools_v1()
RETURNS TABLE (pool_id integer, network text, cidr cidr, isolated boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    SELECT p.id, p.network_name, p.cidr, n.isolated IS NOT NULL
      FROM pools p JOIN networks n ON n.id = p.network_id ORDER BY p.id;
END;
COMMENT ON FUNCTION mirrored_pools_v1 IS 'All pools; isolated: its addresses are unique only within the pool.';
