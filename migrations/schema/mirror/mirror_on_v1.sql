CREATE FUNCTION mirror_on_v1(of_cluster text, in_namespace text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '250ms' -- who comes after us waits as long
AS $$
-- A cluster's changes are noted from now on. Everything must be looked at afterwards.
BEGIN
    INSERT INTO mirrors AS m (cluster, namespace) VALUES (of_cluster, in_namespace)
        ON CONFLICT (cluster) DO UPDATE SET namespace = excluded.namespace WHERE m.namespace <> excluded.namespace;
    PERFORM switch_mirror_triggers();
END $$;
COMMENT ON FUNCTION mirror_on_v1 IS 'Notes changes for the mirror of a cluster from now on.';
