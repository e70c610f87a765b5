CREATE FUNCTION reclaim_v1(actor text, of_cluster text, of_container text, of_interface text, of_node text, of_uid text,
                           seen_at timestamptz)
RETURNS TABLE (network_id integer, address inet, released boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- Ends the attachments of one sandbox's interface, as its DEL would, if they have not changed since they were read.
-- An attachment made since stays, even of the same name, and so does one of another node or pod (uid) with the same
-- container id. A sticky owner keeps the address.
#variable_conflict use_column
DECLARE
    pod   record;
    freed text[] := '{}';
BEGIN
    PERFORM act_as(actor, '');
    -- The reservation is locked first, as in all functions, so that nothing changes after this check.
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
    SELECT r.owner_namespace AS namespace, coalesce(nullif(a.pod_name, ''), r.owner_name) AS name INTO pod
      FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
     WHERE a.cluster = of_cluster AND a.container_id = of_container AND a.interface = of_interface LIMIT 1;
    FOR network_id, address, released IN
        SELECT d.network_id, d.address, d.released
          FROM detach_many_v1(ARRAY[of_cluster], ARRAY[of_container], ARRAY[of_interface], ARRAY[of_node], 'RECONCILE',
                            only_uids => ARRAY[of_uid]) AS d
    LOOP
        RETURN NEXT;
        freed := freed || CASE WHEN released THEN ARRAY[host(address)] ELSE '{}' END;
    END LOOP;
    IF freed <> '{}' THEN
        PERFORM note_event('Reclaimed', of_cluster, pod.namespace, pod.name, of_interface, of_node,
                           'the controller released ' || array_to_string(freed, ', ') || ': its pod is gone, and no DEL came', '', 1);
    END IF;
END $$;
COMMENT ON FUNCTION reclaim_v1 IS 'Releases the addresses of a sandbox whose pod is gone, unless they changed since they were read.';
