CREATE TABLE assignment_hold_pools (
    pool_id integer PRIMARY KEY REFERENCES pools ON DELETE CASCADE
);
COMMENT ON TABLE assignment_hold_pools IS
    'The pools that have been read since the hold began, and assign addresses again.';
COMMENT ON COLUMN assignment_hold_pools.pool_id IS 'A pool that has been read since the hold began: pools.id.';
COMMENT ON INDEX assignment_hold_pools_pkey IS 'Whether a pool has been read.';
