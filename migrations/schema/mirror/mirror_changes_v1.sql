CREATE FUNCTION mirror_changes_v1(of_cluster text) RETURNS TABLE (pool_id integer, age interval)
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- Takes a cluster's marks away. A transaction that relies on one of them is among mirror_writers_v1() of a later moment.
    DELETE FROM mirror_changes AS c WHERE c.cluster = of_cluster RETURNING c.pool_id, clock_timestamp() - c.made_at;
END;
COMMENT ON FUNCTION mirror_changes_v1 IS 'Takes the marks of changed pools away from the outbox.';
