CREATE FUNCTION mirror_on_v1(of_cluster text, in_namespace text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '250ms' -- later transactions wait for us this long
AS $$
-- Starts recording a cluster's changes. The mirror must then read all pools.
BEGIN
    INSERT INTO mirrors AS m (cluster, namespace) VALUES (of_cluster, in_namespace)
        ON CONFLICT (cluster) DO UPDATE SET namespace = excluded.namespace WHERE m.namespace <> excluded.namespace;
    PERFORM switch_mirror_triggers();
END $$;
COMMENT ON FUNCTION mirror_on_v1 IS 'Starts recording changes for the mirror of a cluster.';
