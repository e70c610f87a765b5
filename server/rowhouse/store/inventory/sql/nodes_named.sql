-- Nodes that hold addresses and whose name begins with a text, and nodes that reported and whose name contains it.
-- The index of the attachments is read node by node.
WITH RECURSIVE busy (node, found) AS (
    SELECT (SELECT node FROM rowhouse.attachments
             WHERE node >= :name AND node <= :last ORDER BY node LIMIT 1), 1
    UNION ALL
    SELECT (SELECT node FROM rowhouse.attachments
             WHERE node > b.node AND node <= :last ORDER BY node LIMIT 1), b.found + 1
      FROM busy AS b WHERE b.node IS NOT NULL AND b.found < :most
), known AS (
    (SELECT cluster, node FROM rowhouse.nodes
      WHERE strpos(lower(node), :name) > 0 ORDER BY node <> :name, strpos(lower(node), :name), node LIMIT :most)
    UNION
    SELECT a.cluster, b.node
      FROM busy AS b
           CROSS JOIN LATERAL (SELECT DISTINCT cluster FROM rowhouse.attachments WHERE node = b.node) AS a
     WHERE starts_with(b.node, :name)
    UNION
    (SELECT DISTINCT cluster, node FROM rowhouse.attachments WHERE node = :typed)
), shown AS (
    SELECT * FROM known ORDER BY node <> :name, strpos(lower(node), :name), node, cluster LIMIT :most
)
SELECT cluster, node,
       (SELECT count(*) FROM rowhouse.attachments a WHERE a.node = s.node AND a.cluster = s.cluster) AS attachments
  FROM shown AS s
 ORDER BY node <> :name, strpos(lower(node), :name), node, cluster
