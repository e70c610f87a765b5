CREATE FUNCTION history_by_hand() RETURNS trigger
LANGUAGE plpgsql AS $$
-- Only our functions and triggers write history: they set the use case, or are triggers themselves. A manual statement
-- is recorded in the audit log. No WHEN clause: PostgreSQL would parse it for every statement, which every call
-- would pay for; no rows one by one; and neither SECURITY DEFINER nor a search path of its own, for the same reason: only
-- the tables' owner can write to them, and may write to the audit log as well.
BEGIN
    IF pg_trigger_depth() > 1 OR current_setting('rowhouse.command', true) <> '' THEN
        NULL;
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM rowhouse.record_changes('tenure.create', NULL, pg_catalog.array_agg(b.after ORDER BY b.number))
           FROM (SELECT pg_catalog.to_jsonb(n) AS after, n.network_id, n.owner_cluster,
                        pg_catalog.row_number() OVER (PARTITION BY n.network_id, n.owner_cluster ORDER BY n.address, n.id) - 1 AS number
                   FROM new_rows n) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM rowhouse.record_changes('tenure.delete', pg_catalog.array_agg(b.before ORDER BY b.number), NULL)
           FROM (SELECT pg_catalog.to_jsonb(o) AS before, o.network_id, o.owner_cluster,
                        pg_catalog.row_number() OVER (PARTITION BY o.network_id, o.owner_cluster ORDER BY o.address, o.id) - 1 AS number
                   FROM old_rows o) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    ELSE
        -- (A row whose id was changed as well is a line for what it was and one for what it is.)
        PERFORM rowhouse.record_changes('tenure.update', pg_catalog.array_agg(b.before ORDER BY b.number),
                                        pg_catalog.array_agg(b.after ORDER BY b.number))
           FROM (SELECT pg_catalog.to_jsonb(o) AS before, pg_catalog.to_jsonb(n) AS after,
                        coalesce(n.network_id, o.network_id) AS network_id, coalesce(n.owner_cluster, o.owner_cluster) AS owner_cluster,
                        pg_catalog.row_number() OVER (PARTITION BY coalesce(n.network_id, o.network_id), coalesce(n.owner_cluster, o.owner_cluster)
                                                      ORDER BY coalesce(o.address, n.address), coalesce(o.id, n.id)) - 1 AS number
                   FROM old_rows o FULL JOIN new_rows n ON n.id = o.id) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION history_by_hand() IS 'Trigger: records a manual change of the history in the audit log.';

CREATE TRIGGER tenures_inserted AFTER INSERT ON tenures REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION history_by_hand();
CREATE TRIGGER tenures_updated AFTER UPDATE ON tenures REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION history_by_hand();
CREATE TRIGGER tenures_deleted AFTER DELETE ON tenures REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION history_by_hand();
