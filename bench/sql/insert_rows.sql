-- The floor: a durable insert-only transaction of what an allocation must leave behind, a reservation, an
-- attachment and a tenure with their keys and constraints, in one statement, without choosing an address.
\set u random(1, 1000000000000000000)
WITH made AS (
    INSERT INTO floor_reservations (network_id, address, pool_id, owner_namespace, owner_name, owner_interface, owner_uid, node, container_id)
    VALUES (1, '10.0.0.0'::inet + nextval('floor_numbers'), 1, 'default', 'pod-' || :client_id || '-' || :u, 'net1', 'uid', 'node1', 'c-' || :client_id || '-' || :u)
    RETURNING *),
used AS (
    INSERT INTO floor_attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
    SELECT '', container_id, 'net1', network_id, address, node, 'mynet', 'uid' FROM made)
INSERT INTO floor_tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                           owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
SELECT tenure_id, network_id, address, pool_id, tstzrange(clock_timestamp(), NULL), owner_kind, owner_cluster, owner_namespace,
       owner_name, owner_interface, owner_uid, node, container_id, 'bench', 'ADD' FROM made;
