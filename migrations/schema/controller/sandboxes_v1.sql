CREATE FUNCTION sandboxes_v1(of_cluster text, after_container text, after_interface text, at_most integer,
                             of_namespace text DEFAULT NULL, of_pod text DEFAULT NULL)
RETURNS TABLE (container_id text, interface text, node text, network text, address inet, attached_at timestamptz,
               age interval, pod_uid text, namespace text, pod text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- The sandboxes of a cluster, page by page in the order of container and interface; or those of one pod that holds its
-- addresses by its own name. Includes attachments of sticky and lasting owners, because an attachment must end with its pod.
#variable_conflict use_column
BEGIN
    IF of_pod IS NOT NULL THEN
        RETURN QUERY
            SELECT a.container_id, a.interface, a.node, n.name, a.address::inet, a.attached_at,
                   clock_timestamp() - a.attached_at, coalesce(a.pod_uid, r.owner_uid), r.owner_namespace, of_pod
              FROM reservations r
              JOIN attachments a ON r.network_id = a.network_id AND r.address = a.address
              JOIN networks n ON n.id = a.network_id
             WHERE r.owner_namespace = of_namespace AND r.owner_name = of_pod AND a.cluster = of_cluster
               AND r.owner_kind IN ('pod', 'workload')
             ORDER BY a.container_id, a.interface, a.address;
    ELSE
        RETURN QUERY
            SELECT a.container_id, a.interface, a.node, n.name, a.address::inet, a.attached_at,
                   clock_timestamp() - a.attached_at, coalesce(a.pod_uid, r.owner_uid), r.owner_namespace,
                   coalesce(nullif(a.pod_name, ''), r.owner_name)
              FROM attachments a
              JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
              JOIN networks n ON n.id = a.network_id
             WHERE a.cluster = of_cluster AND r.owner_kind <> 'static'
               AND (a.container_id, a.interface) > (after_container, after_interface)
             -- (all addresses of the last sandbox)
             ORDER BY a.container_id, a.interface FETCH FIRST at_most ROWS WITH TIES;
    END IF;
END $$;
COMMENT ON FUNCTION sandboxes_v1 IS 'A page of the sandboxes of a cluster that use addresses.';
