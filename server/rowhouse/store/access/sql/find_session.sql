-- The name, the role, the namespaces and the seconds left of a valid session.
SELECT coalesce(t.name, s.name), coalesce(t.role, s.role), coalesce(t.namespaces, s.namespaces),
       extract(epoch FROM least(s.expires_at, t.expires_at) - clock_timestamp())::float8
  FROM rowhouse.sessions s LEFT JOIN rowhouse.tokens t ON t.id = s.token_id
 WHERE s.digest = %(digest)s AND t.revoked_at IS NULL AND least(s.expires_at, t.expires_at) > clock_timestamp()
