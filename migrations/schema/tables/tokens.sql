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
COMMENT ON TABLE tokens IS
    'Static tokens. Only the SHA-256 of a token is kept: it has 256 random bits, so it needs no salt.';
COMMENT ON COLUMN tokens.id IS 'Number of the token.';
COMMENT ON COLUMN tokens.name IS 'Name of the token: the actor of what is done with it.';
COMMENT ON COLUMN tokens.role IS 'What it may do: node, viewer, operator or admin.';
COMMENT ON COLUMN tokens.cluster IS 'A node token acts for this cluster alone; NULL: for every cluster.';
COMMENT ON COLUMN tokens.node IS 'A node token acts for this node alone; NULL: for every node.';
COMMENT ON COLUMN tokens.digest IS 'SHA-256 of the token, 32 bytes.';
COMMENT ON COLUMN tokens.created_at IS 'When the token was made.';
COMMENT ON COLUMN tokens.expires_at IS 'When the token expires; NULL: never.';
COMMENT ON COLUMN tokens.revoked_at IS 'When the token was revoked; NULL: it is valid.';
COMMENT ON INDEX tokens_pkey IS 'Finds a token by its number.';
COMMENT ON INDEX tokens_name_key IS 'One token per name.';
COMMENT ON INDEX tokens_digest_key IS 'Finds the token of a request.';
