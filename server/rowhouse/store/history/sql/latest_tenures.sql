-- The latest tenures of a pool with a long history: those among the last :scanned of the installation, and, if these are
-- few, the latest ones of its present owners. The number of rows that it reads does not grow with
-- the history. For sqlalchemy.text().
WITH newest AS MATERIALIZED (SELECT coalesce(max(id), 0) AS id FROM rowhouse.tenures),
recent AS MATERIALIZED (
    SELECT t.*
      FROM rowhouse.tenures t
     WHERE t.id > (SELECT id FROM newest) - :scanned AND t.network_id = :network AND t.address BETWEEN :low AND :high
     ORDER BY t.id DESC LIMIT :at_most),
held AS (
    SELECT t.*
      FROM (SELECT r.tenure_id
              FROM rowhouse.reservations r
             WHERE (SELECT count(*) FROM recent) < :few
               AND r.network_id = :network AND r.address BETWEEN :low AND :high
               AND r.tenure_id <= (SELECT id FROM newest) - :scanned
             ORDER BY r.tenure_id DESC LIMIT :few) AS latest
     CROSS JOIN LATERAL (SELECT t.* FROM rowhouse.tenures t WHERE t.id = latest.tenure_id OFFSET 0) AS t)
SELECT id, network_id, address::inet AS address, pool_id, owner_kind::text AS owner_kind, owner_cluster AS cluster,
       owner_namespace AS namespace, owner_name AS name, owner_interface AS interface, node, container_id, mac::text AS mac,
       started_by, start_reason, ended_by, end_reason, lower(during) AS since, upper(during) AS until
  FROM (SELECT * FROM recent UNION ALL SELECT * FROM held) AS found
