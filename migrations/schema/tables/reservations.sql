CREATE TABLE reservations (
    network_id      integer NOT NULL,
    address         host_address NOT NULL,
    pool_id         integer NOT NULL,
    owner_kind      owner_kind NOT NULL DEFAULT 'pod',
    owner_cluster   text NOT NULL DEFAULT '',
    owner_namespace text NOT NULL DEFAULT '',
    owner_name      text NOT NULL,
    owner_interface text NOT NULL DEFAULT '',
    owner_uid       text,
    slot            integer NOT NULL DEFAULT 0,
    sticky          boolean NOT NULL DEFAULT false,
    sticky_ttl      interval,
    expires_at      timestamptz,
    policy_source   policy_source NOT NULL DEFAULT 'nad',
    reuse_delay     interval,
    node            text NOT NULL DEFAULT '',
    container_id    text NOT NULL DEFAULT '',
    description     text NOT NULL DEFAULT '',
    reserved_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenure_id       bigint NOT NULL DEFAULT nextval('tenures_id_seq'),
    labels          jsonb,
    PRIMARY KEY (network_id, address),
    CONSTRAINT reservations_owner
        UNIQUE (owner_namespace, owner_name, pool_id, owner_interface, owner_cluster, slot, owner_kind)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX reservations_expiry ON reservations (network_id, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX reservations_slots ON reservations (pool_id) WHERE slot > 0;
CREATE INDEX reservations_labels ON reservations USING gin (labels jsonb_path_ops) WHERE labels IS NOT NULL;
COMMENT ON TABLE reservations IS 'An address and its owner. The primary key is the guarantee: one owner per address.';
COMMENT ON COLUMN reservations.network_id IS 'The network of the address: networks.id.';
COMMENT ON COLUMN reservations.address IS 'The address, without a prefix length.';
COMMENT ON COLUMN reservations.pool_id IS 'The pool that the address was taken from: pools.id.';
COMMENT ON COLUMN reservations.owner_kind IS 'Kind of the owner: pod, static, claim, virtual_machine or workload.';
COMMENT ON COLUMN reservations.owner_cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN reservations.owner_namespace IS
    'Kubernetes namespace of the owner; '''' if a static owner has none.';
COMMENT ON COLUMN reservations.owner_name IS 'Name of the owner: a pod, a person or device, a claim, a virtual machine, or a workload.';
COMMENT ON COLUMN reservations.owner_interface IS
    'Interface of the pod; '''' if it is unknown, or if a static owner has none.';
COMMENT ON COLUMN reservations.owner_uid IS
    'UID of the pod; NULL if the caller did not send it, and for static owners.';
COMMENT ON COLUMN reservations.slot IS 'Distinguishes several addresses of one owner in one pool.';
COMMENT ON COLUMN reservations.sticky IS 'Whether the reservation stays when its last attachment ends.';
COMMENT ON COLUMN reservations.sticky_ttl IS
    'How long a sticky reservation stays without an attachment; NULL: until it is released.';
COMMENT ON COLUMN reservations.expires_at IS 'When a sticky reservation that no sandbox uses expires; NULL: never.';
COMMENT ON COLUMN reservations.policy_source IS
    'The source of sticky, sticky_ttl and reuse_delay. An ADD that attaches to an existing reservation does not change them.';
COMMENT ON COLUMN reservations.reuse_delay IS
    'Quarantine after the release, from the NAD or the server''s default; the pool''s applies if it is longer. NULL: only the pool''s applies.';
COMMENT ON COLUMN reservations.node IS 'Node of the sandbox that attached last; '''' if no sandbox uses the address.';
COMMENT ON COLUMN reservations.container_id IS 'Sandbox that attached last; '''' if no sandbox uses the address.';
COMMENT ON COLUMN reservations.description IS
    'Why it was reserved, in the words of its creator; '''' if none were given.';
COMMENT ON COLUMN reservations.reserved_at IS 'When the address was reserved.';
COMMENT ON COLUMN reservations.tenure_id IS 'The open tenure of this reservation: tenures.id.';
COMMENT ON COLUMN reservations.labels IS 'The operator''s labels, a JSON object whose values are strings; NULL: none.';
COMMENT ON INDEX reservations_pkey IS
    'The guarantee itself: one owner per address. Also finds an address, and counts the addresses of a pool.';
COMMENT ON INDEX reservations_owner IS
    'ADD finds the addresses of its owner; search by pod. One reservation for each owner, pool and slot.';
COMMENT ON INDEX reservations_expiry IS 'Finds expired reservations; contains only reservations that expire.';
COMMENT ON INDEX reservations_slots IS 'Finds owners that hold several addresses of a pool.';
COMMENT ON INDEX reservations_labels IS 'Finds reservations by label; contains only those with labels.';
