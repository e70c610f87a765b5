-- Namespaces that contain a text, those that hold addresses now first. The indexes are read namespace by namespace.
WITH RECURSIVE present (namespace) AS (
    SELECT (SELECT owner_namespace FROM rowhouse.reservations ORDER BY owner_namespace LIMIT 1)
    UNION ALL
    SELECT (SELECT owner_namespace FROM rowhouse.reservations WHERE owner_namespace > p.namespace ORDER BY owner_namespace LIMIT 1)
      FROM present AS p WHERE p.namespace IS NOT NULL
), past (namespace) AS (
    SELECT (SELECT owner_namespace FROM rowhouse.tenures ORDER BY owner_namespace LIMIT 1)
    UNION ALL
    SELECT (SELECT owner_namespace FROM rowhouse.tenures WHERE owner_namespace > p.namespace ORDER BY owner_namespace LIMIT 1)
      FROM past AS p WHERE p.namespace IS NOT NULL
)
SELECT namespace, bool_or(holds) AS holds
  FROM (SELECT namespace, true AS holds FROM present UNION ALL SELECT namespace, false FROM past) AS every
 WHERE strpos(namespace, :text) > 0
 GROUP BY namespace
 ORDER BY namespace <> :text, bool_or(holds) DESC, strpos(namespace, :text), namespace
 LIMIT :most
