CREATE FUNCTION mirror_again_v1(of_cluster text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Asks the mirror of a cluster to read all pools.
BEGIN
    INSERT INTO mirror_changes (cluster, pool_id) SELECT m.cluster, 0 FROM mirrors m WHERE m.cluster = of_cluster;
    NOTIFY rowhouse_mirror;
END $$;
COMMENT ON FUNCTION mirror_again_v1 IS 'Asks the mirror of a cluster to read all pools.';
