CREATE TABLE plain_pools (
    network_name text NOT NULL,
    cidr         cidr NOT NULL,
    pool_id      integer NOT NULL UNIQUE REFERENCES pools ON DELETE CASCADE,
    network_id   integer NOT NULL,
    isolated     boolean NOT NULL,
    PRIMARY KEY (network_name, cidr)
);
COMMENT ON TABLE plain_pools IS
    'The pools from which an ADD may take the lowest free address without further checks: no window, reuse delay, quota, hold or overlapping pool, not drained, and no owner with several addresses. Derived by choose_plain_pools().';
COMMENT ON COLUMN plain_pools.network_name IS 'Name of the network, as in pools; '''' is the default network.';
COMMENT ON COLUMN plain_pools.cidr IS 'CIDR of the pool, as in pools.';
COMMENT ON COLUMN plain_pools.pool_id IS 'The pool: pools.id.';
COMMENT ON COLUMN plain_pools.network_id IS 'The network of the pool: networks.id.';
COMMENT ON COLUMN plain_pools.isolated IS 'Whether the pool has its own address space, as in pools.';
COMMENT ON INDEX plain_pools_pkey IS 'An ADD finds its pool by network and CIDR.';
COMMENT ON INDEX plain_pools_pool_id_key IS 'Finds the row of a pool that changed.';
