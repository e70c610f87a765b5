-- 100,000 single-address holes among 200,000 addresses of 10.0.0.0/8.
SET search_path = rowhouse;
SELECT ensure_pool('', '10.0.0.0/8', false);
SET session_replication_role = replica;
INSERT INTO rowhouse.tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                              owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
SELECT i, p.network_id, '10.0.0.0'::inet + 2 * i, p.id, tstzrange(now(), NULL), 'pod', '', 'load', 'load-' || i, 'net1', 'uid', 'node' || i % 1000, 'load-' || i, 'bench', 'ADD'
  FROM rowhouse.pools p, generate_series(1, 100000) AS i;
INSERT INTO rowhouse.reservations (network_id, address, pool_id, owner_namespace, owner_name, owner_interface, owner_uid, node, container_id, tenure_id)
SELECT network_id, address, pool_id, owner_namespace, owner_name, owner_interface, owner_uid, node, container_id, id FROM rowhouse.tenures;
SELECT setval('rowhouse.tenures_id_seq', 100001);
DELETE FROM rowhouse.free_ranges;
INSERT INTO rowhouse.free_ranges (network_id, first, last, free_from)
SELECT p.network_id, '10.0.0.0'::inet + 2 * i + 1, '10.0.0.0'::inet + 2 * i + 1, now() FROM rowhouse.pools p, generate_series(0, 99999) AS i
UNION ALL SELECT network_id, '10.0.0.0'::inet + 200001, '10.255.255.255'::inet, now() FROM rowhouse.pools;
SET session_replication_role = origin;
VACUUM ANALYZE;
CHECKPOINT;
