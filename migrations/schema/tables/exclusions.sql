CREATE TABLE exclusions (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id integer NOT NULL REFERENCES networks,
    first      host_address NOT NULL,
    last       host_address NOT NULL,
    reason     text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (first <= last AND family(first) = family(last))
);
CREATE UNIQUE INDEX exclusions_last ON exclusions (network_id, last);
COMMENT ON TABLE exclusions IS
    'Addresses kept out of use, first to last inclusive. Those in use when it was made go out of use when they are released.';
COMMENT ON COLUMN exclusions.id IS 'Number of the exclusion.';
COMMENT ON COLUMN exclusions.network_id IS 'The network of the addresses: networks.id.';
COMMENT ON COLUMN exclusions.first IS 'First address.';
COMMENT ON COLUMN exclusions.last IS 'Last address, inclusive.';
COMMENT ON COLUMN exclusions.reason IS 'Why, as the operator wrote it; '''' when nothing was written.';
COMMENT ON COLUMN exclusions.created_at IS 'When it was made.';
COMMENT ON INDEX exclusions_pkey IS 'Finds an exclusion by its number.';
COMMENT ON INDEX exclusions_last IS 'Whether an address is excluded.';
