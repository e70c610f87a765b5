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
