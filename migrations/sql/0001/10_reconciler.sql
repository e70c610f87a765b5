-- What the controller asks: which sandboxes hold addresses, and the release of those whose pod is gone.

CREATE FUNCTION sandboxes_v1(of_cluster text, after_container text, after_interface text, at_most integer,
                             of_namespace text DEFAULT NULL, of_pod text DEFAULT NULL)
RETURNS TABLE (container_id text, interface text, node text, network text, address inet, attached_at timestamptz,
               age interval, pod_uid text, namespace text, pod text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- The sandboxes of a cluster that hold addresses for pods, a page at a time in the order of container and
-- interface; or those of one pod. The attachments of an owner that keeps its address as well: that it is in use must end
-- with its pod.
#variable_conflict use_column
BEGIN
    IF of_pod IS NOT NULL THEN
        RETURN QUERY
            SELECT a.container_id, a.interface, a.node, n.name, a.address::inet, a.attached_at,
                   clock_timestamp() - a.attached_at, coalesce(a.pod_uid, r.owner_uid), r.owner_namespace, r.owner_name
              FROM reservations r
              JOIN attachments a ON r.network_id = a.network_id AND r.address = a.address
              JOIN networks n ON n.id = a.network_id
             WHERE r.owner_namespace = of_namespace AND r.owner_name = of_pod AND a.cluster = of_cluster
               AND r.owner_kind = 'pod'
             ORDER BY a.container_id, a.interface, a.address;
    ELSE
        RETURN QUERY
            SELECT a.container_id, a.interface, a.node, n.name, a.address::inet, a.attached_at,
                   clock_timestamp() - a.attached_at, coalesce(a.pod_uid, r.owner_uid), r.owner_namespace, r.owner_name
              FROM attachments a
              JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
              JOIN networks n ON n.id = a.network_id
             WHERE a.cluster = of_cluster AND r.owner_kind = 'pod'
               AND (a.container_id, a.interface) > (after_container, after_interface)
             -- (all addresses of the last sandbox)
             ORDER BY a.container_id, a.interface FETCH FIRST at_most ROWS WITH TIES;
    END IF;
END $$;
COMMENT ON FUNCTION sandboxes_v1 IS 'A page of the sandboxes of a cluster that hold addresses for pods.';

CREATE FUNCTION reclaim_v1(actor text, of_cluster text, of_container text, of_interface text, of_node text, of_uid text,
                           seen_at timestamptz)
RETURNS TABLE (network_id integer, address inet, released boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- Ends the attachments of one sandbox's interface, as its DEL would have, if they are still the ones that were
-- looked at: an attachment made since, even of the same name, is left alone, and so is one of another node or pod (uid)
-- under the same container id. A sticky owner keeps the address.
#variable_conflict use_column
BEGIN
    PERFORM act_as(actor, '');
    -- The reservation is locked first, as everybody does, so that nothing changes after this look.
    PERFORM FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
      WHERE a.cluster = of_cluster AND a.container_id = of_container AND a.interface = of_interface AND a.node = of_node
        AND (of_uid IS NULL OR coalesce(a.pod_uid, r.owner_uid) = of_uid)
      ORDER BY a.network_id, a.address FOR UPDATE OF r;
    IF EXISTS (SELECT FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
                WHERE a.cluster = of_cluster AND a.container_id = of_container AND a.interface = of_interface AND a.node = of_node
                  AND (of_uid IS NULL OR coalesce(a.pod_uid, r.owner_uid) = of_uid)
                  AND a.attached_at > seen_at) THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT d.network_id, d.address, d.released
          FROM detach_many_v1(ARRAY[of_cluster], ARRAY[of_container], ARRAY[of_interface], ARRAY[of_node], 'RECONCILE',
                            only_uids => ARRAY[of_uid]) AS d;
END $$;
COMMENT ON FUNCTION reclaim_v1 IS 'Releases what a sandbox holds whose pod is gone, unless it changed since it was looked at.';
