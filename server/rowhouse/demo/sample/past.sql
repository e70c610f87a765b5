-- Eight days of history for the demo's cluster, which cannot pass while a demo starts: networks, pools,
-- and the tenures of deleted pods. The present comes from real calls. This file only uses statements that
-- a DBA may use: triggers create the free space of the pools and write the audit log.
SET search_path = rowhouse;
BEGIN;

INSERT INTO networks (name, created_at)
SELECT name, now() - interval '8 days' FROM unnest(ARRAY['', 'storage', 'media', 'edge', 'telemetry']) AS name;

INSERT INTO pools (network_id, network_name, cidr, name, gateway, window_first, window_last, reuse_delay, labels, description, created_at)
SELECT n.id, n.name, p.cidr::cidr, p.name, p.gateway::inet, p.first::inet, p.last::inet, p.delay::interval, p.labels::jsonb,
       p.description, now() - interval '8 days'
  FROM (VALUES
       ('', '10.11.88.96/28', 'ipvlan1720', '10.11.88.97', '10.11.88.98', '10.11.88.110', '0', '{"vlan": "1720"}', 'The network of the walkthrough'),
       ('', '10.11.90.0/26', 'legacy', '10.11.90.1', NULL, NULL, '0', '{}', 'Moves to storage-a by the end of the month'),
       ('storage', '192.168.40.0/24', 'storage-a', '192.168.40.1', NULL, NULL, '2 hours', '{"team": "data"}', 'NFS and iSCSI of the data team'),
       ('storage', 'fd00:40::/64', 'storage-a6', NULL, NULL, NULL, '0', '{"team": "data"}', ''),
       ('media', '10.20.0.0/23', 'transcoding', '10.20.0.1', NULL, NULL, '0', '{"team": "media"}', 'SR-IOV on the transcoding nodes'),
       ('edge', '172.22.0.0/20', 'edge-gw', NULL, NULL, NULL, '0', '{}', ''),
       ('edge', '10.64.0.0/16', 'edge-nodes', NULL, NULL, NULL, '0', '{"sliced": "/24"}', 'A /24 for each node'),
       ('telemetry', 'fd00:77::/64', 'sensors', 'fd00:77::1', NULL, NULL, '0', '{}', 'Collectors, IPv6 only')
       ) AS p (network, cidr, name, gateway, first, last, delay, labels, description)
  JOIN networks n ON n.name = p.network;

INSERT INTO exclusions (network_id, first, last, reason, created_at)
SELECT n.id, e.first::inet, e.last::inet, e.reason, now() - interval '8 days'
  FROM (VALUES ('storage', '192.168.40.240', '192.168.40.255', 'DHCP of the storage switches'),
               ('media', '10.20.1.224', '10.20.1.239', 'encoders outside of the cluster')) AS e (network, first, last, reason)
  JOIN networks n ON n.name = e.network;

-- Each line is a pool's past: its addresses from the first one on, how many of them, for how many of the eight
-- days their number grew to that (from `already`), how many hours a pod lived, and whether it slept at night.
WITH past (pool, first, addresses, already, days, hours, sleeps, namespace, app) AS (VALUES
    ('ipvlan1720', '10.11.88.98'::inet, 13, 9, 2.0, 60.0, false, 'devops', 'web'),
    ('legacy', '10.11.90.2', 30, 30, 0.0, 90.0, false, 'shop', 'till'),
    ('storage-a', '192.168.40.10', 124, 100, 7.5, 40.0, false, 'data', 'reader'),
    ('storage-a6', 'fd00:40::10', 124, 100, 7.5, 40.0, false, 'data', 'reader'),
    ('transcoding', '10.20.0.2', 448, 240, 7.8, 9.0, false, 'media', 'encode'),
    ('edge-gw', '172.22.0.1', 200, 150, 6.0, 30.0, true, 'edge', 'session'),
    ('edge-nodes', '10.64.0.1', 360, 240, 7.0, 24.0, true, 'edge', 'worker'),
    ('sensors', 'fd00:77::2', 120, 90, 7.0, 70.0, false, 'telemetry', 'collect')),
address AS (
    SELECT past.*, p.id AS pool_id, p.network_id, past.first + n AS address, n,
           now() - interval '8 days'
           + CASE WHEN n < already THEN interval '0'
                  ELSE (n - already)::float8 / greatest(addresses - already, 1) * days * interval '1 day' END AS since,
           -- Lives are not all as long as each other; the number is a hash, so every demo has the same past.
           hours * (0.4 + 1.2 * (abs(hashtext(pool || n)) % 1000) / 1000.0) * interval '1 hour' AS life
      FROM past JOIN pools p ON p.name = past.pool CROSS JOIN generate_series(0, addresses - 1) AS n),
life AS (
    SELECT a.*, number, a.since + number * (life + interval '7 minutes') AS begins,
           least(a.since + number * (life + interval '7 minutes') + life, now() - (1 + n % 7) * interval '20 seconds') AS ends
      FROM address a CROSS JOIN LATERAL generate_series(0, (extract(epoch FROM now() - a.since) / extract(epoch FROM life))::integer) AS number)
INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name, owner_interface,
                     owner_uid, node, container_id, started_by, start_reason, ended_by, end_reason)
SELECT network_id, address, pool_id, tstzrange(begins, ends), 'pod', 'prod-a', namespace,
       app || '-' || left(md5(pool || number), 10) || '-' || left(md5(n || pool || number), 5), 'net1', gen_random_uuid()::text,
       'node-' || 1 + abs(hashtext(app || n || number)) % 24, md5(n || pool || number) || md5(number || pool),
       'node-' || 1 + abs(hashtext(app || n || number)) % 24, 'ADD',
       CASE WHEN (n + number) % 40 = 0 THEN 'controller' ELSE 'node-' || 1 + abs(hashtext(app || n || number)) % 24 END,
       CASE WHEN (n + number) % 40 = 0 THEN 'RECONCILE' ELSE 'DEL' END
  FROM life
 WHERE begins < ends - interval '1 minute'
   AND NOT (sleeps AND n % 3 = 0 AND extract(hour FROM begins) NOT BETWEEN 6 AND 18);
COMMIT;
