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
COMMENT ON COLUMN sessions.token_id IS 'The static token that it was begun with: name and role are its, and it ends with it.';
COMMENT ON COLUMN sessions.name IS 'Whoever an OpenID Connect provider has named, where there is no token.';
