CREATE FUNCTION report_node_v1(of_cluster text, of_node text, plugin_version text, agent_version text, kept_dels bigint,
                               kept_bytes bigint, started_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '1s'
AS $$
-- The commit does not wait for the disk or for a standby: a lost report is replaced a minute later.
#variable_conflict use_variable
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO nodes AS n (cluster, node, plugin_version, agent_version, kept_dels, kept_bytes, started_at)
    VALUES (of_cluster, of_node, plugin_version, agent_version, kept_dels, kept_bytes, started_at)
    ON CONFLICT ON CONSTRAINT nodes_pkey DO UPDATE
       SET plugin_version = excluded.plugin_version, agent_version = excluded.agent_version,
           kept_dels = excluded.kept_dels, kept_bytes = excluded.kept_bytes, started_at = excluded.started_at,
           last_seen = clock_timestamp();
END $$;
COMMENT ON FUNCTION report_node_v1 IS 'Stores the report of a node''s agent in place of its last one.';
