CREATE VIEW stale_reservations AS
SELECT c.*, now() - c.reserved_at AS age
  FROM current_reservations c
 WHERE c.attachments = 0 AND c.owner_kind = 'pod' AND (NOT c.sticky OR c.expires_at <= now());
COMMENT ON VIEW stale_reservations IS 'Reservations of pods that no sandbox uses, though they are not sticky, or past their time.';
COMMENT ON COLUMN stale_reservations.network IS 'Name of the network; '''' is the default network.';
COMMENT ON COLUMN stale_reservations.pool IS 'CIDR of the pool that the address was taken from.';
COMMENT ON COLUMN stale_reservations.pool_name IS 'Name of the pool; NULL: it has none.';
COMMENT ON COLUMN stale_reservations.address IS 'The address, without a prefix length.';
COMMENT ON COLUMN stale_reservations.owner_kind IS 'pod, or static for an owner that is no pod.';
COMMENT ON COLUMN stale_reservations.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN stale_reservations.namespace IS
    'Kubernetes namespace of the owner; '''' when a static owner has none.';
COMMENT ON COLUMN stale_reservations.name IS 'Name of the pod, or of the person or device.';
COMMENT ON COLUMN stale_reservations.interface IS
    'Interface of the pod; '''' when it is not known, or when a static owner has none.';
COMMENT ON COLUMN stale_reservations.uid IS
    'UID of the pod; NULL when the caller did not send it, and for static owners.';
COMMENT ON COLUMN stale_reservations.node IS
    'Node of the sandbox that attached last; '''' when no sandbox uses the address.';
COMMENT ON COLUMN stale_reservations.container_id IS
    'Sandbox that attached last; '''' when no sandbox uses the address.';
COMMENT ON COLUMN stale_reservations.sticky IS 'Whether the reservation stays when its last attachment ends.';
COMMENT ON COLUMN stale_reservations.expires_at IS 'When an unattached sticky reservation is given up; NULL: never.';
COMMENT ON COLUMN stale_reservations.reserved_at IS 'When the address was reserved.';
COMMENT ON COLUMN stale_reservations.description IS 'Why it was reserved; '''' when nothing was written.';
COMMENT ON COLUMN stale_reservations.network_id IS 'The network of the address: networks.id.';
COMMENT ON COLUMN stale_reservations.pool_id IS 'The pool that the address was taken from: pools.id.';
COMMENT ON COLUMN stale_reservations.attachments IS 'How many sandboxes use the address.';
COMMENT ON COLUMN stale_reservations.age IS 'How long ago the address was reserved.';
