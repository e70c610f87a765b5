-- Tenures, quickly: %(tenures)s of them, a hundred one after another for each address, the last one open with its
-- reservation and its attachment, and the samples of their pool; no trigger looks at them, and the indexes are made afterwards. That of the exclusion constraint is made
-- without the constraint, whose check of every row would take longer than the index.
SET session_replication_role = replica;
SET maintenance_work_mem = '512MB';
SET max_parallel_maintenance_workers = 2;
INSERT INTO rowhouse.networks (name) VALUES ('history');
INSERT INTO rowhouse.pools (network_id, network_name, cidr) SELECT id, name, '10.0.0.0/8' FROM rowhouse.networks;
ALTER TABLE rowhouse.tenures DROP CONSTRAINT tenures_one_owner_at_a_time_ipv4;
DROP INDEX rowhouse.tenures_owner;
DROP INDEX rowhouse.tenures_address;
DROP INDEX rowhouse.tenures_node;
DROP INDEX rowhouse.tenures_container;
INSERT INTO rowhouse.tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                              owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason,
                              ended_by, end_reason)
SELECT p.network_id, '10.0.0.0'::inet + address, p.id,
       tstzrange(moment, CASE WHEN turn < 99 THEN moment + interval '20 hours' END),
       'pod', 'prod-a', 'namespace-' || number %% 1000, 'pod-' || number %% %(pods)s, 'net1',
       '00000000-0000-4000-8000-' || lpad(number::text, 12, '0'), 'node-' || number %% 500,
       md5(number::text) || md5(address::text), 'server', 'ADD',
       CASE WHEN turn < 99 THEN 'server' END, CASE WHEN turn < 99 THEN 'DEL' END
  FROM rowhouse.pools p
 CROSS JOIN generate_series(0, 99) AS turn
 CROSS JOIN generate_series(1, %(tenures)s / 100) AS address
 CROSS JOIN LATERAL (SELECT turn * (%(tenures)s / 100) + address AS number,
                            '2026-01-01T00:00:00Z'::timestamptz + turn * interval '1 day'
                            + address %% 14400 * interval '1 second' AS moment) AS made;
CREATE INDEX tenures_owner ON rowhouse.tenures (owner_namespace, owner_name);
CREATE INDEX tenures_one_owner_at_a_time_ipv4 ON rowhouse.tenures
    USING gist (rowhouse.network_key(network_id, address), during) WHERE family(address) = 4;
CREATE INDEX tenures_address ON rowhouse.tenures (address);
CREATE INDEX tenures_node ON rowhouse.tenures (node, upper(during), lower(during))
 WHERE NOT upper_inf(during);
CREATE INDEX tenures_container ON rowhouse.tenures USING hash (container_id) WHERE NOT upper_inf(during);
INSERT INTO rowhouse.reservations (network_id, address, pool_id, owner_cluster, owner_namespace, owner_name,
                                   owner_interface, owner_uid, node, container_id, reserved_at, tenure_id)
SELECT network_id, address, pool_id, owner_cluster, owner_namespace, owner_name, owner_interface, owner_uid, node,
       container_id, lower(during), id
  FROM rowhouse.tenures WHERE upper_inf(during);
INSERT INTO rowhouse.attachments (cluster, container_id, interface, network_id, address, node, attached_at)
SELECT owner_cluster, container_id, owner_interface, network_id, address, node, reserved_at FROM rowhouse.reservations;
INSERT INTO rowhouse.fill_samples (pool_id, at, used)
SELECT DISTINCT p.id, at, 1000
  FROM rowhouse.pools p,
       generate_series('2026-01-01T00:00:00Z'::timestamptz, '2026-04-11T00:00:00Z', '15 minutes') AS at
 WHERE at > '2026-04-09T00:00:00Z'
    OR at = date_bin(CASE WHEN at > '2026-03-07T00:00:00Z' THEN interval '1 hour' ELSE '1 day' END, at, 'epoch');
VACUUM ANALYZE rowhouse.tenures;
VACUUM ANALYZE rowhouse.reservations;
VACUUM ANALYZE rowhouse.attachments;
VACUUM ANALYZE rowhouse.fill_samples;
