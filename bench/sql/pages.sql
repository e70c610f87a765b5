-- A large installation, for the pages: 1,000 pools, of which the first is a /16 with no address left, and a
-- million tenures. In sets, with triggers off (`replica`); most of the time goes into the index of the history.
SET session_replication_role = replica;
SET search_path = rowhouse;
INSERT INTO networks (name) SELECT 'network-' || i FROM generate_series(1, 20) AS i;
INSERT INTO pools (network_id, network_name, cidr, created_at)
SELECT n.id, n.name, '10.0.0.0/16', now() - interval '30 days' FROM networks n WHERE n.name = 'network-1'
UNION ALL
SELECT n.id, n.name, set_masklen('100.64.0.0'::inet + 256 * (i - 1), 24)::cidr, now() - interval '30 days'
  FROM generate_series(1, 999) AS i JOIN networks n ON n.name = 'network-' || 1 + i % 20;
INSERT INTO reservations (network_id, address, pool_id, owner_namespace, owner_name, owner_interface, owner_cluster, node,
                          container_id, sticky, reserved_at)
SELECT p.network_id, first_usable(p.cidr) + i, p.id, 'ns-' || i % 40, 'pod-' || p.id || '-' || i, 'net1', 'prod-a',
       'node-' || i % 200, md5(p.id || '-' || i), i % 20 = 0, now() - (i % 400) * interval '1 hour'
  FROM pools p,
       generate_series(0, CASE masklen(p.cidr) WHEN 16 THEN 65533 ELSE p.id % 254 END) AS i;
INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network)
SELECT 'prod-a', container_id, 'net1', network_id, address, node, 'storage' FROM reservations WHERE NOT sticky;
INSERT INTO free_ranges (network_id, first, last, free_from)
SELECT p.network_id, CASE masklen(p.cidr) WHEN 16 THEN last_address(p.cidr) ELSE first_usable(p.cidr) + 1 + p.id % 254 END,
       last_address(p.cidr), '-infinity'
  FROM pools p;
INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                     owner_interface, node, container_id, started_by, start_reason)
SELECT tenure_id, network_id, address, pool_id, tstzrange(reserved_at, NULL), owner_kind, owner_cluster, owner_namespace,
       owner_name, owner_interface, node, container_id, 'bench', 'ADD'
  FROM reservations;
INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                     owner_interface, node, container_id, started_by, start_reason, ended_by, end_reason)
SELECT network_id, address, pool_id,
       tstzrange(reserved_at - (step + 1) * interval '5 hours', reserved_at - step * interval '5 hours' - interval '1 hour'), owner_kind,
       owner_cluster, owner_namespace, 'old-' || step || '-' || owner_name, owner_interface, node, md5(container_id || step),
       'bench', 'ADD', 'bench', 'DEL'
  FROM reservations, generate_series(0, 4) AS step;
-- As if the usage had been summed up for a hundred days, and was always the same.
WITH keys AS (
    SELECT CASE 0 WHEN GROUPING(owner_namespace) THEN 'namespace' WHEN GROUPING(owner_cluster) THEN 'cluster'
                  WHEN GROUPING(node) THEN 'node' WHEN GROUPING(network_id) THEN 'network'
                  WHEN GROUPING(pool_id) THEN 'pool' ELSE 'all' END AS grouped_by,
           coalesce(owner_namespace, owner_cluster, node, network_id::text, pool_id::text, '') AS key, count(*) AS used
      FROM reservations
     GROUP BY GROUPING SETS ((), (owner_namespace), (owner_cluster), (node), (network_id), (pool_id)))
INSERT INTO usage_periods (grouped_by, span, ends_at, key, used, begun, ended, seconds)
SELECT k.grouped_by, p.span, p.ends_at, k.key, k.used, k.used / 10, k.used / 10, k.used * extract(epoch FROM p.span)
  FROM (VALUES (interval '15 minutes', 12), ('1 hour', 72), ('6 hours', 160), ('1 day', 100)) AS s (span, number)
 CROSS JOIN LATERAL (SELECT s.span, date_bin(s.span, now(), timestamptz 'epoch') - step * s.span AS ends_at
                       FROM generate_series(0, s.number - 1) AS step) AS p
 CROSS JOIN keys k;
