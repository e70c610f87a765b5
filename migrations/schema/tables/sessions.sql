-- Replicas share sessions of browsers, and to end one is to delete a row: a signed cookie alone would be
-- good until it expires, and every replica would need the key.

CREATE TABLE sessions (
    digest     bytea PRIMARY KEY CHECK (length(digest) = 32),
    token_id   integer REFERENCES tokens ON DELETE CASCADE,
    name       text CHECK (name <> ''),
    role       text CHECK (role IN ('viewer', 'operator', 'admin')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT sessions_whose CHECK (num_nonnulls(token_id, name) = 1 AND (name IS NULL) = (role IS NULL))
);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_token ON sessions (token_id);
COMMENT ON TABLE sessions IS 'Sessions of browsers. Only the SHA-256 of a session''s cookie is kept.';
COMMENT ON COLUMN sessions.digest IS 'SHA-256 of the cookie, 32 bytes.';
COMMENT ON COLUMN sessions.token_id IS
    'The static token that it was begun with, whose name and role it has, and with which it ends: tokens.id; NULL: begun with OpenID Connect.';
COMMENT ON COLUMN sessions.name IS 'The person whom an OpenID Connect provider named; NULL: the name of the token.';
COMMENT ON COLUMN sessions.role IS
    'What the session may do, where there is no token: viewer, operator or admin; NULL: the role of the token.';
COMMENT ON COLUMN sessions.created_at IS 'When the session began.';
COMMENT ON COLUMN sessions.expires_at IS 'When the session ends.';
COMMENT ON INDEX sessions_pkey IS 'Finds the session of a cookie.';
COMMENT ON INDEX sessions_expiry IS 'Finds sessions that have expired.';
COMMENT ON INDEX sessions_token IS 'Finds the sessions that end with a token.';
