CREATE FUNCTION mirror_changes_v1(of_cluster text) RETURNS TABLE (pool_id integer, age interval)
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- Removes a cluster's marks. A transaction that relies on one of them is in a later result of mirror_writers_v1().
    DELETE FROM mirror_changes AS c WHERE c.cluster = of_cluster RETURNING c.pool_id, clock_timestamp() - c.made_at;
END;
COMMENT ON FUNCTION mirror_changes_v1 IS 'Takes the marks of changed pools out of the outbox.';
