-- A week in a small cluster, with fixed times: what the questions of docs/dba.md are asked of.
-- Run as the owner on a fresh schema. Triggers are off, so everything is spelled out.
SET search_path = rowhouse;
SET session_replication_role = replica;

INSERT INTO networks (name, created_at) VALUES ('', '2026-03-02 08:00+00'), ('storage', '2026-03-02 08:00+00');
INSERT INTO pools (network_id, network_name, cidr, name, gateway, window_first, window_last, reuse_delay, labels, created_at)
VALUES (1, '', '10.11.88.96/28', NULL, NULL, NULL, NULL, '0', '{}', '2026-03-02 08:00+00'),
       (2, 'storage', '192.168.40.0/29', 'storage-a', '192.168.40.1', NULL, NULL, '10 minutes', '{"team": "data"}', '2026-03-02 08:00+00'),
       (2, 'storage', 'fd00:40::/64', 'storage-a6', NULL, NULL, NULL, '0', '{"team": "data"}', '2026-03-02 08:00+00');

INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                     owner_interface, owner_uid, node, container_id, started_by, start_reason, ended_by, end_reason)
VALUES (1, 1, '10.11.88.98', 1, '[2026-03-02 09:00+00,2026-03-02 17:30+00)', 'pod', 'prod-a', 'devops', 'ipvl', 'net1', 'u-1', 'node2', 'aa3576c85e9b', 'rowhouse', 'ADD', 'rowhouse', 'DEL'),
       (2, 1, '10.11.88.99', 1, '[2026-03-02 09:05+00,2026-03-03 11:00+00)', 'pod', 'prod-a', 'devops', 'ipvl2', 'net1', 'u-2', 'node3', '7a8bbfed7f98', 'rowhouse', 'ADD', 'carol', 'SQL'),
       (3, 1, '10.11.88.98', 1, '[2026-03-03 08:00+00,)', 'pod', 'prod-a', 'devops', 'web-0', 'net1', 'u-3', 'node1', 'cc4d323c718f', 'rowhouse', 'ADD', NULL, NULL),
       (4, 1, '10.11.88.99', 1, '[2026-03-03 12:00+00,)', 'pod', 'prod-a', 'devops', 'web-1', 'net1', 'u-4', 'node2', 'd00b0b1cf848', 'rowhouse', 'ADD', NULL, NULL),
       (5, 1, '10.11.88.100', 1, '[2026-03-04 07:00+00,)', 'pod', 'prod-b', 'devops', 'web-0', 'net1', 'u-5', 'node1', 'e5f1e7f01d61', 'rowhouse', 'ADD', NULL, NULL),
       (6, 2, '192.168.40.2', 2, '[2026-03-02 10:00+00,)', 'pod', 'prod-a', 'data', 'store-0', 'net1', 'u-6', 'node4', 'f10544b9bac1', 'rowhouse', 'ADD', NULL, NULL),
       (7, 3 - 1, 'fd00:40::1', 3, '[2026-03-02 10:00+00,)', 'pod', 'prod-a', 'data', 'store-0', 'net1', 'u-6', 'node4', 'f10544b9bac1', 'rowhouse', 'ADD', NULL, NULL),
       (8, 2, '192.168.40.3', 2, '[2026-03-02 10:01+00,2026-03-05 09:00+00)', 'pod', 'prod-a', 'data', 'store-1', 'net1', 'u-7', 'node5', '9b2f46d29366', 'rowhouse', 'ADD', 'rowhouse', 'DEL'),
       (9, 2, '192.168.40.6', 2, '[2026-03-04 15:00+00,)', 'static', '', 'network', 'nas', '', NULL, '', '', 'alice', 'API', NULL, NULL),
       (10, 1, '10.11.88.101', 1, '[2026-03-05 06:00+00,)', 'pod', 'prod-a', 'devops', 'batch-7', 'net1', 'u-8', 'node3', 'b0b1cf848d00', 'rowhouse', 'ADD', NULL, NULL);
INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name, owner_interface,
                          owner_uid, sticky, sticky_ttl, expires_at, node, container_id, description, reserved_at, tenure_id)
SELECT network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name, owner_interface, owner_uid,
       owner_name IN ('store-0', 'nas'), NULL, NULL, node, container_id, CASE owner_name WHEN 'nas' THEN 'ticket 4711' ELSE '' END, lower(during), id
  FROM tenures WHERE upper_inf(during);
INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid, attached_at)
SELECT owner_cluster, container_id, owner_interface, network_id, address, node, 'mynet', owner_uid, reserved_at
  FROM reservations WHERE owner_kind = 'pod' AND owner_name <> 'batch-7';
INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
VALUES (1, false, '10.11.88.96', '10.11.88.97', '-infinity'), (1, false, '10.11.88.102', '10.11.88.106', '-infinity'),
       (1, false, '10.11.88.109', '10.11.88.111', '-infinity'),
       (2, false, '192.168.40.0', '192.168.40.0', '-infinity'), (2, true, '192.168.40.3', '192.168.40.3', '2126-03-05 09:10+00'),
       (2, false, '192.168.40.4', '192.168.40.5', '-infinity'), (2, false, '192.168.40.7', '192.168.40.7', '-infinity'),
       (2, false, 'fd00:40::', 'fd00:40::', '-infinity'),
       (2, false, 'fd00:40::2', 'fd00:40::ffff:ffff:ffff:ffff', '-infinity');
INSERT INTO gateways (network_id, address, pool_id, first_used_at) SELECT network_id, gateway, id, created_at FROM pools WHERE gateway IS NOT NULL;
INSERT INTO exclusions (network_id, first, last, reason, created_at)
VALUES (1, '10.11.88.107', '10.11.88.108', 'printers', '2026-03-02 08:30+00');
INSERT INTO quotas (namespace, pool_id, addresses) VALUES ('devops', 1, 10);
INSERT INTO node_slices (pool_id, cluster, node, slice, created_at) VALUES (3, 'prod-a', 'node4', 'fd00:40::/80', '2026-03-02 10:00+00');
INSERT INTO audit_log (at, actor, action, object, object_key, network, cluster, before, after, request_id)
VALUES ('2026-03-02 08:00+00', 'alice', 'pool.create', '192.168.40.0/29', '{"id": 2}', 'storage', NULL, NULL, '{"cidr": "192.168.40.0/29"}', 'r-100'),
       ('2026-03-03 11:00+00', 'carol', 'reservation.delete', '10.11.88.99', '{"network_id": 1, "address": "10.11.88.99"}', '', 'prod-a', '{"owner_name": "ipvl2"}', NULL, NULL),
       ('2026-03-04 15:00+00', 'alice', 'reservation.create', '192.168.40.6', '{"network_id": 2, "address": "192.168.40.6"}', 'storage', '', NULL, '{"owner_name": "nas"}', 'r-212');
SELECT setval('tenures_id_seq', 10);
SET session_replication_role = origin;
