CREATE TABLE tokens (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (name <> ''),
    role       text NOT NULL CHECK (role IN ('node', 'viewer', 'operator', 'admin')),
    cluster    text,
    node       text,
    digest     bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz
);
COMMENT ON TABLE tokens IS 'Static tokens. Only the SHA-256 of a token is kept: it has 256 random bits, so it needs no salt.';
COMMENT ON COLUMN tokens.node IS 'A node''s token acts for this node alone.';