-- A hundred exclusions, and the events of a month.
INSERT INTO exclusions (network_id, first, last, reason)
SELECT p.network_id, last_address(p.cidr)::inet - 3, last_address(p.cidr)::inet - 2, 'racks' FROM pools p WHERE p.id > 900;
INSERT INTO events (reason, message, cluster, namespace, pod, interface, node, first_at, last_at)
SELECT (ARRAY['NoAddress', 'Reclaimed'])[1 + i % 2], 'event ' || i, 'prod-a', 'ns-' || i % 40, 'pod-' || i, 'net1',
       'node-' || i % 200, now() - i * interval '20 seconds', now() - i * interval '20 seconds'
  FROM generate_series(1, 100000) AS i;
-- What people add: quotas, saved views, comments, requests, labels, the reports of nodes, a month of changes.
INSERT INTO quotas (namespace, pool_id, addresses)
SELECT 'ns-' || p.id % 40, p.id, 300 + p.id % 700 FROM pools p WHERE p.id BETWEEN 2 AND 961
UNION ALL
SELECT 'ns-' || i, NULL, 10000 FROM generate_series(0, 39) AS i;
INSERT INTO saved_views (table_name, name, author, is_shared, query)
SELECT t.name, 'view ' || i, 'person-' || i % 20, true, 'q=ns-' || i % 40
  FROM unnest(ARRAY['reservations', 'pools', 'pods', 'pool-addresses']) AS t (name), generate_series(1, 100) AS i;
INSERT INTO comments (network_id, address, pool_id, author, text)
SELECT p.network_id, CASE WHEN i % 2 = 0 THEN first_usable(p.cidr) + 770 END, CASE WHEN i % 2 = 1 THEN p.id END,
       'person-' || i % 20, 'comment ' || i
  FROM pools p, generate_series(1, 100) AS i WHERE p.id = 1;
INSERT INTO requests (state, pool_id, cidr, owner_namespace, owner_name, how_many, requested_by, requested_at, expires_at,
                      decided_by, decided_at, reason)
SELECT d.state, p.id, p.cidr, 'ns-' || i % 40, 'router-' || i, 2, 'person-' || i % 20, now() - i * interval '1 hour',
       now() + interval '14 days', d.decided_by, d.decided_at, d.reason
  FROM generate_series(1, 2000) AS i JOIN pools p ON p.id = 1 + i % 1000
 CROSS JOIN LATERAL (SELECT 'pending', NULL, NULL::timestamptz, '' WHERE i % 10 = 0
                     UNION ALL
                     SELECT 'declined', 'operator', now(), 'full' WHERE i % 10 > 0) AS d (state, decided_by, decided_at, reason);
UPDATE reservations SET labels = jsonb_build_object('team', 'team-' || network_id % 7), description = 'rack ' || network_id % 90
 WHERE sticky;
INSERT INTO nodes (cluster, node, plugin_version, agent_version, kept_dels, kept_bytes, started_at)
SELECT 'prod-a', 'node-' || i, '0.2.0', '0.2.0', i % 3, 0, now() - interval '3 days' FROM generate_series(0, 199) AS i;
INSERT INTO audit_log (at, actor, action, object, object_key, network, cluster, before, after, request_id)
SELECT now() - i * interval '26 seconds', 'person-' || i % 20, 'reservation.update', a.address,
       jsonb_build_object('network_id', p.network_id, 'address', a.address), p.network_name, 'prod-a',
       jsonb_build_object('pool_id', p.id, 'description', 'router'), jsonb_build_object('pool_id', p.id, 'description', 'switch'),
       'request-' || i / 10
  FROM pools p, generate_series(1, 100000) AS i
 CROSS JOIN LATERAL (SELECT host('10.0.0.1'::inet + i % 65000)) AS a (address) WHERE p.id = 1;
RESET session_replication_role;
ANALYZE;
SELECT sample_fill_v1();
-- As autovacuum leaves it.
VACUUM ANALYZE;
