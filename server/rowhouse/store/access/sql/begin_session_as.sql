-- Begins the session of a user whom an OpenID Connect provider named, and removes the sessions that are over.
-- A digest that exists is this session, whose first answer was lost.
WITH over AS (DELETE FROM rowhouse.sessions WHERE expires_at < clock_timestamp())
INSERT INTO rowhouse.sessions (digest, name, role, expires_at)
VALUES (%(digest)s, %(name)s, %(role)s, clock_timestamp() + %(seconds)s::float8 * interval '1 second')
ON CONFLICT (digest) DO NOTHING
RETURNING 1
