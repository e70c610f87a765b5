CREATE VIEW audit_changes AS
SELECT l.id, l.at, l.actor, l.database_user, l.action, l.object_type,
       CASE WHEN l.changes IS NULL THEN l.object ELSE coalesce(c.before, c.after)->>'address' END AS object,
       CASE WHEN l.changes IS NULL THEN l.object_key ELSE audit_key(l.object_type, coalesce(c.after, c.before)) END AS object_key,
       l.network, l.cluster, c.before, c.after, l.request_id
  FROM audit_log l
 CROSS JOIN LATERAL (
       SELECT l.before, l.after WHERE l.changes IS NULL
       UNION ALL
       SELECT nullif(one->0, 'null'), nullif(one->1, 'null') FROM jsonb_array_elements(l.changes) AS one) AS c;
COMMENT ON VIEW audit_changes IS 'The audit log, a row for each changed row, also where several rows share a line.';
COMMENT ON COLUMN audit_changes.id IS 'Number of the line: audit_log.id.';
COMMENT ON COLUMN audit_changes.at IS 'When the entry was written, by the clock of the database.';
COMMENT ON COLUMN audit_changes.actor IS 'The caller that the server authenticated, or the database user of a manual change.';
COMMENT ON COLUMN audit_changes.database_user IS 'The database user that was logged in.';
COMMENT ON COLUMN audit_changes.action IS 'What was done: the type of the object, a period, and the verb.';
COMMENT ON COLUMN audit_changes.object_type IS 'Type of the object, such as pool.';
COMMENT ON COLUMN audit_changes.object IS 'What it was done to, as people call it.';
COMMENT ON COLUMN audit_changes.object_key IS 'Primary key of the row; NULL: the line is about no row.';
COMMENT ON COLUMN audit_changes.network IS
    'Name of the network; '''' is the default network. NULL: the object is in no network.';
COMMENT ON COLUMN audit_changes.cluster IS
    'Cluster of the object; '''' is a cluster without a name. NULL: the object is in no cluster.';
COMMENT ON COLUMN audit_changes.before IS 'The row as it was; NULL: there was none.';
COMMENT ON COLUMN audit_changes.after IS 'The row as it became; NULL: it is gone.';
COMMENT ON COLUMN audit_changes.request_id IS 'X-Request-Id of the call of the API; NULL: none.';
