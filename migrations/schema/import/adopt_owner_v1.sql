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
-- Before an ADD: in each pool, assigns the lowest address that the pod holds without an interface to this interface,
-- unless it already has one there. Returns their number. known has the addresses of this interface from the pod's status;
-- if it is NULL, the interface gets the only address, or the lowest. A caller that acts only for its own node (only_node)
-- gets no address of a sandbox on another node, and none on an unknown node unless it was verified that the pod runs on
-- the caller's node. -1: there is an address, and the caller, which can ask the cluster (can_ask), must do so first.
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
COMMENT ON FUNCTION adopt_owner_v1 IS 'ADD of a pod that was imported without interfaces: assigns its address to the interface that asks.';
