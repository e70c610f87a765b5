CREATE TABLE networks (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL DEFAULT '' CHECK (length(name) <= 253),
    isolated   cidr,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE NULLS NOT DISTINCT (name, isolated),
    UNIQUE (id, name)
);
COMMENT ON TABLE networks IS 'An address space, in which each address is unique.';
COMMENT ON COLUMN networks.id IS 'ID of the network; other tables refer to it.';
COMMENT ON COLUMN networks.name IS 'network_name of the CNI configuration; '''' is the default network.';
COMMENT ON COLUMN networks.isolated IS
    'The CIDR of the only pool of this space (enable_overlapping_ranges: false); NULL: pools share the space.';
COMMENT ON COLUMN networks.created_at IS 'When the network was created.';
COMMENT ON INDEX networks_pkey IS 'Finds a network by its ID.';
COMMENT ON INDEX networks_name_isolated_key IS 'One shared space per name, and one per isolated CIDR.';
COMMENT ON INDEX networks_id_name_key IS 'Target of the foreign key of pools, which have both ID and name.';
