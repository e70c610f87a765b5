CREATE TABLE networks (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL DEFAULT '' CHECK (length(name) <= 253),
    isolated   cidr,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE NULLS NOT DISTINCT (name, isolated),
    UNIQUE (id, name)
);
COMMENT ON TABLE networks IS 'An address space: the domain in which an address is unique.';
COMMENT ON COLUMN networks.name IS 'network_name of the CNI configuration; '''' is the default network.';
COMMENT ON COLUMN networks.isolated IS 'Set where one pool has a space of its own (enable_overlapping_ranges: false).';
