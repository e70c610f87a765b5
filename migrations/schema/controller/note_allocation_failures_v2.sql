CREATE FUNCTION note_allocation_failures_v2(
    clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[],
    uids text[], messages text[], counts bigint[], reasons text[], event_messages text[], holders text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '1s'
AS $$
BEGIN
    -- In a fixed order, so that two servers do not deadlock.
    INSERT INTO allocation_failures AS r
           (cluster, namespace, pod, interface, node, pod_uid, message, times, reason, event_message, held_by)
    SELECT n.* FROM unnest(clusters, namespaces, pods, interfaces, nodes, uids, messages, counts, reasons, event_messages, holders)
                 AS n (cluster, namespace, pod, interface, node, pod_uid, message, times, reason, event_message, held_by)
     ORDER BY n.cluster, n.namespace, n.pod, n.interface, n.reason
    ON CONFLICT (cluster, namespace, pod, interface, reason) DO UPDATE
       SET node = excluded.node, pod_uid = excluded.pod_uid, message = excluded.message,
           event_message = excluded.event_message, held_by = excluded.held_by,
           times = r.times + excluded.times, last_at = clock_timestamp();
    -- A cluster may have no controller that takes them.
    DELETE FROM allocation_failures WHERE last_at < clock_timestamp() - interval '1 hour';
END $$;
COMMENT ON FUNCTION note_allocation_failures_v2 IS 'Stores refused ADDs for the controller; deletes those older than an hour.';
