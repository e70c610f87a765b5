CREATE TABLE imported_unnamed (
    network_id integer NOT NULL,
    address    host_address NOT NULL,
    PRIMARY KEY (network_id, address)
);
COMMENT ON TABLE imported_unnamed IS
    'Addresses that were imported without an interface. While the reservation has none, the first interface of the pod that asks gets the address.';
COMMENT ON COLUMN imported_unnamed.network_id IS 'The network of the address: networks.id.';
COMMENT ON COLUMN imported_unnamed.address IS 'The address of the reservation.';
COMMENT ON INDEX imported_unnamed_pkey IS 'Whether an address was imported without an interface.';
