CREATE TABLE comments (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id integer NOT NULL REFERENCES networks ON DELETE CASCADE,
    address    host_address,
    pool_id    integer REFERENCES pools ON DELETE CASCADE,
    author     text NOT NULL CHECK (author <> ''),
    text       text NOT NULL CHECK (length(text) BETWEEN 1 AND 4096),
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT comments_about CHECK (num_nonnulls(address, pool_id) = 1)
);
CREATE INDEX comments_address ON comments (network_id, address) WHERE address IS NOT NULL;
CREATE INDEX comments_pool ON comments (pool_id) WHERE pool_id IS NOT NULL;
COMMENT ON TABLE comments IS
    'Comments on an address or a pool. A comment on an address stays when the reservation ends.';
COMMENT ON COLUMN comments.id IS 'ID of the comment; later ones have higher ones.';
COMMENT ON COLUMN comments.network_id IS 'The network of the address or the pool: networks.id.';
COMMENT ON COLUMN comments.address IS 'The address; NULL: the comment is about a pool.';
COMMENT ON COLUMN comments.pool_id IS 'The pool: pools.id; NULL: the comment is about an address.';
COMMENT ON COLUMN comments.author IS 'The caller that wrote it.';
COMMENT ON COLUMN comments.text IS 'The text, up to 4,096 characters; it has no markup.';
COMMENT ON COLUMN comments.written_at IS 'When it was written.';
COMMENT ON INDEX comments_pkey IS 'Finds a comment by its ID.';
COMMENT ON INDEX comments_address IS 'The comments on an address.';
COMMENT ON INDEX comments_pool IS 'The comments on a pool, also when it is deleted.';
