-- The bearer of a token that is valid now.
SELECT name, role, cluster, node, namespaces,
       extract(epoch FROM expires_at - clock_timestamp())::float8
  FROM rowhouse.tokens
 WHERE digest = %(digest)s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
