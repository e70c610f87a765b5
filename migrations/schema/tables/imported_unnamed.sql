CREATE TABLE imported_unnamed (
    network_id integer NOT NULL,
    address    host_address NOT NULL,
    PRIMARY KEY (network_id, address)
);
COMMENT ON TABLE imported_unnamed IS
    'Addresses that were imported without the name of their interface; those of which the reservation still has none are given to the first interface of the pod that asks.';
COMMENT ON COLUMN imported_unnamed.network_id IS 'The network of the address: networks.id.';
COMMENT ON COLUMN imported_unnamed.address IS 'The address of the reservation.';
COMMENT ON INDEX imported_unnamed_pkey IS 'Whether an address was imported without an interface.';
