-- Begins the session of a user of an OpenID Connect provider, and removes expired sessions.
-- If the digest exists, it is this session, whose first answer was lost.
WITH over AS (DELETE FROM rowhouse.sessions WHERE expires_at < clock_timestamp())
INSERT INTO rowhouse.sessions (digest, name, role, namespaces, expires_at)
VALUES (%(digest)s, %(name)s, %(role)s, %(namespaces)s,
        clock_timestamp() + %(seconds)s::float8 * interval '1 second')
ON CONFLICT (digest) DO NOTHING
RETURNING 1
