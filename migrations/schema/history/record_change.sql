CREATE FUNCTION record_change(action text, object text, before jsonb, after jsonb, changes jsonb DEFAULT NULL) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO audit_log (actor, action, object, object_key, network, cluster, before, after, row_count, changes, request_id)
    SELECT current_actor(), action, object,
           CASE WHEN changes IS NULL THEN audit_key(split_part(action, '.', 1), changed.row) END,
           CASE split_part(action, '.', 1)
           WHEN 'network' THEN changed.row->>'name'
           ELSE coalesce(changed.row->>'network_name',
                         (SELECT n.name FROM networks n WHERE n.id = (changed.row->>'network_id')::integer),
                         (SELECT p.network_name FROM pools p WHERE p.id = (changed.row->>'pool_id')::integer)) END,
           coalesce(changed.row->>'owner_cluster', changed.row->>'cluster'),
           before, after, coalesce(jsonb_array_length(changes), 1), changes,
           nullif(current_setting('rowhouse.request_id', true), '')
      FROM (SELECT coalesce(after, before) AS row) AS changed;
END;
COMMENT ON FUNCTION record_change(text, text, jsonb, jsonb, jsonb) IS
    'Writes one entry of the audit log; changes: all rows, if several share the entry.';
