-- Begins the session of a token's bearer, and removes expired sessions, of which there are never many.
-- If the digest exists, it is this session, whose first answer was lost.
WITH over AS (DELETE FROM rowhouse.sessions WHERE expires_at < clock_timestamp())
INSERT INTO rowhouse.sessions (digest, token_id, expires_at)
SELECT %(digest)s, id, clock_timestamp() + %(seconds)s::float8 * interval '1 second'
  FROM rowhouse.tokens
 WHERE digest = %(token)s
ON CONFLICT (digest) DO NOTHING
RETURNING 1
