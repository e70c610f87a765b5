CREATE FUNCTION mirrored_slices_v1(of_cluster text)
RETURNS TABLE (pool_id integer, node text, slice cidr)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    SELECT s.pool_id, s.node, s.slice FROM node_slices s WHERE s.cluster = of_cluster ORDER BY s.pool_id, s.slice;
END;
COMMENT ON FUNCTION mirrored_slices_v1 IS 'The slices of a cluster''s nodes.';
