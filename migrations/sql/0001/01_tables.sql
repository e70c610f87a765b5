-- The tables of the schema "rowhouse". Every address in use is one row of "reservations".
--
-- The hot tables (free_ranges, reservations, attachments, tenures) carry their rules as domains, enums,
-- keys and triggers instead of CHECK constraints: PostgreSQL parses a CHECK anew for every statement,
-- which was a third of the cost of an allocation.

CREATE DOMAIN host_address AS inet
    CHECK (masklen(VALUE) = CASE family(VALUE) WHEN 4 THEN 32 ELSE 128 END);
COMMENT ON DOMAIN host_address IS 'One address, without a prefix length: inet with a full mask.';

CREATE FUNCTION address_key(address inet) RETURNS int8range
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN int8range(
    CASE family(address) WHEN 4 THEN address - inet '0.0.0.0'
                         ELSE (address & inet '::3fff:ffff:ffff:ffff') - inet '::' END,
    CASE family(address) WHEN 4 THEN address - inet '0.0.0.0'
                         ELSE (address & inet '::3fff:ffff:ffff:ffff') - inet '::' END, '[]');
COMMENT ON FUNCTION address_key(inet) IS
    'The last 62 bits of an address as a range of one number: what a GiST index finds in four pages, where inet_ops reads hundreds.';

CREATE TYPE owner_kind AS ENUM ('pod', 'static');
COMMENT ON TYPE owner_kind IS 'A pod''s interface, or a person or device that holds an address reserved by hand.';

CREATE TYPE policy_source AS ENUM ('nad', 'operator');
COMMENT ON TYPE policy_source IS 'Where the policy of a reservation comes from: the NAD of the first ADD, or an operator.';

