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
    'A known gateway of a pool, inside its CIDR or not. Its address is not assigned to pods; an address in use stays in use until it is released.';
COMMENT ON COLUMN gateways.id IS 'ID of the row.';
COMMENT ON COLUMN gateways.network_id IS 'The network of the pool: networks.id.';
COMMENT ON COLUMN gateways.address IS 'Address of the gateway, without a prefix length.';
COMMENT ON COLUMN gateways.pool_id IS 'The pool of the gateway: pools.id.';
COMMENT ON COLUMN gateways.cni_network IS
    'Name of the CNI network configuration that uses the gateway; NULL: pools.gateway, set by an operator.';
COMMENT ON COLUMN gateways.first_used_at IS 'When it was set, or first used by a configuration.';
COMMENT ON INDEX gateways_pkey IS 'Finds a gateway by its ID.';
COMMENT ON INDEX gateways_pool_id_address_cni_network_key IS 'One row for each pool, address and CNI network.';
COMMENT ON INDEX gateways_address IS 'Whether an address is a gateway.';
