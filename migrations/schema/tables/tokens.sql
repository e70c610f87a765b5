CREATE TABLE tokens (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (name <> ''),
    role       text NOT NULL CHECK (role IN ('node', 'team', 'viewer', 'operator', 'admin')),
    cluster    text,
    node       text,
    namespaces text[],
    digest     bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT tokens_team CHECK ((role = 'team') = (coalesce(cardinality(namespaces), 0) > 0))
);
COMMENT ON TABLE tokens IS
    'Static tokens. Only the SHA-256 is stored; a token has 256 random bits, so it needs no salt.';
COMMENT ON COLUMN tokens.id IS 'ID of the token.';
COMMENT ON COLUMN tokens.name IS 'Name of the token: the actor of its changes.';
COMMENT ON COLUMN tokens.role IS 'Role: node, team, viewer, operator or admin.';
COMMENT ON COLUMN tokens.cluster IS 'The only cluster for which a node token is valid; NULL: every cluster.';
COMMENT ON COLUMN tokens.node IS 'The only node for which a node token is valid; NULL: every node.';
COMMENT ON COLUMN tokens.namespaces IS 'The namespaces that a team sees, in all clusters; NULL: not a team.';
COMMENT ON COLUMN tokens.digest IS 'SHA-256 of the token, 32 bytes.';
COMMENT ON COLUMN tokens.created_at IS 'When the token was created.';
COMMENT ON COLUMN tokens.expires_at IS 'When the token expires; NULL: never.';
COMMENT ON COLUMN tokens.revoked_at IS 'When the token was revoked; NULL: it is valid.';
COMMENT ON INDEX tokens_pkey IS 'Finds a token by its ID.';
COMMENT ON INDEX tokens_name_key IS 'One token per name.';
COMMENT ON INDEX tokens_digest_key IS 'Finds the token of a request.';
