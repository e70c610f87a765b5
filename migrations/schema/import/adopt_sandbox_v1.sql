CREATE FUNCTION adopt_sandbox_v1(
    of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean,
    of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[])
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Gives imported attachments the container, the interface and the node of a DEL that can only mean them
-- (imported_sandbox_v1), and returns their number. -1: none, but there would be some if it were verified that the pod
-- runs on the caller's node.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'ADOPT', true);
    one   record;
    count integer := 0;
BEGIN
    FOR one IN
        SELECT i.* FROM imported_sandbox_v1(of_cluster, of_container, of_interface, of_node, only_node, is_verified,
                                            of_namespace, of_pod, of_uid, networks, cidrs) AS i
          JOIN reservations r ON r.network_id = i.network_id AND r.address = i.address
         ORDER BY i.network_id, i.address FOR UPDATE OF r
    LOOP
        UPDATE attachments a SET container_id = of_container, interface = of_interface, node = coalesce(nullif(a.node, ''), of_node)
         WHERE a.cluster = of_cluster AND a.network_id = one.network_id AND a.address = one.address
           AND (a.container_id, a.interface, a.node) = (one.container_id, one.interface, one.node)
           AND NOT EXISTS (SELECT FROM attachments other
                            WHERE (other.cluster, other.container_id, other.interface, other.network_id, other.address)
                                = (a.cluster, of_container, of_interface, a.network_id, a.address)
                              AND (a.interface, a.container_id) <> (of_interface, of_container));
        IF FOUND THEN
            count := count + 1;
        END IF;
    END LOOP;
    IF count = 0 AND NOT is_verified AND only_node IS NOT NULL AND EXISTS (
           SELECT FROM imported_sandbox_v1(of_cluster, of_container, of_interface, of_node, only_node, true,
                                           of_namespace, of_pod, of_uid, networks, cidrs)) THEN
        RETURN -1;
    END IF;
    RETURN count;
END $$;
COMMENT ON FUNCTION adopt_sandbox_v1 IS
    'DEL for addresses imported without container, interface or node: completes the attachments that the call means.';
