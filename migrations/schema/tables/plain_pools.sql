CREATE TABLE plain_pools (
    network_name text NOT NULL,
    cidr         cidr NOT NULL,
    pool_id      integer NOT NULL UNIQUE REFERENCES pools ON DELETE CASCADE,
    network_id   integer NOT NULL,
    isolated     boolean NOT NULL,
    PRIMARY KEY (network_name, cidr)
);
COMMENT ON TABLE plain_pools IS
    'The pools of which an ADD may take the lowest free address without further checks: no window, reuse delay, quota or hold, not drained, no other pool overlaps it, no owner has several addresses of it. Derived: choose_plain_pools() keeps it.';
