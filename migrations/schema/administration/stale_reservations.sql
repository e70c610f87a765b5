CREATE VIEW stale_reservations AS
SELECT c.*, now() - c.reserved_at AS age
  FROM current_reservations c
 WHERE c.attachments = 0 AND c.owner_kind = 'pod' AND (NOT c.sticky OR c.expires_at <= now());
COMMENT ON VIEW stale_reservations IS 'Reservations of pods that no sandbox uses, and that are not sticky or have expired.';
COMMENT ON COLUMN stale_reservations.network IS 'Name of the network; '''' is the default network.';
COMMENT ON COLUMN stale_reservations.pool IS 'CIDR of the pool that the address was taken from.';
COMMENT ON COLUMN stale_reservations.pool_name IS 'Name of the pool; NULL: it has none.';
COMMENT ON COLUMN stale_reservations.address IS 'The address, without a prefix length.';
COMMENT ON COLUMN stale_reservations.owner_kind IS 'Kind of the owner: pod, static, claim, virtual_machine or workload.';
COMMENT ON COLUMN stale_reservations.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN stale_reservations.namespace IS
    'Kubernetes namespace of the owner; '''' if a static owner has none.';
COMMENT ON COLUMN stale_reservations.name IS 'Name of the pod, or of the person or device.';
COMMENT ON COLUMN stale_reservations.interface IS
    'Interface of the pod; '''' if it is unknown, or if a static owner has none.';
COMMENT ON COLUMN stale_reservations.uid IS
    'UID of the pod; NULL if the caller did not send it, and for static owners.';
COMMENT ON COLUMN stale_reservations.node IS
    'Node of the sandbox that attached last; '''' if no sandbox uses the address.';
COMMENT ON COLUMN stale_reservations.container_id IS
    'Sandbox that attached last; '''' if no sandbox uses the address.';
COMMENT ON COLUMN stale_reservations.sticky IS 'Whether the reservation stays when its last attachment ends.';
COMMENT ON COLUMN stale_reservations.expires_at IS 'When a sticky reservation that no sandbox uses expires; NULL: never.';
COMMENT ON COLUMN stale_reservations.reserved_at IS 'When the address was reserved.';
COMMENT ON COLUMN stale_reservations.description IS 'Why it was reserved; '''' if no reason was given.';
COMMENT ON COLUMN stale_reservations.network_id IS 'The network of the address: networks.id.';
COMMENT ON COLUMN stale_reservations.pool_id IS 'The pool that the address was taken from: pools.id.';
COMMENT ON COLUMN stale_reservations.attachments IS 'How many sandboxes use the address.';
COMMENT ON COLUMN stale_reservations.mac IS 'MAC address that the sandbox which attached last requested; NULL: none.';
COMMENT ON COLUMN stale_reservations.labels IS 'The operator''s labels, a JSON object whose values are strings; NULL: none.';
COMMENT ON COLUMN stale_reservations.age IS 'How long ago the address was reserved.';
