CREATE FUNCTION idle_owners_v1(of_cluster text, after_kind owner_kind, after_namespace text, after_name text, at_most integer)
RETURNS TABLE (kind owner_kind, namespace text, name text, object_kind text, object_name text, object_uid text,
               is_idle boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- Owners of a cluster whose addresses a Kubernetes object keeps, page by page. is_idle: no sandbox uses at least one of its
-- addresses, or it has none any longer. The caller continues after the last row.
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT o.owner_kind, o.namespace, o.name, o.object_kind, o.object_name, o.object_uid,
               NOT EXISTS (SELECT FROM reservations r
                            WHERE r.owner_namespace = o.namespace AND r.owner_name = o.name AND r.owner_kind = o.owner_kind
                              AND r.owner_cluster = o.cluster)
               OR EXISTS (SELECT FROM reservations r
                           WHERE r.owner_namespace = o.namespace AND r.owner_name = o.name AND r.owner_kind = o.owner_kind
                             AND r.owner_cluster = o.cluster
                             AND NOT EXISTS (SELECT FROM attachments a
                                              WHERE a.network_id = r.network_id AND a.address = r.address))
          FROM owner_objects o
         WHERE o.cluster = of_cluster
           AND (after_kind IS NULL OR (o.owner_kind, o.namespace, o.name) > (after_kind, after_namespace, after_name))
         ORDER BY o.owner_kind, o.namespace, o.name LIMIT at_most;
END $$;
COMMENT ON FUNCTION idle_owners_v1 IS 'A page of the owners whose addresses a Kubernetes object keeps, for the controller.';
