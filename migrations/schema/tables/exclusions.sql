CREATE TABLE exclusions (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id integer NOT NULL REFERENCES networks,
    first      host_address NOT NULL,
    last       host_address NOT NULL,
    reason     text NOT NULL DEFAULT '',
    requests_only boolean NOT NULL DEFAULT false,
    name       text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT exclusions_name CHECK (name IS NULL OR requests_only AND name ~ '^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$'),
    CHECK (first <= last AND family(first) = family(last))
);
CREATE UNIQUE INDEX exclusions_last ON exclusions (network_id, last);
COMMENT ON TABLE exclusions IS
    'Addresses that are not assigned automatically, first to last inclusive. Addresses in use stay in use until they are released.';
COMMENT ON COLUMN exclusions.id IS 'ID of the exclusion.';
COMMENT ON COLUMN exclusions.network_id IS 'The network of the addresses: networks.id.';
COMMENT ON COLUMN exclusions.first IS 'First address.';
COMMENT ON COLUMN exclusions.last IS 'Last address, inclusive.';
COMMENT ON COLUMN exclusions.reason IS 'Reason, in the operator''s words; '''' if none was given.';
COMMENT ON COLUMN exclusions.requests_only IS
    'Whether a request may still take the addresses: an ADD or a reservation that names the address.';
COMMENT ON COLUMN exclusions.name IS
    'Name that candidates may give instead of addresses; several exclusions of a network may share it. NULL: none.';
COMMENT ON COLUMN exclusions.created_at IS 'When it was created.';
COMMENT ON INDEX exclusions_pkey IS 'Finds an exclusion by its ID.';
COMMENT ON INDEX exclusions_last IS 'Whether an address is excluded.';
