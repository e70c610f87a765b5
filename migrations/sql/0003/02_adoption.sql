-- Calls for what was imported without all that a DEL goes by: whereabouts before v0.8 knew no interfaces, and
-- an export without pods knows no nodes.

CREATE FUNCTION imported_sandbox_v1(
    of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean,
    of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[])
RETURNS TABLE (network_id integer, address inet, container_id text, interface text, node text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
SET enable_seqscan = off
AS $$
-- The imported attachments that a call can only mean: those of its container without an interface or a node (whereabouts
-- before v0.8, an export without pods), or those of its pod without a container (an import of running pods).
--
-- Without an interface: of the pools of the call's configuration; where that cannot be read (cidrs NULL), the only one
-- there is. only_node is the node of a caller that acts for its own node alone: what another node has is never meant, and
-- what no node is known of only if it was verified that the pod runs there.
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
COMMENT ON FUNCTION imported_sandbox_v1 IS 'The imported attachments that a DEL or CHECK can only mean. Changes nothing.';

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
-- (imported_sandbox_v1), and tells how many. -1: none, but it would be some if it were verified that the pod runs on the
-- caller's node.
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
    'DEL of what was imported without container, interface or node: completes the attachments that the call means.';

CREATE FUNCTION adopt_owner_v1(
    of_cluster text, of_namespace text, of_pod text, of_interface text, networks text[], cidrs cidr[],
    only_node text DEFAULT NULL, is_verified boolean DEFAULT false, known inet[] DEFAULT NULL, can_ask boolean DEFAULT false)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Before an ADD: the lowest address that a pod holds in each pool without an interface becomes that of this
-- interface, unless this has one there already. Tells how many. known, the addresses of this interface as the pod's status
-- has them, leaves no doubt; where it is NULL, an interface gets the one that there is, or the lowest. A caller that acts
-- for its own node alone (only_node) gets nothing of a sandbox of another node, and nothing of one whose node is unknown
-- unless it was verified that the pod runs there. -1: there is something, and the caller, who can ask the cluster
-- (can_ask), shall do so first.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'ADD', true);
    one     record;
    count   integer := 0;
BEGIN
    FOR one IN
        SELECT DISTINCT ON (p.id) p.id AS pool_id, r.network_id, r.address
          FROM unnest(networks, cidrs) AS range (network, cidr)
          JOIN pools p ON p.network_name = range.network AND p.cidr = range.cidr
          JOIN reservations r
            ON r.owner_namespace = of_namespace AND r.owner_name = of_pod AND r.pool_id = p.id
           AND r.owner_interface = '' AND r.owner_cluster = of_cluster
         WHERE r.owner_kind = 'pod' AND (known IS NULL OR r.address = ANY (known))
           AND (only_node IS NULL OR is_verified OR can_ask
                OR NOT EXISTS (SELECT FROM attachments a
                                WHERE a.network_id = r.network_id AND a.address = r.address AND a.node <> only_node))
           AND NOT EXISTS (SELECT FROM reservations named
                            WHERE named.owner_namespace = of_namespace AND named.owner_name = of_pod AND named.pool_id = p.id
                              AND named.owner_interface = of_interface AND named.owner_cluster = of_cluster AND named.slot = 0)
         ORDER BY p.id, r.slot
    LOOP
        IF can_ask THEN
            RETURN -1;
        END IF;
        UPDATE reservations r SET owner_interface = of_interface, slot = 0
         WHERE r.network_id = one.network_id AND r.address = one.address AND r.owner_interface = '' AND r.pool_id = one.pool_id
           AND r.owner_namespace = of_namespace AND r.owner_name = of_pod AND r.owner_cluster = of_cluster;
        IF FOUND THEN
            UPDATE attachments a SET interface = of_interface
             WHERE a.network_id = one.network_id AND a.address = one.address AND a.interface = '';
            count := count + 1;
        END IF;
    END LOOP;
    RETURN count;
END $$;
COMMENT ON FUNCTION adopt_owner_v1 IS 'ADD of a pod that was imported without its interfaces: its address becomes that of the interface that asks.';

CREATE FUNCTION has_unnamed_v1() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Whether any imported address still has no interface; forgets those that are settled once all are.
BEGIN
    IF EXISTS (SELECT FROM imported_unnamed u
                WHERE EXISTS (SELECT FROM reservations r WHERE r.network_id = u.network_id AND r.address = u.address
                                 AND r.owner_interface = '' AND r.owner_kind = 'pod')) THEN
        RETURN true;
    END IF;
    DELETE FROM imported_unnamed u
     WHERE NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = u.network_id AND r.address = u.address
                          AND r.owner_interface = '' AND r.owner_kind = 'pod');
    RETURN false;
END $$;
COMMENT ON FUNCTION has_unnamed_v1() IS 'Whether any imported address still has no interface.';
