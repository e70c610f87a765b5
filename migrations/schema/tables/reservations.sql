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
    PRIMARY KEY (network_id, address),
    CONSTRAINT reservations_owner
        UNIQUE (owner_namespace, owner_name, pool_id, owner_interface, owner_cluster, slot, owner_kind)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX reservations_expiry ON reservations (network_id, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX reservations_slots ON reservations (pool_id) WHERE slot > 0;
COMMENT ON TABLE reservations IS 'An address and its owner. The primary key is the promise: one owner an address.';
COMMENT ON COLUMN reservations.slot IS 'Tells apart several addresses of one owner in one pool.';
COMMENT ON COLUMN reservations.node IS 'Node of the sandbox that attached last; '''' when no sandbox uses the address.';
COMMENT ON COLUMN reservations.container_id IS 'Sandbox that attached last; '''' when no sandbox uses the address.';
COMMENT ON COLUMN reservations.expires_at IS 'When an unattached sticky reservation is given up; NULL: never.';
COMMENT ON COLUMN reservations.policy_source IS
    'Who set sticky, sticky_ttl and reuse_delay. An ADD attaches to an existing reservation and changes none of them.';
COMMENT ON COLUMN reservations.reuse_delay IS
    'Quarantine after the release, from the NAD or the server''s default; the longer of this and the pool''s counts.';
COMMENT ON COLUMN reservations.tenure_id IS 'The open tenure of this reservation.';
