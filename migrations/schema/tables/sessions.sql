-- Replicas share browser sessions. Deleting the row ends a session: a signed cookie alone would be valid
-- until it expires, and every replica would need the key.

CREATE TABLE sessions (
    digest     bytea PRIMARY KEY CHECK (length(digest) = 32),
    token_id   integer REFERENCES tokens ON DELETE CASCADE,
    name       text CHECK (name <> ''),
    role       text CHECK (role IN ('team', 'viewer', 'operator', 'admin')),
    namespaces text[],
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT sessions_whose CHECK (num_nonnulls(token_id, name) = 1 AND (name IS NULL) = (role IS NULL)),
    CONSTRAINT sessions_team CHECK ((coalesce(role, '') = 'team') = (coalesce(cardinality(namespaces), 0) > 0))
);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_token ON sessions (token_id);
COMMENT ON TABLE sessions IS 'Browser sessions. Only the SHA-256 of the cookie is stored.';
COMMENT ON COLUMN sessions.digest IS 'SHA-256 of the cookie, 32 bytes.';
COMMENT ON COLUMN sessions.token_id IS
    'The static token of the login, which gives the session its name and role, and ends it: tokens.id; NULL: a login with OpenID Connect.';
COMMENT ON COLUMN sessions.name IS 'The user''s name, from the OpenID Connect provider; NULL: the name of the token.';
COMMENT ON COLUMN sessions.role IS
    'Role of the session: team, viewer, operator or admin; NULL: the role of the token.';
COMMENT ON COLUMN sessions.namespaces IS
    'The namespaces that a team sees, in all clusters; NULL: not a team, or those of the token.';
COMMENT ON COLUMN sessions.created_at IS 'When the session began.';
COMMENT ON COLUMN sessions.expires_at IS 'When the session ends.';
COMMENT ON INDEX sessions_pkey IS 'Finds the session of a cookie.';
COMMENT ON INDEX sessions_expiry IS 'Finds sessions that have expired.';
COMMENT ON INDEX sessions_token IS 'Finds the sessions that end with a token.';
