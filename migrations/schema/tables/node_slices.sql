CREATE TABLE node_slices (
    pool_id    integer NOT NULL REFERENCES pools ON DELETE CASCADE,
    cluster    text NOT NULL,
    node       text NOT NULL,
    slice      cidr NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (pool_id, cluster, node),
    UNIQUE (pool_id, slice)
);
COMMENT ON TABLE node_slices IS 'The part of a pool from which one node gets addresses (node_slice_size).';
COMMENT ON COLUMN node_slices.pool_id IS 'The pool: pools.id.';
COMMENT ON COLUMN node_slices.cluster IS 'Cluster of the node; '''' is a cluster without a name.';
COMMENT ON COLUMN node_slices.node IS 'Name of the node.';
COMMENT ON COLUMN node_slices.slice IS 'The part of the CIDR from which the node gets addresses.';
COMMENT ON COLUMN node_slices.created_at IS 'When the node got the slice.';
COMMENT ON INDEX node_slices_pkey IS 'Finds the slice of a node.';
COMMENT ON INDEX node_slices_pool_id_slice_key IS 'A slice belongs to one node.';
