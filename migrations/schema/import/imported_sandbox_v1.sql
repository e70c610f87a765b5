CREATE FUNCTION imported_sandbox_v1(
    of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean,
    of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[])
RETURNS TABLE (network_id integer, address inet, container_id text, interface text, node text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
SET enable_seqscan = off
AS $$
-- The only imported attachments that a call can mean: those of its container without an interface or a node (whereabouts
-- before v0.8, an export without pods), or those of its pod without a container (an import of running pods).
--
-- Without an interface: in the pools of the call's configuration, or, if that cannot be read (cidrs NULL), the only one.
-- only_node is the node of a caller that acts only for its own node: attachments of another node never match, and those
-- of an unknown node only if it was verified that the pod runs there.
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT a.network_id, a.address::inet, a.container_id, a.interface, a.node
          FROM attachments a
          JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
         WHERE a.cluster = of_cluster AND a.container_id = of_container
           AND (a.interface = '' OR a.interface = of_interface AND a.node = '')
           AND (only_node IS NULL OR a.node = only_node OR a.node = '' AND is_verified)
           AND (a.interface <> ''
                OR EXISTS (SELECT FROM unnest(networks, cidrs) AS range (network, cidr) JOIN pools p
                              ON p.network_name = range.network AND p.cidr = range.cidr
                            WHERE p.id = r.pool_id)
                OR cidrs IS NULL AND NOT EXISTS (
                   SELECT FROM attachments other
                    WHERE other.cluster = of_cluster AND other.container_id = of_container AND other.interface = ''
                      AND (other.network_id, other.address) <> (a.network_id, a.address)))
        UNION ALL
        SELECT a.network_id, a.address::inet, a.container_id, a.interface, a.node
          FROM reservations r
          JOIN attachments a ON a.network_id = r.network_id AND a.address = r.address
         WHERE r.owner_namespace = of_namespace AND r.owner_name = of_pod AND r.owner_cluster = of_cluster
           AND r.owner_kind = 'pod' AND a.cluster = of_cluster AND a.container_id = '' AND a.interface = of_interface
           AND (a.pod_uid IS NULL OR of_uid IS NULL OR a.pod_uid = of_uid)
           AND a.node IN ('', of_node)
           AND (only_node IS NULL OR a.node = only_node OR a.node = '' AND is_verified)
         ORDER BY 1, 2;
END $$;
COMMENT ON FUNCTION imported_sandbox_v1 IS 'The only imported attachments that a DEL or CHECK can mean. Changes nothing.';
