CREATE TABLE gateways (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id    integer NOT NULL,
    address       host_address NOT NULL,
    pool_id       integer NOT NULL REFERENCES pools ON DELETE CASCADE,
    cni_network   text,
    first_used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE NULLS NOT DISTINCT (pool_id, address, cni_network)
);
CREATE INDEX gateways_address ON gateways (network_id, address);
COMMENT ON TABLE gateways IS
    'Every known gateway of a pool, inside its CIDR or not: its address is not assigned to pods. One in use goes out of use when it is released.';
COMMENT ON COLUMN gateways.cni_network IS
    'Name of the CNI network configuration that uses the gateway; NULL: pools.gateway, set by an operator.';
