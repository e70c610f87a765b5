-- The bare floor: one row with one key.
INSERT INTO floor_row (network_id, address, owner_namespace, owner_name, owner_interface, node, container_id)
VALUES (1, '10.0.0.0'::inet + nextval('floor_numbers'), 'default', 'pod-' || :client_id || '-' || random(), 'net1', 'node1', 'c-' || :client_id || random());
