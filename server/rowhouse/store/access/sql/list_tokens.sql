-- Every token ever created, and whether it is valid now.
SELECT name, role, cluster, node, namespaces, created_at, expires_at, revoked_at,
       revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
  FROM rowhouse.tokens
 ORDER BY name