CREATE TABLE networks (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL DEFAULT '' CHECK (length(name) <= 253),
    isolated   cidr,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE NULLS NOT DISTINCT (name, isolated),
    UNIQUE (id, name)
);
COMMENT ON TABLE networks IS 'An address space: the domain in which an address is unique.';
COMMENT ON COLUMN networks.name IS 'network_name of the CNI configuration; '''' is the default network.';
COMMENT ON COLUMN networks.isolated IS 'Set where one pool has a space of its own (enable_overlapping_ranges: false).';

CREATE TABLE pools (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id   integer NOT NULL,
    network_name text NOT NULL,
    cidr         cidr NOT NULL,
    name         text UNIQUE CHECK (name <> ''),
    gateway      inet,
    window_first host_address,
    window_last  host_address,
    reuse_delay  interval NOT NULL DEFAULT '0' CHECK (reuse_delay BETWEEN '0' AND '100 years'),
    labels       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(labels) = 'object'),
    description  text NOT NULL DEFAULT '',
    drained      boolean NOT NULL DEFAULT false,
    isolated     boolean NOT NULL DEFAULT false,
    version      integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (network_name, cidr),
    FOREIGN KEY (network_id, network_name) REFERENCES networks (id, name),
    CHECK (family(gateway) = family(cidr) OR gateway IS NULL),
    CHECK (window_first IS NULL OR window_first <<= cidr),
    CHECK (window_last IS NULL OR window_last <<= cidr),
    CHECK (window_first <= window_last)
);
CREATE INDEX pools_cidr ON pools USING gist (cidr inet_ops);
CREATE INDEX pools_network ON pools (network_id);
COMMENT ON TABLE pools IS 'A CIDR of a network from which addresses are given out.';
COMMENT ON COLUMN pools.name IS 'The name by which a NAD may refer to the pool instead of spelling a range.';
COMMENT ON COLUMN pools.window_first IS 'First address given out to callers that name the pool; NULL: the first usable one.';
COMMENT ON COLUMN pools.window_last IS 'Last address given out to callers that name the pool; NULL: the last usable one.';
COMMENT ON COLUMN pools.drained IS 'Gives out no further address; those in use stay.';
COMMENT ON COLUMN pools.isolated IS 'Whether the pool has an address space of its own. Set by a trigger from networks.isolated.';
COMMENT ON COLUMN pools.version IS 'Counts the changes of the row: the ETag of the API.';
COMMENT ON COLUMN pools.reuse_delay IS 'How long a released address is quarantined before it is given out again.';

-- Keyed by the last address: taking the first address of a run only moves "first", which no index
-- holds, so the hot path of an allocation is a heap-only update.
CREATE TABLE free_ranges (
    network_id  integer NOT NULL,
    quarantined boolean NOT NULL DEFAULT false,
    first       host_address NOT NULL,
    last        host_address NOT NULL,
    free_from   timestamptz NOT NULL,
    previous_owner text,
    PRIMARY KEY (network_id, quarantined, last)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500,
        autovacuum_vacuum_cost_delay = 0);
CREATE INDEX free_ranges_quarantine ON free_ranges (network_id, free_from) WHERE quarantined;
CREATE INDEX free_ranges_previous_owner ON free_ranges (previous_owner) WHERE quarantined;
COMMENT ON TABLE free_ranges IS
    'A run of free addresses, first to last inclusive. Free space belongs to the network, not to a pool: overlapping pools draw from the same rows.';
COMMENT ON COLUMN free_ranges.free_from IS 'Since when, or from when on, the addresses may be given out; no new tenure begins earlier.';
COMMENT ON COLUMN free_ranges.quarantined IS
    'Released with a reuse delay: not assigned before free_from, except to the previous owner. Also kept while the address is excluded or in no pool.';
COMMENT ON COLUMN free_ranges.previous_owner IS 'owner_key() of the last owner of a quarantined address; NULL for other runs.';

CREATE TABLE tenures (
    id              bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    network_id      integer NOT NULL,
    address         host_address NOT NULL,
    pool_id         integer NOT NULL,
    during          tstzrange NOT NULL,
    owner_kind      owner_kind NOT NULL,
    owner_cluster   text NOT NULL,
    owner_namespace text NOT NULL,
    owner_name      text NOT NULL,
    owner_interface text NOT NULL,
    owner_uid       text,
    node            text NOT NULL,
    container_id    text NOT NULL,
    started_by      text NOT NULL,
    start_reason    text NOT NULL,
    ended_by        text,
    end_reason      text,
    CONSTRAINT tenures_one_owner_at_a_time
        -- The key comes first, since it is what the index is good at; that equal addresses have equal
        -- keys is all that matters for the promise, which the address itself makes.
        EXCLUDE USING gist (address_key(address) WITH =,
                            during WITH &&,
                            address inet_ops WITH =,
                            int4range(network_id, network_id, '[]') WITH =)
) WITH (fillfactor = 90);
CREATE INDEX tenures_address ON tenures (address);
CREATE INDEX tenures_owner ON tenures (owner_namespace, owner_name);
COMMENT ON TABLE tenures IS 'History: who held which address, where, and during what time. An open upper bound is the present.';
COMMENT ON CONSTRAINT tenures_one_owner_at_a_time ON tenures IS 'No address of a network has two owners at once.';

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

CREATE TABLE attachments (
    cluster      text NOT NULL,
    container_id text NOT NULL,
    interface    text NOT NULL,
    network_id   integer NOT NULL,
    address      host_address NOT NULL,
    node         text NOT NULL,
    cni_network  text NOT NULL DEFAULT '',
    pod_uid      text,
    attached_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (cluster, container_id, interface, network_id, address),
    FOREIGN KEY (network_id, address) REFERENCES reservations ON DELETE CASCADE ON UPDATE CASCADE
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX attachments_reservation ON attachments (network_id, address);
CREATE INDEX attachments_node ON attachments (node, cluster);
COMMENT ON TABLE attachments IS 'A sandbox that uses a reservation; the last one that goes releases it.';
COMMENT ON COLUMN attachments.container_id IS
    'CNI_CONTAINERID; '''' when the pod was imported while it ran: the first call of its sandbox fills it in.';
