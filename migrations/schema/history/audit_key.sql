CREATE FUNCTION audit_key(object_type text, of_row jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT jsonb_object_agg(k.name, of_row->k.name)
          FROM unnest(CASE object_type
                      WHEN 'reservation' THEN ARRAY['network_id', 'address']
                      WHEN 'free_range' THEN ARRAY['network_id', 'quarantined', 'last']
                      WHEN 'attachment' THEN ARRAY['cluster', 'container_id', 'interface', 'network_id', 'address']
                      WHEN 'node_slice' THEN ARRAY['pool_id', 'cluster', 'node']
                      WHEN 'assignment_hold_pool' THEN ARRAY['pool_id']
                      WHEN 'alias' THEN ARRAY['name']
                      WHEN 'plain_pool' THEN ARRAY['network_name', 'cidr']
                      ELSE ARRAY['id'] END) AS k (name)
         WHERE of_row ? k.name);
COMMENT ON FUNCTION audit_key(text, jsonb) IS 'The primary key of a row, for the audit log; NULL if it is no row of a table.';
