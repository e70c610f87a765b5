-- Owners by namespace and the beginning of their name, those that hold an address now first. An owner without one
-- comes with its last address. One index range for each namespace; the names that match exactly are not cut off.
WITH RECURSIVE namespaces (namespace) AS (
    SELECT (SELECT owner_namespace FROM rowhouse.tenures ORDER BY owner_namespace LIMIT 1)
     WHERE CAST(:namespace AS text) IS NULL
    UNION ALL
    SELECT (SELECT owner_namespace FROM rowhouse.tenures WHERE owner_namespace > n.namespace ORDER BY owner_namespace LIMIT 1)
      FROM namespaces AS n WHERE n.namespace IS NOT NULL
), searched AS (
    SELECT array_agg(namespace) AS namespaces
      FROM (SELECT namespace FROM namespaces WHERE namespace IS NOT NULL
            UNION ALL SELECT :namespace WHERE CAST(:namespace AS text) IS NOT NULL) AS every
), named AS (
    (SELECT DISTINCT owner_namespace, owner_name FROM rowhouse.reservations
      WHERE owner_namespace = ANY ((SELECT namespaces FROM searched)::text[]) AND owner_name = :name LIMIT :most)
    UNION
    (SELECT DISTINCT owner_namespace, owner_name FROM rowhouse.reservations
      WHERE owner_namespace = ANY ((SELECT namespaces FROM searched)::text[])
        AND owner_name >= :name AND owner_name <= :last AND starts_with(owner_name, :name) LIMIT :most)
    UNION
    (SELECT DISTINCT owner_namespace, owner_name FROM rowhouse.tenures
      WHERE owner_namespace = ANY ((SELECT namespaces FROM searched)::text[]) AND owner_name = :name LIMIT :most)
    UNION
    (SELECT DISTINCT owner_namespace, owner_name FROM rowhouse.tenures
      WHERE owner_namespace = ANY ((SELECT namespaces FROM searched)::text[])
        AND owner_name >= :name AND owner_name <= :last AND starts_with(owner_name, :name) LIMIT :most)
), present AS (
    SELECT o.owner_namespace AS namespace, o.owner_name AS name, r.address IS NOT NULL AS holds, r.network_id, r.address, r.node,
           r.addresses
      FROM named AS o
           LEFT JOIN LATERAL (SELECT network_id, address, node, count(*) OVER () AS addresses
                                FROM (SELECT * FROM rowhouse.reservations
                                       WHERE owner_namespace = o.owner_namespace AND owner_name = o.owner_name
                                       ORDER BY owner_namespace, owner_name, pool_id LIMIT 1000) AS mine
                               ORDER BY network_id, address LIMIT 1) AS r ON true
     ORDER BY o.owner_name = :name DESC, holds DESC, o.owner_namespace, o.owner_name
     LIMIT :most
)
SELECT p.namespace, p.name, p.holds, coalesce(p.network_id, t.network_id) AS network_id,
       host(coalesce(p.address, t.address)) AS address, coalesce(p.node, t.node) AS node,
       coalesce(p.addresses, 0) AS addresses, t.held_until
  FROM present AS p
       LEFT JOIN LATERAL (SELECT network_id, address, node, upper(during) AS held_until
                            FROM rowhouse.tenures
                           WHERE NOT p.holds AND owner_namespace = p.namespace AND owner_name = p.name
                           ORDER BY upper(during) DESC LIMIT 1) AS t ON true
 ORDER BY p.name = :name DESC, p.holds DESC, p.namespace, p.name
