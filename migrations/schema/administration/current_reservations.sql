CREATE VIEW current_reservations AS
SELECT n.name AS network, p.cidr AS pool, p.name AS pool_name, r.address, r.owner_kind, r.owner_cluster AS cluster,
       r.owner_namespace AS namespace, r.owner_name AS name, r.owner_interface AS interface, r.owner_uid AS uid,
       r.node, r.container_id, r.sticky, r.expires_at, r.reserved_at, r.description,
       r.network_id, r.pool_id,
       (SELECT count(*) FROM attachments a
         WHERE a.network_id = r.network_id AND a.address = r.address) AS attachments,
       (SELECT a.mac FROM attachments a
         WHERE a.network_id = r.network_id AND a.address = r.address ORDER BY a.attached_at DESC LIMIT 1) AS mac,
       r.labels
  FROM reservations r
  JOIN pools p ON p.id = r.pool_id
  JOIN networks n ON n.id = r.network_id;
COMMENT ON VIEW current_reservations IS 'Every address in use, with its owner and its location.';
COMMENT ON COLUMN current_reservations.network IS 'Name of the network; '''' is the default network.';
COMMENT ON COLUMN current_reservations.pool IS 'CIDR of the pool that the address was taken from.';
COMMENT ON COLUMN current_reservations.pool_name IS 'Name of the pool; NULL: it has none.';
COMMENT ON COLUMN current_reservations.address IS 'The address, without a prefix length.';
COMMENT ON COLUMN current_reservations.owner_kind IS 'Kind of the owner: pod, static, claim, virtual_machine or workload.';
COMMENT ON COLUMN current_reservations.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN current_reservations.namespace IS
    'Kubernetes namespace of the owner; '''' if a static owner has none.';
COMMENT ON COLUMN current_reservations.name IS 'Name of the pod, or of the person or device.';
COMMENT ON COLUMN current_reservations.interface IS
    'Interface of the pod; '''' if it is unknown, or if a static owner has none.';
COMMENT ON COLUMN current_reservations.uid IS
    'UID of the pod; NULL if the caller did not send it, and for static owners.';
COMMENT ON COLUMN current_reservations.node IS
    'Node of the sandbox that attached last; '''' if no sandbox uses the address.';
COMMENT ON COLUMN current_reservations.container_id IS
    'Sandbox that attached last; '''' if no sandbox uses the address.';
COMMENT ON COLUMN current_reservations.sticky IS 'Whether the reservation stays when its last attachment ends.';
COMMENT ON COLUMN current_reservations.expires_at IS 'When a sticky reservation that no sandbox uses expires; NULL: never.';
COMMENT ON COLUMN current_reservations.reserved_at IS 'When the address was reserved.';
COMMENT ON COLUMN current_reservations.description IS 'Why it was reserved; '''' if no reason was given.';
COMMENT ON COLUMN current_reservations.network_id IS 'The network of the address: networks.id.';
COMMENT ON COLUMN current_reservations.pool_id IS 'The pool that the address was taken from: pools.id.';
COMMENT ON COLUMN current_reservations.attachments IS 'How many sandboxes use the address.';
COMMENT ON COLUMN current_reservations.mac IS 'MAC address that the sandbox which attached last requested; NULL: none.';
COMMENT ON COLUMN current_reservations.labels IS 'The operator''s labels, a JSON object whose values are strings; NULL: none.';
