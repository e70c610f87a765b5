-- 1,000,000 reservations in 10.0.0.0/8, as if so many pods lived. Triggers are left out while filling:
-- what they would have done is done by hand, in bulk.
SET search_path = rowhouse;
SELECT ensure_pool('', '10.0.0.0/8', false);
SET session_replication_role = replica;
INSERT INTO rowhouse.tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                              owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
SELECT i, p.network_id, '10.0.0.0'::inet + i, p.id, tstzrange(now(), NULL), 'pod', '', 'load', 'load-' || i, 'net1', 'uid', 'node' || i % 1000, 'load-' || i, 'bench', 'ADD'
  FROM rowhouse.pools p, generate_series(1, 1000000) AS i;
INSERT INTO rowhouse.reservations (network_id, address, pool_id, owner_namespace, owner_name, owner_interface, owner_uid, node, container_id, tenure_id)
SELECT network_id, address, pool_id, owner_namespace, owner_name, owner_interface, owner_uid, node, container_id, id FROM rowhouse.tenures;
INSERT INTO rowhouse.attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
SELECT '', container_id, 'net1', network_id, address, node, 'mynet', 'uid' FROM rowhouse.reservations;
SELECT setval('rowhouse.tenures_id_seq', 1000001);
DELETE FROM rowhouse.free_ranges;
INSERT INTO rowhouse.free_ranges (network_id, first, last, free_from)
SELECT network_id, '10.0.0.0'::inet, '10.0.0.0'::inet, now() FROM rowhouse.pools
UNION ALL SELECT network_id, '10.0.0.0'::inet + 1000001, '10.255.255.255'::inet, now() FROM rowhouse.pools;
SET session_replication_role = origin;
VACUUM ANALYZE;
CHECKPOINT;
