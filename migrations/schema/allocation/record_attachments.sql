CREATE FUNCTION record_attachments(
    of_network integer, held inet, of_cluster text DEFAULT NULL, of_container text DEFAULT NULL, of_interface text DEFAULT NULL,
    of_node text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql AS $$
-- Called before attachments end: all of an address, or those of one sandbox. The tenure of a pod has its one sandbox already.
-- The caller has locked the reservation.
BEGIN
    INSERT INTO past_attachments (tenure_id, during, cluster, container_id, interface, node, pod_name, pod_uid, mac, end_reason)
    SELECT r.tenure_id, tstzrange(least(a.attached_at, clock_timestamp()), clock_timestamp(), '[]'), a.cluster, a.container_id,
           a.interface, a.node, a.pod_name, a.pod_uid, a.mac, current_reason()
      FROM reservations r JOIN attachments a ON a.network_id = r.network_id AND a.address = r.address
     WHERE r.network_id = of_network AND r.address = held AND r.owner_kind NOT IN ('pod', 'static')
       AND a.cluster = coalesce(of_cluster, a.cluster) AND a.container_id = coalesce(of_container, a.container_id)
       AND a.interface = coalesce(of_interface, a.interface) AND a.node = coalesce(of_node, a.node);
END $$;
COMMENT ON FUNCTION record_attachments IS 'Records attachments of an owner that outlives its sandboxes in the history, before they end.';
