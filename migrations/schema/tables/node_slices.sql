CREATE TABLE node_slices (
    pool_id    integer NOT NULL REFERENCES pools ON DELETE CASCADE,
    cluster    text NOT NULL,
    node       text NOT NULL,
    slice      cidr NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (pool_id, cluster, node),
    UNIQUE (pool_id, slice)
);
COMMENT ON TABLE node_slices IS 'The part of a pool from which one node draws (node_slice_size).';
