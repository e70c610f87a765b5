-- A database as large as one gets, for the plan tests: ten seconds by functions, two in sets.
-- Triggers are off while it is made: `replica`. The networks:
--   holes       10.0.0.0/8: 100,000 reservations at even offsets, 100,000 runs of one address between;
--               every fifth reservation has its attachment and its tenure
--   full        10.0.0.0/20: every address reserved
--   quarantine  10.0.0.0/15: 20,000 addresses that are quarantined for an hour, then free space
--   sticky      10.0.0.0/15: 20,000 reservations that no sandbox uses and that expire in an hour
--   due         10.0.0.0/20: 3,000 of these whose time is over
--   pools       10.0.0.0/8: 10,000 pools, a /28 each
--   nodes       fd00::/64: 5,000 slices

SET session_replication_role = replica;
INSERT INTO networks (name) SELECT unnest(ARRAY['holes', 'full', 'quarantine', 'sticky', 'due', 'pools', 'nodes']);
INSERT INTO pools (network_id, network_name, cidr)
SELECT id, name, CASE name WHEN 'holes' THEN '10.0.0.0/8' WHEN 'full' THEN '10.0.0.0/20' WHEN 'due' THEN '10.0.0.0/20'
                           WHEN 'nodes' THEN 'fd00::/64' ELSE '10.0.0.0/15' END::cidr
  FROM networks WHERE name <> 'pools';
INSERT INTO reservations (network_id, address, pool_id, owner_namespace, owner_name, owner_interface, owner_cluster, node,
                          container_id, sticky, sticky_ttl, expires_at)
SELECT p.network_id, '10.0.0.0'::inet + i * CASE p.network_name WHEN 'holes' THEN 2 ELSE 1 END, p.id, 'default',
       p.network_name || i, 'net1', 'prod-a', 'node' || i % 100, p.network_name || i, used.at IS NOT NULL, '1 hour', used.at
  FROM pools p
  JOIN (VALUES ('holes', 100000, NULL), ('full', 4096, NULL), ('sticky', 20000, clock_timestamp() + interval '1 hour'),
               ('due', 3000, clock_timestamp() - interval '1 hour')) AS used (name, count, at) ON used.name = p.network_name,
       generate_series(0, used.count - 1) AS i;
INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network)
SELECT 'prod-a', container_id, 'net1', network_id, address, node, 'storage' FROM reservations
 WHERE owner_name ~ '^holes[0-9]*[05]$';
INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                     owner_interface, node, container_id, started_by, start_reason)
SELECT tenure_id, network_id, address, pool_id, tstzrange(reserved_at, NULL), owner_kind, owner_cluster, owner_namespace,
       owner_name, owner_interface, node, container_id, 'test', 'ADD'
  FROM reservations r
 WHERE owner_name LIKE 'due%' OR EXISTS (SELECT FROM attachments a WHERE a.container_id = r.owner_name);
INSERT INTO free_ranges (network_id, first, last, free_from)
SELECT id, '10.0.0.1'::inet + 2 * i, '10.0.0.1'::inet + 2 * i, timestamptz '-infinity' FROM networks, generate_series(0, 99998) AS i
 WHERE name = 'holes'
UNION ALL SELECT id, '10.0.0.0'::inet + 199999, '10.255.255.255', timestamptz '-infinity' FROM networks WHERE name = 'holes'
UNION ALL SELECT id, '10.0.0.0'::inet + 20000, '10.1.255.255', timestamptz '-infinity' FROM networks WHERE name IN ('quarantine', 'sticky')
UNION ALL SELECT id, '10.0.0.0'::inet + 3000, '10.0.15.255', timestamptz '-infinity' FROM networks WHERE name = 'due'
UNION ALL SELECT id, 'fd00::', 'fd00::ffff:ffff:ffff:ffff', timestamptz '-infinity' FROM networks WHERE name = 'nodes';
INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
SELECT id, true, '10.0.0.0'::inet + i, '10.0.0.0'::inet + i, clock_timestamp() + interval '1 hour'
  FROM networks, generate_series(0, 19999) AS i WHERE name = 'quarantine';
INSERT INTO pools (network_id, network_name, cidr)
SELECT id, name, set_masklen('10.0.0.0'::inet + 16 * i, 28)::cidr FROM networks, generate_series(0, 9999) AS i WHERE name = 'pools';
INSERT INTO free_ranges (network_id, first, last, free_from)
SELECT network_id, first_address(cidr), last_address(cidr), '-infinity' FROM pools WHERE network_name = 'pools';
INSERT INTO node_slices (pool_id, cluster, node, slice)
SELECT id, 'prod-a', 'node' || i, set_masklen('fd00::'::inet + 256 * i, 120)::cidr
  FROM pools, generate_series(0, 4999) AS i WHERE network_name = 'nodes';
RESET session_replication_role;