COMMENT ON COLUMN attachments.node IS 'Node of the sandbox; '''' when an import did not tell it.';
COMMENT ON COLUMN attachments.cni_network IS 'Name of the CNI network configuration: the scope of a CNI GC.';

CREATE TABLE node_slices (
    pool_id    integer NOT NULL REFERENCES pools ON DELETE CASCADE,
    cluster    text NOT NULL,
    node       text NOT NULL,
    slice      cidr NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (pool_id, cluster, node),
    UNIQUE (pool_id, slice)
);
COMMENT ON TABLE node_slices IS 'The part of a pool from which one node draws (node_slice_size).';

CREATE TABLE audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text NOT NULL,
    action     text NOT NULL,
    object     text NOT NULL,
    before     jsonb,
    after      jsonb,
    request_id text
);
CREATE INDEX audit_log_at ON audit_log (at);
CREATE INDEX audit_log_object ON audit_log (object);
COMMENT ON TABLE audit_log IS 'Every administrative change: who, what, before and after. Append-only.';
COMMENT ON COLUMN audit_log.actor IS 'The caller that the server knows, or the database user of a manual change.';

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

CREATE TABLE gateways (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id    integer NOT NULL,
    address       host_address NOT NULL,
    pool_id       integer NOT NULL REFERENCES pools ON DELETE CASCADE,
    cni_network   text,
    first_used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE NULLS NOT DISTINCT (pool_id, address, cni_network)
);
CREATE INDEX gateways_address ON gateways (network_id, address);
COMMENT ON TABLE gateways IS
    'Every known gateway of a pool, inside its CIDR or not: its address is not assigned to pods. One in use goes out of use when it is released.';
COMMENT ON COLUMN gateways.cni_network IS
    'Name of the CNI network configuration that uses the gateway; NULL: pools.gateway, set by an operator.';

CREATE TABLE assignment_hold (
    id     integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    reason text NOT NULL,
    actor  text NOT NULL,
    since  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE assignment_hold IS
    'One row while a restore or an import is under way: an ADD gets no new address of a pool that was not read yet.';

CREATE TABLE assignment_hold_pools (
    pool_id integer PRIMARY KEY REFERENCES pools ON DELETE CASCADE
);
COMMENT ON TABLE assignment_hold_pools IS 'The pools that were read since the hold began, and so assign addresses again.';

CREATE TABLE quotas (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    namespace text NOT NULL CHECK (namespace <> ''),
    pool_id   integer REFERENCES pools ON DELETE CASCADE,
    addresses integer NOT NULL CHECK (addresses >= 0),
    UNIQUE NULLS NOT DISTINCT (namespace, pool_id)
);
COMMENT ON TABLE quotas IS 'How many addresses a namespace may hold, in one pool or (pool_id NULL) in all.';

CREATE TABLE plain_pools (
    network_name text NOT NULL,
    cidr         cidr NOT NULL,
    pool_id      integer NOT NULL UNIQUE REFERENCES pools ON DELETE CASCADE,
    network_id   integer NOT NULL,
    isolated     boolean NOT NULL,
    PRIMARY KEY (network_name, cidr)
);
COMMENT ON TABLE plain_pools IS
    'The pools of which an ADD may take the lowest free address without further checks: no window, reuse delay, quota or hold, not drained, no other pool overlaps it, no owner has several addresses of it. Derived: choose_plain_pools() keeps it.';

CREATE TABLE tokens (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (name <> ''),
    role       text NOT NULL CHECK (role IN ('node', 'viewer', 'operator', 'admin')),
    cluster    text,
    node       text,
    digest     bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz
);
COMMENT ON TABLE tokens IS 'Static tokens. Only the SHA-256 of a token is kept: it has 256 random bits, so it needs no salt.';
COMMENT ON COLUMN tokens.node IS 'A node''s token acts for this node alone.';

CREATE TABLE idempotency_keys (
    actor      text NOT NULL,
    key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request    bytea NOT NULL,
    status     integer,
    body       text,
    headers    jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
COMMENT ON TABLE idempotency_keys IS 'Answers of the API to requests with an Idempotency-Key, kept for a day.';
COMMENT ON COLUMN idempotency_keys.request IS 'SHA-256 of method, path and body: the same key with another request is an error.';
COMMENT ON COLUMN idempotency_keys.status IS 'NULL while the first request is under way.';
