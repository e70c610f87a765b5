-- Before the roll-out: the code of the release before goes on working.

-- schema/errors/error_codes.sql
CREATE OR REPLACE VIEW error_codes (sqlstate, name, meaning) AS VALUES
    -- Three digits are the CNI error code that the plugin reports.
    ('RH007', 'invalid_config', 'the configuration cannot be served: no such pool, or an address conflict'),
    ('RH011', 'try_again', 'the pool holds back new addresses for now'),
    ('RH100', 'pool_exhausted', 'no free address, or no free slice, in a range'),
    ('RH101', 'address_taken', 'the address is reserved, quarantined or not free'),
    ('RH102', 'address_outside_ranges', 'the address is outside the ranges that may be assigned'),
    ('RH104', 'quota_exceeded', 'a quota does not allow another address'),
    ('RH110', 'not_allowed', 'the caller may not do this'),
    -- Letters: the condition has no CNI error code of its own.
    ('RHATT', 'attached_elsewhere', 'the address of the pod is attached on another node'),
    ('RHISO', 'isolated_pool', 'the pool is isolated, and the configuration shares its addresses'),
    ('RHNFD', 'not_found', 'the pool, network or reservation does not exist'),
    ('RHOLD', 'outdated', 'the object has changed since the caller read it'),
    ('RHUID', 'unconfirmed_object', 'the uid of the owner''s object may be out of date; read the object, and repeat the call'),
    ('RHWAY', 'in_the_way', 'the current state does not allow this change; force often does');
COMMENT ON VIEW error_codes IS
    'The SQLSTATEs that Rowhouse''s functions raise. Three digits are the CNI error code; a code with letters has none.';
COMMENT ON COLUMN error_codes.sqlstate IS 'The code that drivers and psql (\errverbose) report.';
COMMENT ON COLUMN error_codes.name IS 'The name by which functions raise it.';
COMMENT ON COLUMN error_codes.meaning IS 'The meaning of the condition.';

-- schema/addresses/address_key.sql
CREATE OR REPLACE FUNCTION address_key(address inet) RETURNS int8range
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN int8range(
    CASE family(address) WHEN 4 THEN address - inet '0.0.0.0'
                         ELSE (address & inet '::3fff:ffff:ffff:ffff') - inet '::' END,
    CASE family(address) WHEN 4 THEN address - inet '0.0.0.0'
                         ELSE (address & inet '::3fff:ffff:ffff:ffff') - inet '::' END, '[]');
COMMENT ON FUNCTION address_key(inet) IS
    'The last 62 bits of an address as a range of one number. A GiST index finds it in four pages; with inet_ops it reads hundreds.';

-- schema/addresses/block_of.sql
CREATE OR REPLACE FUNCTION block_of(address inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN set_masklen(address, CASE family(address) WHEN 4 THEN 26 ELSE 122 END);
COMMENT ON FUNCTION block_of(inet) IS
    'The aligned block of 64 addresses that contains an address: large runs are split at blocks, for concurrent writers.';

-- schema/addresses/first_usable.sql
CREATE OR REPLACE FUNCTION first_usable(block cidr) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN masklen(block) >= CASE family(block) WHEN 4 THEN 31 ELSE 127 END
            THEN first_address(block) ELSE first_address(block) + 1 END;
COMMENT ON FUNCTION first_usable(cidr) IS 'First address after the network address; a /31 or /32 is used completely (RFC 3021).';

-- schema/addresses/last_usable.sql
CREATE OR REPLACE FUNCTION last_usable(block cidr) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN masklen(block) >= CASE family(block) WHEN 4 THEN 31 ELSE 127 END
            THEN last_address(block) ELSE last_address(block) - 1 END;
COMMENT ON FUNCTION last_usable(cidr) IS 'Last address before the broadcast address; a /31 or /32 is used completely (RFC 3021).';

-- schema/addresses/address_count.sql
CREATE OR REPLACE FUNCTION address_count(first inet, last inet) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- The difference of two addresses is exact where it is a bigint; address_number() costs 20 times as much.
RETURN CASE WHEN first > last THEN 0
            WHEN family(first) = 4 OR (set_masklen(first, 66)::cidr >>= last) THEN (last - first)::numeric + 1
            ELSE rowhouse.address_number(last) - rowhouse.address_number(first) + 1
       END;
COMMENT ON FUNCTION address_count(inet, inet) IS
    'How many addresses there are from first to last, inclusive; 0 if first is after last.';

-- schema/addresses/inetrange.sql
COMMENT ON TYPE inetrange IS 'A span of addresses; address_span() returns it half-open, so that adjacent spans touch.';
COMMENT ON TYPE inetmultirange IS 'A set of addresses: half-open spans that do not touch.';

-- schema/tables/owner_kind.sql
COMMENT ON TYPE owner_kind IS
    'pod: an interface of a pod. static: a person or a device with a manual reservation. claim (IPAMClaim), virtual_machine and workload (StatefulSet identity): owners that outlive a pod.';

-- schema/tables/networks.sql
COMMENT ON TABLE networks IS 'An address space, in which each address is unique.';
COMMENT ON COLUMN networks.id IS 'ID of the network; other tables refer to it.';
COMMENT ON COLUMN networks.isolated IS
    'The CIDR of the only pool of this space (enable_overlapping_ranges: false); NULL: pools share the space.';
COMMENT ON COLUMN networks.created_at IS 'When the network was created.';
COMMENT ON INDEX networks_pkey IS 'Finds a network by its ID.';
COMMENT ON INDEX networks_id_name_key IS 'Target of the foreign key of pools, which have both ID and name.';

-- schema/tables/pools.sql
COMMENT ON COLUMN pools.id IS 'ID of the pool; other tables refer to it.';
COMMENT ON COLUMN pools.name IS
    'The name by which a NAD can refer to the pool instead of a range; NULL: none.';
COMMENT ON COLUMN pools.labels IS 'The operator''s labels, a JSON object whose values are strings.';
COMMENT ON COLUMN pools.description IS 'The operator''s description; '''' if there is none.';
COMMENT ON COLUMN pools.drained IS 'Whether the pool assigns no new addresses; those in use stay.';
COMMENT ON COLUMN pools.isolated IS
    'Whether the pool has its own address space. Set by a trigger from networks.isolated.';
COMMENT ON COLUMN pools.version IS 'Number of changes of the row: the ETag of the API.';
COMMENT ON COLUMN pools.created_at IS 'When the pool was created.';
COMMENT ON INDEX pools_pkey IS 'Finds a pool by its ID.';
COMMENT ON INDEX pools_cidr IS 'Finds the pools that contain an address or overlap a CIDR.';

-- schema/tables/pool_names.sql
-- One table for current names and aliases, so that its primary key keeps all of them apart. A row is written when a pool
-- is created or renamed, and when an ADD names an alias, at most once a minute.

CREATE TABLE pool_names (
    name         text PRIMARY KEY CHECK (name <> ''),
    pool_id      integer NOT NULL REFERENCES pools ON DELETE CASCADE,
    alias_since  timestamptz DEFAULT clock_timestamp(),
    last_used_at timestamptz
) WITH (fillfactor = 70);
CREATE INDEX pool_names_pool ON pool_names (pool_id);
COMMENT ON TABLE pool_names IS
    'The names by which a NAD can refer to a pool: its current name (pools.name), and its aliases, such as former names.';
COMMENT ON COLUMN pool_names.name IS 'A name; no other pool has it, as its name or as an alias.';
COMMENT ON COLUMN pool_names.pool_id IS 'The pool: pools.id.';
COMMENT ON COLUMN pool_names.alias_since IS 'Since when the name is an alias; NULL: it is the current name.';
COMMENT ON COLUMN pool_names.last_used_at IS
    'When an ADD last named the alias, to the minute; at first, when the pool was renamed. NULL: never, or the current name.';
COMMENT ON INDEX pool_names_pkey IS 'Finds a pool by a name or an alias. One pool for each.';
COMMENT ON INDEX pool_names_pool IS 'The names of a pool.';

-- No pool gets another name meanwhile.
LOCK TABLE pools IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO pool_names (name, pool_id, alias_since) SELECT name, id, NULL FROM pools WHERE name IS NOT NULL;

-- schema/tables/plain_pools.sql
COMMENT ON TABLE plain_pools IS
    'The pools from which an ADD may take the lowest free address without further checks: no window, reuse delay, quota, hold or overlapping pool, not drained, and no owner with several addresses. Derived by choose_plain_pools().';
COMMENT ON COLUMN plain_pools.isolated IS 'Whether the pool has its own address space, as in pools.';

-- schema/tables/free_ranges.sql
COMMENT ON COLUMN free_ranges.quarantined IS
    'Released with a reuse delay: before free_from, assigned only to the previous owner. The quarantine continues while the address is excluded or in no pool.';
COMMENT ON COLUMN free_ranges.free_from IS
    'When the addresses became, or will become, assignable; no new tenure begins earlier.';
COMMENT ON INDEX free_ranges_pkey IS 'The allocator finds the lowest free run that overlaps a range.';
COMMENT ON INDEX free_ranges_previous_owner IS 'Finds the quarantined addresses of a returning owner.';

-- schema/tables/tenures.sql
COMMENT ON TABLE tenures IS
    'History: who held which address, where, and when. A tenure without an upper bound is the current one.';
COMMENT ON COLUMN tenures.id IS 'ID of the tenure; reservations.tenure_id refers to it.';
COMMENT ON COLUMN tenures.pool_id IS 'The pool that the address was taken from: pools.id. The pool may be deleted.';
COMMENT ON COLUMN tenures.during IS
    'The period, without its end; no upper bound: the owner holds the address now.';
COMMENT ON COLUMN tenures.owner_kind IS 'Kind of the owner: pod, static, claim, virtual_machine or workload.';
COMMENT ON COLUMN tenures.owner_namespace IS 'Kubernetes namespace of the owner; '''' if a static owner has none.';
COMMENT ON COLUMN tenures.owner_interface IS
    'Interface of the pod; '''' if it is unknown, or if a static owner has none.';
COMMENT ON COLUMN tenures.owner_uid IS 'UID of the pod; NULL if the caller did not send it, and for static owners.';
COMMENT ON COLUMN tenures.node IS 'Node of the sandbox; '''' if no sandbox used the address. Of an owner that outlives its sandboxes: the latest one.';
COMMENT ON COLUMN tenures.container_id IS 'Container id of the sandbox; '''' if no sandbox used the address.';
COMMENT ON COLUMN tenures.started_by IS 'The author of its start: a caller of the server, or a database user.';
COMMENT ON COLUMN tenures.start_reason IS 'What started it: ADD, API, IMPORT, ADOPT, REPAIR, or SQL for a manual statement.';
COMMENT ON COLUMN tenures.ended_by IS 'The author of its end; NULL while it is open.';
COMMENT ON COLUMN tenures.end_reason IS
    'What ended it: DEL, GC, RECONCILE (the controller), EXPIRE, ADD, API, or SQL for a manual statement; NULL while it is open.';
COMMENT ON INDEX tenures_pkey IS 'Finds the open tenure of a reservation; `rowhouse db prune` reads it in order.';
COMMENT ON INDEX tenures_node IS 'What ran on a node during a period: ran_on(). Only closed tenures.';
COMMENT ON INDEX tenures_container IS 'The history of a container: of_container(). Only closed tenures.';

ALTER TABLE tenures ADD COLUMN mac macaddr;
COMMENT ON COLUMN tenures.mac IS 'MAC address that the runtime requested for the interface; NULL: none.';

-- schema/tables/reservations.sql
ALTER TABLE reservations ADD COLUMN labels jsonb;
CREATE INDEX reservations_labels ON reservations USING gin (labels jsonb_path_ops) WHERE labels IS NOT NULL;
COMMENT ON COLUMN reservations.labels IS 'The operator''s labels, a JSON object whose values are strings; NULL: none.';
COMMENT ON INDEX reservations_labels IS 'Finds reservations by label; contains only those with labels.';
COMMENT ON COLUMN reservations.owner_kind IS 'Kind of the owner: pod, static, claim, virtual_machine or workload.';
COMMENT ON COLUMN reservations.owner_namespace IS
    'Kubernetes namespace of the owner; '''' if a static owner has none.';
COMMENT ON COLUMN reservations.owner_interface IS
    'Interface of the pod; '''' if it is unknown, or if a static owner has none.';
COMMENT ON COLUMN reservations.owner_uid IS
    'UID of the pod; NULL if the caller did not send it, and for static owners.';
COMMENT ON COLUMN reservations.slot IS 'Distinguishes several addresses of one owner in one pool.';
COMMENT ON COLUMN reservations.expires_at IS 'When a sticky reservation that no sandbox uses expires; NULL: never.';
COMMENT ON COLUMN reservations.policy_source IS
    'The source of sticky, sticky_ttl and reuse_delay. An ADD that attaches to an existing reservation does not change them.';
COMMENT ON COLUMN reservations.reuse_delay IS
    'Quarantine after the release, from the NAD or the server''s default; the pool''s applies if it is longer. NULL: only the pool''s applies.';
COMMENT ON COLUMN reservations.node IS 'Node of the sandbox that attached last; '''' if no sandbox uses the address.';
COMMENT ON COLUMN reservations.container_id IS 'Sandbox that attached last; '''' if no sandbox uses the address.';
COMMENT ON COLUMN reservations.description IS
    'Why it was reserved, in the words of its creator; '''' if none were given.';
COMMENT ON INDEX reservations_pkey IS
    'The guarantee itself: one owner per address. Also finds an address, and counts the addresses of a pool.';
COMMENT ON INDEX reservations_owner IS
    'ADD finds the addresses of its owner; search by pod. One reservation for each owner, pool and slot.';
COMMENT ON INDEX reservations_expiry IS 'Finds expired reservations; contains only reservations that expire.';
COMMENT ON COLUMN reservations.owner_name IS 'Name of the owner: a pod, a person or device, a claim, a virtual machine, or a workload.';

-- schema/tables/attachments.sql
ALTER TABLE attachments ADD COLUMN pod_name text NOT NULL DEFAULT '', ADD COLUMN mac macaddr;
CREATE INDEX attachments_mac ON attachments (mac) WHERE mac IS NOT NULL;
COMMENT ON COLUMN attachments.mac IS 'MAC address that the runtime requested for the interface; NULL: none.';
COMMENT ON INDEX attachments_mac IS 'Finds the addresses of a MAC address.';
COMMENT ON TABLE attachments IS 'A sandbox that uses a reservation. The end of the last attachment releases the reservation.';
COMMENT ON COLUMN attachments.container_id IS
    'CNI_CONTAINERID; '''' if a running pod was imported: the first call of its sandbox fills it in.';
COMMENT ON COLUMN attachments.node IS 'Node of the sandbox; '''' if an import did not provide it.';
COMMENT ON COLUMN attachments.cni_network IS 'Name of the CNI network configuration: the scope of a CNI GC; '''' if an import did not provide it.';
COMMENT ON COLUMN attachments.pod_uid IS 'UID of the pod; NULL if the caller did not send it.';
COMMENT ON INDEX attachments_pkey IS 'DEL and CHECK find the addresses of a sandbox.';
COMMENT ON INDEX attachments_reservation IS 'Finds the sandboxes that use a reservation.';
COMMENT ON INDEX attachments_node IS 'Finds the sandboxes of a node, for CNI GC and the pages.';
COMMENT ON COLUMN attachments.pod_name IS 'Name of the pod, in the namespace of the owner; '''' if the owner is the pod.';

-- schema/tables/past_attachments.sql
CREATE TABLE past_attachments (
    tenure_id    bigint NOT NULL,
    during       tstzrange NOT NULL,
    cluster      text NOT NULL,
    container_id text NOT NULL,
    interface    text NOT NULL,
    node         text NOT NULL,
    pod_name     text NOT NULL DEFAULT '',
    pod_uid      text,
    mac          macaddr,
    end_reason   text NOT NULL
);
CREATE INDEX past_attachments_tenure ON past_attachments (tenure_id);
CREATE INDEX past_attachments_node ON past_attachments (node, upper(during));
CREATE INDEX past_attachments_container ON past_attachments (container_id);
COMMENT ON TABLE past_attachments IS
    'History: the ended attachments of owners that outlive their sandboxes. The tenure of such an owner spans all of them.';
COMMENT ON COLUMN past_attachments.tenure_id IS 'The tenure of the owner: tenures.id.';
COMMENT ON COLUMN past_attachments.during IS 'From the attach to its end, without its end.';
COMMENT ON COLUMN past_attachments.cluster IS 'Cluster of the sandbox; '''' is a cluster without a name.';
COMMENT ON COLUMN past_attachments.container_id IS 'CNI_CONTAINERID of the sandbox.';
COMMENT ON COLUMN past_attachments.interface IS 'CNI_IFNAME: the interface in the sandbox.';
COMMENT ON COLUMN past_attachments.node IS 'Node of the sandbox; '''' if an import did not provide it.';
COMMENT ON COLUMN past_attachments.pod_name IS 'Name of the pod, in the namespace of the owner; '''' if the owner has its name.';
COMMENT ON COLUMN past_attachments.pod_uid IS 'UID of the pod; NULL if the caller did not send it.';
COMMENT ON COLUMN past_attachments.mac IS 'MAC address that the runtime requested for the interface; NULL: none.';
COMMENT ON COLUMN past_attachments.end_reason IS 'What ended it: DEL, GC, RECONCILE (the controller), REPLACED or API.';
COMMENT ON INDEX past_attachments_tenure IS 'The sandboxes of a tenure.';
COMMENT ON INDEX past_attachments_node IS 'What ran on a node during a period: ran_on().';
COMMENT ON INDEX past_attachments_container IS 'The history of a container: of_container().';

-- schema/tables/owner_objects.sql
CREATE TABLE owner_objects (
    cluster     text NOT NULL,
    owner_kind  owner_kind NOT NULL,
    namespace   text NOT NULL,
    name        text NOT NULL,
    object_kind text NOT NULL CHECK (object_kind <> ''),
    object_name text NOT NULL CHECK (object_name <> ''),
    object_uid  text,
    noted_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (cluster, owner_kind, namespace, name)
);
COMMENT ON TABLE owner_objects IS
    'The Kubernetes objects whose existence keeps the addresses of owners that are not pods. The controller removes a row with the last address of its owner.';
COMMENT ON COLUMN owner_objects.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN owner_objects.owner_kind IS 'Kind of the owner: reservations.owner_kind.';
COMMENT ON COLUMN owner_objects.namespace IS 'Namespace of the owner and of the object.';
COMMENT ON COLUMN owner_objects.name IS 'Name of the owner: reservations.owner_name.';
COMMENT ON COLUMN owner_objects.object_kind IS 'Kind of the object: VirtualMachine, VirtualMachineInstance, StatefulSet or IPAMClaim.';
COMMENT ON COLUMN owner_objects.object_name IS 'Name of the object.';
COMMENT ON COLUMN owner_objects.object_uid IS
    'UID of the object; NULL if its name alone counts, as for machines and StatefulSets. An object with another uid is another owner.';
COMMENT ON COLUMN owner_objects.noted_at IS 'When an ADD first noted it.';
COMMENT ON INDEX owner_objects_pkey IS 'One object for each owner; the controller reads those of its cluster.';

-- schema/tables/node_slices.sql
COMMENT ON TABLE node_slices IS 'The part of a pool from which one node gets addresses (node_slice_size).';
COMMENT ON COLUMN node_slices.slice IS 'The part of the CIDR from which the node gets addresses.';

-- schema/tables/exclusions.sql
ALTER TABLE exclusions ADD COLUMN requests_only boolean NOT NULL DEFAULT false, ADD COLUMN name text,
    ADD CONSTRAINT exclusions_name CHECK (name IS NULL OR requests_only AND name ~ '^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$');
COMMENT ON TABLE exclusions IS
    'Addresses that are not assigned automatically, first to last inclusive. Addresses in use stay in use until they are released.';
COMMENT ON COLUMN exclusions.requests_only IS
    'Whether a request may still take the addresses: an ADD or a reservation that names the address.';
COMMENT ON COLUMN exclusions.name IS
    'Name that candidates may give instead of addresses; several exclusions of a network may share it. NULL: none.';
COMMENT ON COLUMN exclusions.id IS 'ID of the exclusion.';
COMMENT ON COLUMN exclusions.reason IS 'Reason, in the operator''s words; '''' if none was given.';
COMMENT ON COLUMN exclusions.created_at IS 'When it was created.';
COMMENT ON INDEX exclusions_pkey IS 'Finds an exclusion by its ID.';

-- schema/tables/gateways.sql
COMMENT ON TABLE gateways IS
    'A known gateway of a pool, inside its CIDR or not. Its address is not assigned to pods; an address in use stays in use until it is released.';
COMMENT ON COLUMN gateways.id IS 'ID of the row.';
COMMENT ON COLUMN gateways.pool_id IS 'The pool of the gateway: pools.id.';
COMMENT ON COLUMN gateways.first_used_at IS 'When it was set, or first used by a configuration.';
COMMENT ON INDEX gateways_pkey IS 'Finds a gateway by its ID.';

-- schema/tables/quotas.sql
COMMENT ON TABLE quotas IS 'The maximum number of addresses of a namespace, in one pool or (pool_id NULL) in all pools.';
COMMENT ON COLUMN quotas.id IS 'ID of the quota.';
COMMENT ON COLUMN quotas.pool_id IS 'The pool to which it applies: pools.id; NULL: all pools.';
COMMENT ON COLUMN quotas.addresses IS 'The maximum number of addresses.';
COMMENT ON INDEX quotas_pkey IS 'Finds a quota by its ID.';

-- schema/tables/saved_views.sql
-- What a table of the pages shows is in its URL, so a view is the query string of one. The pages check it against the
-- columns and filters of the table, which the database does not know.

CREATE TABLE saved_views (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_name text NOT NULL CHECK (table_name ~ '^[a-z][a-z-]{0,39}$'),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 80 AND name = btrim(name)),
    author     text NOT NULL CHECK (author <> ''),
    is_shared  boolean NOT NULL DEFAULT false,
    query      text NOT NULL CHECK (length(query) <= 2000),
    saved_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT saved_views_own UNIQUE (author, table_name, name)
);
CREATE UNIQUE INDEX saved_views_shared ON saved_views (table_name, name) WHERE is_shared;
COMMENT ON TABLE saved_views IS
    'Views of the tables on the pages: filter, order and columns under a name. One caller has at most 100 of them.';
COMMENT ON COLUMN saved_views.id IS 'ID of the view.';
COMMENT ON COLUMN saved_views.table_name IS 'Name of the table on the pages, such as reservations.';
COMMENT ON COLUMN saved_views.name IS 'Name of the view, up to 80 characters.';
COMMENT ON COLUMN saved_views.author IS 'The caller that saved it.';
COMMENT ON COLUMN saved_views.is_shared IS 'Whether all users see it; false: only its author does.';
COMMENT ON COLUMN saved_views.query IS
    'Filter, order and columns as the query string of the page, up to 2,000 characters; '''': as the table is by default.';
COMMENT ON COLUMN saved_views.saved_at IS 'When it was saved last.';
COMMENT ON INDEX saved_views_pkey IS 'Finds a view by its ID.';
COMMENT ON INDEX saved_views_own IS 'The views of an author; their names differ within a table.';
COMMENT ON INDEX saved_views_shared IS 'The shared views of a table; their names differ.';

-- schema/tables/assignment_hold.sql
COMMENT ON TABLE assignment_hold IS
    'One row during a restore or an import: until a pool has been read, an ADD gets no new address from it.';
COMMENT ON COLUMN assignment_hold.id IS 'Always 1: there is at most one hold.';
COMMENT ON COLUMN assignment_hold.reason IS 'Reason, in the operator''s words.';
COMMENT ON COLUMN assignment_hold.actor IS 'The caller that began the hold.';
COMMENT ON INDEX assignment_hold_pkey IS 'At most one row.';

-- schema/tables/assignment_hold_pools.sql
COMMENT ON TABLE assignment_hold_pools IS
    'The pools that have been read since the hold began, and assign addresses again.';
COMMENT ON COLUMN assignment_hold_pools.pool_id IS 'A pool that has been read since the hold began: pools.id.';
COMMENT ON INDEX assignment_hold_pools_pkey IS 'Whether a pool has been read.';

-- schema/tables/audit_log.sql
COMMENT ON TABLE audit_log IS 'Every administrative change: its author, the object, and the row before and after. Append-only.';
COMMENT ON COLUMN audit_log.id IS 'ID of the entry; later entries have higher ones.';
COMMENT ON COLUMN audit_log.at IS 'When the entry was written, by the clock of the database.';
COMMENT ON COLUMN audit_log.actor IS 'The caller that the server authenticated, or the database user of a manual change.';
COMMENT ON COLUMN audit_log.action IS
    'The change: the type of the object, a period, and a verb, such as pool.update.';
COMMENT ON COLUMN audit_log.object IS
    'The changed object: a CIDR, an address or a name; first-last if several rows share the entry.';
COMMENT ON COLUMN audit_log.before IS
    'The row before the change, the first one of several; NULL: there was none, or the entry is not about a row.';
COMMENT ON COLUMN audit_log.after IS
    'The row after the change, the first one of several; NULL: it was deleted. Facts, if the entry is not about a row.';
COMMENT ON COLUMN audit_log.request_id IS
    'X-Request-Id of the API request; NULL for a manual statement, and for the command line on the database.';
COMMENT ON COLUMN audit_log.database_user IS
    'The database user of the session, from PostgreSQL; actor is what the server says.';
COMMENT ON COLUMN audit_log.object_key IS
    'Primary key of the row, such as {"network_id": 1, "address": "10.0.0.7"}; NULL: several rows, or the entry is not about a row.';
COMMENT ON COLUMN audit_log.row_count IS 'How many rows of one statement share this entry: 1, or 101 to 1000.';
COMMENT ON COLUMN audit_log.changes IS
    'If several rows share the entry, each row as an array of before and after; NULL: one row. The view audit_changes has one row for each of them.';
COMMENT ON INDEX audit_log_pkey IS 'The entries in order.';
COMMENT ON INDEX audit_log_at IS 'The entries of a period, the latest first.';
COMMENT ON INDEX audit_log_object IS 'The entries about an object.';

-- schema/tables/requests.sql
-- A team asks for addresses, and an operator decides. A row moves once, from pending to one of the other states; see
-- request_moves(). There is no column for the operator's name alone: decided_by names who ended the request.

CREATE TABLE requests (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state           text NOT NULL DEFAULT 'pending'
                    CHECK (state IN ('pending', 'approved', 'declined', 'withdrawn', 'expired')),
    pool_id         integer REFERENCES pools ON DELETE SET NULL,
    cidr            cidr NOT NULL,
    owner_kind      owner_kind NOT NULL DEFAULT 'static',
    owner_cluster   text NOT NULL DEFAULT '',
    owner_namespace text NOT NULL CHECK (owner_namespace <> ''),
    owner_name      text NOT NULL CHECK (owner_name <> ''),
    owner_interface text NOT NULL DEFAULT '',
    addresses       inet[],
    how_many        integer NOT NULL CHECK (how_many > 0),
    ttl             interval,
    description     text NOT NULL DEFAULT '',
    labels          jsonb,
    requested_by    text NOT NULL CHECK (requested_by <> ''),
    requested_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at      timestamptz NOT NULL,
    decided_by      text,
    decided_at      timestamptz,
    reason          text NOT NULL DEFAULT '',
    granted         inet[],
    CONSTRAINT requests_count CHECK (addresses IS NULL OR cardinality(addresses) = how_many),
    CONSTRAINT requests_decided CHECK (num_nulls(decided_by, decided_at) = CASE state WHEN 'pending' THEN 2 ELSE 0 END),
    CONSTRAINT requests_granted CHECK ((state = 'approved') = (granted IS NOT NULL)
                                       AND coalesce(cardinality(granted), how_many) = how_many),
    CONSTRAINT requests_declined CHECK (state <> 'declined' OR reason <> '')
);
CREATE INDEX requests_namespace ON requests (owner_namespace, id);
CREATE INDEX requests_pending ON requests (expires_at) WHERE state = 'pending';
CREATE INDEX requests_pool ON requests (pool_id);
CREATE INDEX requests_decided ON requests (decided_at) WHERE state <> 'pending';
COMMENT ON TABLE requests IS 'Requests of teams for addresses, and what operators decided.';
COMMENT ON COLUMN requests.id IS 'ID of the request; later ones have higher ones.';
COMMENT ON COLUMN requests.state IS
    'State: pending, approved, declined, withdrawn or expired. A pending one whose expires_at has passed counts as expired.';
COMMENT ON COLUMN requests.pool_id IS 'The pool of the addresses: pools.id; NULL: the pool was deleted.';
COMMENT ON COLUMN requests.cidr IS 'CIDR of the pool, which outlives the pool.';
COMMENT ON COLUMN requests.owner_kind IS 'Kind of the owner that gets the addresses.';
COMMENT ON COLUMN requests.owner_cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN requests.owner_namespace IS 'Namespace for which the addresses are, whose quota applies.';
COMMENT ON COLUMN requests.owner_name IS 'Name of the owner: a pod, a person, a device or a service.';
COMMENT ON COLUMN requests.owner_interface IS 'Interface of the pod; '''' if the owner has none.';
COMMENT ON COLUMN requests.addresses IS 'The requested addresses; NULL: the lowest free ones at the time of the approval.';
COMMENT ON COLUMN requests.how_many IS 'The number of addresses.';
COMMENT ON COLUMN requests.ttl IS
    'How long the reservation stays while no sandbox uses it, from the approval; NULL: until it is released.';
COMMENT ON COLUMN requests.description IS 'What the addresses are for, in the words of the team; '''' if it said nothing.';
COMMENT ON COLUMN requests.labels IS 'Labels of the reservations, a JSON object whose values are strings; NULL: none.';
COMMENT ON COLUMN requests.requested_by IS 'The caller that sent the request.';
COMMENT ON COLUMN requests.requested_at IS 'When it was sent.';
COMMENT ON COLUMN requests.expires_at IS 'When it expires unless it is decided before.';
COMMENT ON COLUMN requests.decided_by IS 'The caller that ended it; NULL: it is pending.';
COMMENT ON COLUMN requests.decided_at IS 'When it ended; NULL: it is pending.';
COMMENT ON COLUMN requests.reason IS 'Why it was declined or withdrawn; '''' if no reason was given.';
COMMENT ON COLUMN requests.granted IS 'The reserved addresses; NULL: it is not approved.';
COMMENT ON INDEX requests_pkey IS 'Finds a request by its ID.';
COMMENT ON INDEX requests_namespace IS 'The requests of a team, the latest first.';
COMMENT ON INDEX requests_pending IS 'Finds pending requests that have expired; contains only pending ones.';
COMMENT ON INDEX requests_pool IS 'The requests of a pool that is deleted.';
COMMENT ON INDEX requests_decided IS 'Finds requests that ended long ago; contains only those that ended.';

-- schema/tables/comments.sql
CREATE TABLE comments (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network_id integer NOT NULL REFERENCES networks ON DELETE CASCADE,
    address    host_address,
    pool_id    integer REFERENCES pools ON DELETE CASCADE,
    author     text NOT NULL CHECK (author <> ''),
    text       text NOT NULL CHECK (length(text) BETWEEN 1 AND 4096),
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT comments_about CHECK (num_nonnulls(address, pool_id) = 1)
);
CREATE INDEX comments_address ON comments (network_id, address) WHERE address IS NOT NULL;
CREATE INDEX comments_pool ON comments (pool_id) WHERE pool_id IS NOT NULL;
COMMENT ON TABLE comments IS
    'Comments on an address or a pool. A comment on an address stays when the reservation ends.';
COMMENT ON COLUMN comments.id IS 'ID of the comment; later ones have higher ones.';
COMMENT ON COLUMN comments.network_id IS 'The network of the address or the pool: networks.id.';
COMMENT ON COLUMN comments.address IS 'The address; NULL: the comment is about a pool.';
COMMENT ON COLUMN comments.pool_id IS 'The pool: pools.id; NULL: the comment is about an address.';
COMMENT ON COLUMN comments.author IS 'The caller that wrote it.';
COMMENT ON COLUMN comments.text IS 'The text, up to 4,096 characters; it has no markup.';
COMMENT ON COLUMN comments.written_at IS 'When it was written.';
COMMENT ON INDEX comments_pkey IS 'Finds a comment by its ID.';
COMMENT ON INDEX comments_address IS 'The comments on an address.';
COMMENT ON INDEX comments_pool IS 'The comments on a pool, also when it is deleted.';

-- schema/tables/tokens.sql
COMMENT ON TABLE tokens IS
    'Static tokens. Only the SHA-256 is stored; a token has 256 random bits, so it needs no salt.';
COMMENT ON COLUMN tokens.id IS 'ID of the token.';
COMMENT ON COLUMN tokens.name IS 'Name of the token: the actor of its changes.';
COMMENT ON COLUMN tokens.role IS 'Role: node, viewer, operator or admin.';
COMMENT ON COLUMN tokens.cluster IS 'The only cluster for which a node token is valid; NULL: every cluster.';
COMMENT ON COLUMN tokens.node IS 'The only node for which a node token is valid; NULL: every node.';
COMMENT ON COLUMN tokens.created_at IS 'When the token was created.';
COMMENT ON INDEX tokens_pkey IS 'Finds a token by its ID.';

-- schema/tables/sessions.sql
COMMENT ON TABLE sessions IS 'Browser sessions. Only the SHA-256 of the cookie is stored.';
COMMENT ON COLUMN sessions.token_id IS
    'The static token of the login, which gives the session its name and role, and ends it: tokens.id; NULL: a login with OpenID Connect.';
COMMENT ON COLUMN sessions.name IS 'The user''s name, from the OpenID Connect provider; NULL: the name of the token.';
COMMENT ON COLUMN sessions.role IS
    'Role of the session: viewer, operator or admin; NULL: the role of the token.';

-- schema/tables/idempotency_keys.sql
COMMENT ON TABLE idempotency_keys IS 'Responses of the API to requests with an Idempotency-Key, kept for a day.';
COMMENT ON COLUMN idempotency_keys.actor IS 'The caller that sent the request.';
COMMENT ON COLUMN idempotency_keys.status IS 'HTTP status of the response; NULL while the first request is running.';
COMMENT ON COLUMN idempotency_keys.body IS
    'Body of the response; NULL while the first request is running, or if the response has none.';
COMMENT ON COLUMN idempotency_keys.headers IS
    'Headers of the response, as a JSON object; NULL while the first request is running.';
COMMENT ON COLUMN idempotency_keys.created_at IS 'When the first request arrived; the row is deleted a day later.';
COMMENT ON INDEX idempotency_keys_pkey IS 'One response for each caller and key.';
COMMENT ON INDEX idempotency_keys_created IS 'Finds rows that are old enough to delete.';

-- schema/tables/fill_samples.sql
COMMENT ON TABLE fill_samples IS
    'How many addresses of a pool were in use (used in pool_counts): every 15 minutes for the last two days, every hour for 35 days, and before that once a day, at midnight UTC.';
COMMENT ON COLUMN fill_samples.at IS 'The time of the sample.';
COMMENT ON COLUMN fill_samples.used IS 'How many of the pool''s assignable addresses were in use, assigned by this pool or another one.';

-- schema/tables/usage_periods.sql
-- Reports over a day or more read these rows, not the history. A row of a longer period is the sum of those of shorter
-- ones, so a report adds up few rows: whole days, then the hours since.

CREATE TABLE usage_periods (
    grouped_by text NOT NULL CHECK (grouped_by IN ('all', 'namespace', 'cluster', 'node', 'network', 'pool')),
    span       interval NOT NULL,
    ends_at    timestamptz NOT NULL,
    key        text NOT NULL,
    used       bigint NOT NULL,
    begun      bigint NOT NULL,
    ended      bigint NOT NULL,
    seconds    double precision NOT NULL,
    PRIMARY KEY (grouped_by, span, ends_at, key)
);
COMMENT ON TABLE usage_periods IS
    'How many addresses each group held in a period, from the history: quarters of an hour for three hours, hours for three days, six hours for 40 days, and days (UTC) for 400 days. sum_usage_v1() writes them.';
COMMENT ON COLUMN usage_periods.grouped_by IS
    'namespace, cluster, node, network or pool; all: everything, also where nothing is held, so that a missing period shows.';
COMMENT ON COLUMN usage_periods.span IS 'Length of the period: 15 minutes, 1 hour, 6 hours or 1 day.';
COMMENT ON COLUMN usage_periods.ends_at IS 'End of the period.';
COMMENT ON COLUMN usage_periods.key IS
    'The group: a name, or the ID of a network or pool; '''' for all, and without a namespace, cluster or node.';
COMMENT ON COLUMN usage_periods.used IS 'Addresses held at the end of the period.';
COMMENT ON COLUMN usage_periods.begun IS 'Tenures that began in the period.';
COMMENT ON COLUMN usage_periods.ended IS 'Tenures that ended in the period.';
COMMENT ON COLUMN usage_periods.seconds IS 'Sum of the seconds that each address was held in the period.';
COMMENT ON INDEX usage_periods_pkey IS 'The groups of a period; the periods of a length, in order.';

-- schema/tables/pool_trends.sql
COMMENT ON TABLE pool_trends IS 'The trend of a pool''s fill, computed from its samples.';
COMMENT ON COLUMN pool_trends.sampled_at IS 'The time of the last sample.';
COMMENT ON COLUMN pool_trends.day IS
    'Addresses in use at 25 times, one hour apart, oldest first; NULL before the first sample.';
COMMENT ON COLUMN pool_trends.week IS
    'Addresses in use at 57 times, three hours apart, oldest first; NULL before the first sample.';
COMMENT ON COLUMN pool_trends.day_slope IS 'Addresses per hour, by linear regression over a day; NULL: too few samples.';
COMMENT ON COLUMN pool_trends.day_fit IS
    'Coefficient of determination (R squared) of the line over a day, 0 to 1; NULL: too few samples, or no change.';
COMMENT ON COLUMN pool_trends.week_slope IS
    'Addresses per hour, by linear regression over a week; NULL: too few samples.';
COMMENT ON COLUMN pool_trends.week_fit IS
    'Coefficient of determination (R squared) of the line over a week, 0 to 1; NULL: too few samples, or no change.';

-- schema/tables/imported_unnamed.sql
COMMENT ON TABLE imported_unnamed IS
    'Addresses that were imported without an interface. While the reservation has none, the first interface of the pod that asks gets the address.';

-- schema/tables/mirrors.sql
COMMENT ON COLUMN mirrors.namespace IS 'Namespace of the objects in the cluster.';
COMMENT ON COLUMN mirrors.since IS 'When the mirror was enabled.';
COMMENT ON COLUMN mirrors.reported_at IS 'When the controller last reported; NULL: it has not reported yet.';
COMMENT ON COLUMN mirrors.report IS 'The controller''s last report about its mirror, as `rowhouse mirror status` shows it.';

-- schema/tables/mirror_changes.sql
COMMENT ON TABLE mirror_changes IS
    'Pools that changed since a cluster''s mirror last read them; pool_id 0: all pools.';
COMMENT ON COLUMN mirror_changes.cluster IS 'The cluster whose mirror must read the pool: mirrors.cluster.';
COMMENT ON INDEX mirror_changes_pool IS 'Whether a pool is already marked.';

-- schema/tables/allocation_failures.sql
ALTER TABLE allocation_failures ADD COLUMN event_message text, ADD COLUMN held_by text NOT NULL DEFAULT '';
COMMENT ON TABLE allocation_failures IS 'Refused ADDs that found no free address, until the controller has created events for them.';
COMMENT ON COLUMN allocation_failures.node IS 'Node on which the pod runs.';
COMMENT ON COLUMN allocation_failures.pod_uid IS 'UID of the pod; NULL if the caller did not send it.';
COMMENT ON COLUMN allocation_failures.message IS 'The text of the Kubernetes event.';
COMMENT ON COLUMN allocation_failures.reason IS 'NoAddress, or the reason for a warning about a pod that has an address.';
COMMENT ON COLUMN allocation_failures.times IS 'How many ADDs were refused.';
COMMENT ON COLUMN allocation_failures.first_at IS 'When the first ADD was refused.';
COMMENT ON COLUMN allocation_failures.last_at IS 'When the last ADD was refused.';
COMMENT ON COLUMN allocation_failures.event_message IS 'The message without what held_by says: events.message; NULL: it is the same.';
COMMENT ON COLUMN allocation_failures.held_by IS 'Who or what holds the address that was refused: events.held_by; '''': nothing.';

-- schema/tables/tokens.sql
ALTER TABLE tokens ADD COLUMN namespaces text[], DROP CONSTRAINT tokens_role_check,
    ADD CONSTRAINT tokens_role_check CHECK (role IN ('node', 'team', 'viewer', 'operator', 'admin')),
    ADD CONSTRAINT tokens_team CHECK ((role = 'team') = (coalesce(cardinality(namespaces), 0) > 0));
COMMENT ON COLUMN tokens.role IS 'Role: node, team, viewer, operator or admin.';
COMMENT ON COLUMN tokens.namespaces IS 'The namespaces that a team sees, in all clusters; NULL: not a team.';

-- schema/tables/sessions.sql
ALTER TABLE sessions ADD COLUMN namespaces text[], DROP CONSTRAINT sessions_role_check,
    ADD CONSTRAINT sessions_role_check CHECK (role IN ('team', 'viewer', 'operator', 'admin')),
    ADD CONSTRAINT sessions_team CHECK ((coalesce(role, '') = 'team') = (coalesce(cardinality(namespaces), 0) > 0));
COMMENT ON COLUMN sessions.role IS
    'Role of the session: team, viewer, operator or admin; NULL: the role of the token.';
COMMENT ON COLUMN sessions.namespaces IS
    'The namespaces that a team sees, in all clusters; NULL: not a team, or those of the token.';

-- schema/tables/events.sql
-- What the controller, or an operator, should know of, after it happened. Written after the calls were answered; neither
-- history nor audit log. sample_fill_v1() deletes old rows.

CREATE TABLE events (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reason    text NOT NULL,
    message   text NOT NULL,
    held_by   text NOT NULL DEFAULT '',
    cluster   text,
    namespace text NOT NULL DEFAULT '',
    pod       text NOT NULL DEFAULT '',
    interface text NOT NULL DEFAULT '',
    node      text NOT NULL DEFAULT '',
    pool_id   integer,
    times     bigint NOT NULL DEFAULT 1,
    first_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX events_last_at ON events (last_at, id);
CREATE INDEX events_pod ON events (namespace, pod);
COMMENT ON TABLE events IS
    'Refused ADDs, warnings, releases by the controller, and pools that are nearly full: the last 30 days, at most about 100,000.';
COMMENT ON COLUMN events.id IS 'ID of the event; later ones have higher ones.';
COMMENT ON COLUMN events.reason IS
    'NoAddress, ClaimRefused, AddressIsGateway, Reclaimed (by the controller), OwnerGone, OwnerExpired or PoolNearlyFull.';
COMMENT ON COLUMN events.message IS 'What happened, and what to do. It names nothing of another namespace.';
COMMENT ON COLUMN events.held_by IS
    'Who or what holds the address that the message is about: owners, an exclusion, the networks of a gateway. Teams do not see it. '''': nothing.';
COMMENT ON COLUMN events.cluster IS 'Cluster of the pod; '''' is a cluster without a name. NULL: it is about a pool.';
COMMENT ON COLUMN events.namespace IS 'Namespace of the pod; '''' if it is about a pool.';
COMMENT ON COLUMN events.pod IS 'Name of the pod, or of the owner that outlives pods; '''' if it is about a pool.';
COMMENT ON COLUMN events.interface IS 'Interface of the pod; '''' if it is about a pool or an owner.';
COMMENT ON COLUMN events.node IS 'Node of the pod; '''' if it is unknown.';
COMMENT ON COLUMN events.pool_id IS 'The pool that it is about; NULL: it is about a pod: pools.id.';
COMMENT ON COLUMN events.times IS 'How often it happened, without a pause of an hour.';
COMMENT ON COLUMN events.first_at IS 'When it happened first.';
COMMENT ON COLUMN events.last_at IS 'When it happened last.';
COMMENT ON INDEX events_pkey IS 'Finds an event by its ID.';
COMMENT ON INDEX events_last_at IS 'The events of a period, the latest first; old ones.';
COMMENT ON INDEX events_pod IS 'The events of a pod.';

-- schema/tables/nodes.sql
-- Each node writes its row once a minute, and no index covers what a report changes: the update is heap-only (HOT), and
-- fillfactor leaves room for it in the page. Nothing that assigns addresses reads this table.

CREATE TABLE nodes (
    cluster        text NOT NULL,
    node           text NOT NULL CHECK (node <> ''),
    plugin_version text NOT NULL,
    agent_version  text NOT NULL,
    kept_dels      bigint NOT NULL CHECK (kept_dels >= 0),
    kept_bytes     bigint NOT NULL CHECK (kept_bytes >= 0),
    started_at     timestamptz NOT NULL,
    first_seen     timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (cluster, node)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE nodes IS 'The last report of each node''s agent. Neither history nor audit log: a later report replaces it.';
COMMENT ON COLUMN nodes.cluster IS 'Cluster of the node; '''' is a cluster without a name.';
COMMENT ON COLUMN nodes.node IS 'Name of the node in its cluster.';
COMMENT ON COLUMN nodes.plugin_version IS 'Version of the installed CNI plugin; '''' if the agent does not know it.';
COMMENT ON COLUMN nodes.agent_version IS 'Version of the agent; '''' if it does not tell.';
COMMENT ON COLUMN nodes.kept_dels IS 'DELs that the node keeps until a server takes them.';
COMMENT ON COLUMN nodes.kept_bytes IS 'Size of these DELs on the node''s disk, in bytes.';
COMMENT ON COLUMN nodes.started_at IS 'When the agent started, by the clock of the node.';
COMMENT ON COLUMN nodes.first_seen IS 'When the node first reported, by the clock of the database.';
COMMENT ON COLUMN nodes.last_seen IS 'When the node last reported, by the clock of the database.';
COMMENT ON INDEX nodes_pkey IS 'One row per node of a cluster.';

-- schema/tables/alembic_version.sql
-- alembic creates the table before the first revision runs.
COMMENT ON TABLE alembic_version IS 'The revision of the schema; alembic maintains it.';
COMMENT ON COLUMN alembic_version.version_num IS 'Revision of the schema, such as r0001.';
COMMENT ON INDEX alembic_version_pkc IS 'One row.';

-- schema/history/current_actor.sql
CREATE OR REPLACE FUNCTION current_actor() RETURNS text
LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('rowhouse.actor', true), ''), session_user::text);
COMMENT ON FUNCTION current_actor() IS 'The current actor: the caller set by the server, or else the database user.';

-- schema/history/current_reason.sql
-- rowhouse.command names the use case in progress (set by the stored functions for their own duration);
-- it is empty for a manual statement. rowhouse.actor and rowhouse.request_id are set for a
-- transaction by the server.

CREATE OR REPLACE FUNCTION current_reason() RETURNS text
LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('rowhouse.command', true), ''), 'SQL');
COMMENT ON FUNCTION current_reason() IS 'The use case in progress; SQL for a manual statement.';

-- schema/history/act_as.sql
CREATE OR REPLACE FUNCTION act_as(actor text, request_id text) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    SELECT set_config('rowhouse.actor', actor, true), set_config('rowhouse.request_id', request_id, true);
END;
COMMENT ON FUNCTION act_as(text, text) IS 'Sets the caller, for history and audit log, until the end of the transaction.';

-- schema/history/audit_key.sql
CREATE OR REPLACE FUNCTION audit_key(object_type text, of_row jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT jsonb_object_agg(k.name, of_row->k.name)
          FROM unnest(CASE object_type
                      WHEN 'reservation' THEN ARRAY['network_id', 'address']
                      WHEN 'free_range' THEN ARRAY['network_id', 'quarantined', 'last']
                      WHEN 'attachment' THEN ARRAY['cluster', 'container_id', 'interface', 'network_id', 'address']
                      WHEN 'node_slice' THEN ARRAY['pool_id', 'cluster', 'node']
                      WHEN 'assignment_hold_pool' THEN ARRAY['pool_id']
                      WHEN 'alias' THEN ARRAY['name']
                      WHEN 'plain_pool' THEN ARRAY['network_name', 'cidr']
                      ELSE ARRAY['id'] END) AS k (name)
         WHERE of_row ? k.name);
COMMENT ON FUNCTION audit_key(text, jsonb) IS 'The primary key of a row, for the audit log; NULL if it is no row of a table.';

-- schema/history/record_change.sql
CREATE OR REPLACE FUNCTION record_change(action text, object text, before jsonb, after jsonb, changes jsonb DEFAULT NULL) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO audit_log (actor, action, object, object_key, network, cluster, before, after, row_count, changes, request_id)
    SELECT current_actor(), action, object,
           CASE WHEN changes IS NULL THEN audit_key(split_part(action, '.', 1), changed.row) END,
           CASE split_part(action, '.', 1)
           WHEN 'network' THEN changed.row->>'name'
           ELSE coalesce(changed.row->>'network_name',
                         (SELECT n.name FROM networks n WHERE n.id = (changed.row->>'network_id')::integer),
                         (SELECT p.network_name FROM pools p WHERE p.id = (changed.row->>'pool_id')::integer)) END,
           coalesce(changed.row->>'owner_cluster', changed.row->>'cluster'),
           before, after, coalesce(jsonb_array_length(changes), 1), changes,
           nullif(current_setting('rowhouse.request_id', true), '')
      FROM (SELECT coalesce(after, before) AS row) AS changed;
END;
COMMENT ON FUNCTION record_change(text, text, jsonb, jsonb, jsonb) IS
    'Writes one entry of the audit log; changes: all rows, if several share the entry.';

-- schema/history/record_changes.sql
CREATE OR REPLACE FUNCTION record_changes(action text, before jsonb[], after jsonb[]) RETURNS void
LANGUAGE plpgsql AS $$
-- A statement by hand may change a hundred thousand rows. Up to 100 rows of a batch are a line each; more share one line,
-- which keeps all of them: PostgreSQL compresses them to a fraction of what as many lines would take. The caller cuts
-- the rows into batches of 1000 at most, each of one network and cluster, in the order of their addresses.
DECLARE
    first_row jsonb := coalesce(before[1], after[1]);
    last_row  jsonb := coalesce(before[cardinality(before)], after[cardinality(after)]);
BEGIN
    IF greatest(cardinality(before), cardinality(after)) <= 100 THEN
        PERFORM rowhouse.record_change(action, coalesce(c.before, c.after)->>'address', c.before, c.after)
           FROM unnest(before, after) AS c (before, after);
    ELSE
        PERFORM rowhouse.record_change(action, (first_row->>'address') || '-' || (last_row->>'address'), before[1], after[1],
                                       (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(c.before, c.after) ORDER BY c.number)
                                          FROM unnest(before, after) WITH ORDINALITY AS c (before, after, number)));
    END IF;
END $$;
COMMENT ON FUNCTION record_changes(text, jsonb[], jsonb[]) IS
    'Writes a batch of changed rows into the audit log: an entry for each row, or one for all if there are more than 100.';

-- schema/history/audit_changes.sql
CREATE OR REPLACE VIEW audit_changes AS
SELECT l.id, l.at, l.actor, l.database_user, l.action, l.object_type,
       CASE WHEN l.changes IS NULL THEN l.object ELSE coalesce(c.before, c.after)->>'address' END AS object,
       CASE WHEN l.changes IS NULL THEN l.object_key ELSE audit_key(l.object_type, coalesce(c.after, c.before)) END AS object_key,
       l.network, l.cluster, c.before, c.after, l.request_id
  FROM audit_log l
 CROSS JOIN LATERAL (
       SELECT l.before, l.after WHERE l.changes IS NULL
       UNION ALL
       SELECT nullif(one->0, 'null'), nullif(one->1, 'null') FROM jsonb_array_elements(l.changes) AS one) AS c;
COMMENT ON VIEW audit_changes IS 'The audit log, a row for each changed row, also where several rows share a line.';
COMMENT ON COLUMN audit_changes.id IS 'Number of the line: audit_log.id.';
COMMENT ON COLUMN audit_changes.at IS 'When the entry was written, by the clock of the database.';
COMMENT ON COLUMN audit_changes.actor IS 'The caller that the server authenticated, or the database user of a manual change.';
COMMENT ON COLUMN audit_changes.database_user IS 'The database user that was logged in.';
COMMENT ON COLUMN audit_changes.action IS 'What was done: the type of the object, a period, and the verb.';
COMMENT ON COLUMN audit_changes.object_type IS 'Type of the object, such as pool.';
COMMENT ON COLUMN audit_changes.object IS 'What it was done to, as people call it.';
COMMENT ON COLUMN audit_changes.object_key IS 'Primary key of the row; NULL: the line is about no row.';
COMMENT ON COLUMN audit_changes.network IS
    'Name of the network; '''' is the default network. NULL: the object is in no network.';
COMMENT ON COLUMN audit_changes.cluster IS
    'Cluster of the object; '''' is a cluster without a name. NULL: the object is in no cluster.';
COMMENT ON COLUMN audit_changes.before IS 'The row as it was; NULL: there was none.';
COMMENT ON COLUMN audit_changes.after IS 'The row as it became; NULL: it is gone.';
COMMENT ON COLUMN audit_changes.request_id IS 'X-Request-Id of the call of the API; NULL: none.';

-- schema/history/record_v1.sql
CREATE OR REPLACE FUNCTION record_v1(actor text, request_id text, action text, object text, before jsonb, after jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM act_as(actor, request_id);
    PERFORM record_change(action, object, before, after);
END $$;
COMMENT ON FUNCTION record_v1 IS 'Writes an audit log entry for something that is not a change of a row.';

-- schema/history/tenures_of.sql
-- (its rows have a column more)
CREATE OR REPLACE FUNCTION tenures_of(of_network integer, of_address inet) RETURNS SETOF tenures
LANGUAGE sql STABLE
-- The conditions are those of the two exclusion constraints of tenures, for their indexes.
BEGIN ATOMIC
    SELECT t.* FROM tenures t
     WHERE family(of_address) = 4 AND family(t.address) = 4
       AND network_key(t.network_id, t.address) = network_key(of_network, of_address)
    UNION ALL
    SELECT t.* FROM tenures t
     WHERE family(of_address) = 6 AND family(t.address) = 6
       AND address_key(t.address) = address_key(of_address) AND t.address = of_address AND t.network_id = of_network;
END;
COMMENT ON FUNCTION tenures_of(integer, inet) IS 'The history of an address in one network.';

-- schema/history/settle_tenures.sql
CREATE OR REPLACE FUNCTION settle_tenures(of_network integer, of_address inet, moment timestamptz, kept bigint DEFAULT NULL)
RETURNS timestamptz
LANGUAGE plpgsql AS $$
-- Makes room in the history of an address from a moment on, and returns the moment. Usually there is room: the
-- cost is one index probe. If the clock was set back, tenures begin or end after the moment; they move before it, in
-- their order, each at least a microsecond long. An open tenure ends at the moment, except the one with the id
-- "kept", which begins no later than the moment. Each correction is a line of the audit log.
--
-- The caller holds the reservation of the address, or the free run that it is in.
DECLARE
    tenure  tenures;
    latest  timestamptz := moment;
    before  tenures[];
    span    tstzrange;
    spans   tstzrange[];
    settled tenures;
BEGIN
    IF NOT EXISTS (SELECT FROM tenures_of(of_network, of_address) t
                    WHERE t.during && tstzrange(moment, NULL) AND t.id IS DISTINCT FROM kept)
       AND NOT EXISTS (SELECT FROM tenures t WHERE t.id = kept AND lower(t.during) > moment) THEN
        RETURN moment;
    END IF;
    FOR tenure IN
        SELECT * FROM tenures_of(of_network, of_address) t
         WHERE NOT isempty(t.during)
         ORDER BY t.during DESC
    LOOP
        IF tenure.id = kept THEN
            CONTINUE WHEN lower_inf(tenure.during) OR lower(tenure.during) <= latest;
            span := tstzrange(latest, NULL);
        ELSE
            EXIT WHEN tenure.during << tstzrange(latest, NULL);
            span := tstzrange(CASE WHEN NOT lower_inf(tenure.during)
                                   THEN least(lower(tenure.during), latest - interval '1 microsecond') END, latest);
            latest := lower(span);
        END IF;
        before := before || tenure;
        spans := spans || span;
        EXIT WHEN latest IS NULL;
    END LOOP;
    -- The earliest first: so no tenure meets another one on its way.
    FOR i IN REVERSE coalesce(cardinality(before), 0) .. 1 LOOP
        UPDATE tenures t
           SET during = spans[i],
               ended_by = CASE WHEN upper_inf(spans[i]) THEN t.ended_by ELSE coalesce(t.ended_by, current_actor()) END,
               end_reason = CASE WHEN upper_inf(spans[i]) THEN t.end_reason ELSE coalesce(t.end_reason, current_reason()) END
         WHERE t.id = before[i].id
        RETURNING t.* INTO settled;
        PERFORM record_change('tenure.correct', host(of_address), to_jsonb(before[i]), to_jsonb(settled));
    END LOOP;
    RETURN moment;
END $$;
COMMENT ON FUNCTION settle_tenures(integer, inet, timestamptz, bigint) IS
    'Makes room in the history of an address from a time on, after the clock was set back or a tenure was left open.';

-- schema/history/address_history.sql
CREATE OR REPLACE VIEW address_history AS
-- After the clock was set back, what it wrote before lies in the future: that is the present at most.
SELECT n.name AS network, t.address, least(lower(t.during), statement_timestamp()) AS held_from,
       CASE WHEN upper(t.during) > statement_timestamp() THEN statement_timestamp() ELSE upper(t.during) END AS held_until,
       t.owner_kind, t.owner_cluster AS cluster, t.owner_namespace AS namespace, t.owner_name AS name,
       t.owner_interface AS interface, t.owner_uid AS uid, t.node, t.container_id,
       t.started_by, t.start_reason, t.ended_by, t.end_reason, p.cidr AS pool, t.network_id, t.during, t.id, t.pool_id, t.mac
  FROM tenures t
  LEFT JOIN networks n ON n.id = t.network_id
  LEFT JOIN pools p ON p.id = t.pool_id;
COMMENT ON VIEW address_history IS 'Who held which address, where and when; held_until is NULL for current owners.';
COMMENT ON COLUMN address_history.network IS 'Name of the network; '''' is the default network.';
COMMENT ON COLUMN address_history.address IS 'The address, without a prefix length.';
COMMENT ON COLUMN address_history.held_from IS 'Start; never in the future, even if the clock was set back.';
COMMENT ON COLUMN address_history.held_until IS 'End; NULL: the owner holds it now.';
COMMENT ON COLUMN address_history.owner_kind IS 'Kind of the owner: pod, static, claim, virtual_machine or workload.';
COMMENT ON COLUMN address_history.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN address_history.namespace IS 'Kubernetes namespace of the owner; '''' if a static owner has none.';
COMMENT ON COLUMN address_history.name IS 'Name of the pod, or of the person or device.';
COMMENT ON COLUMN address_history.interface IS
    'Interface of the pod; '''' if it is unknown, or if a static owner has none.';
COMMENT ON COLUMN address_history.uid IS 'UID of the pod; NULL if the caller did not send it, and for static owners.';
COMMENT ON COLUMN address_history.node IS
    'Node of the sandbox; '''' if no sandbox used the address.';
COMMENT ON COLUMN address_history.container_id IS
    'Container id of the sandbox; '''' if no sandbox used the address.';
COMMENT ON COLUMN address_history.started_by IS 'The author of its start: a caller of the server, or a database user.';
COMMENT ON COLUMN address_history.start_reason IS
    'What started it: ADD, API, IMPORT, ADOPT, REPAIR, or SQL for a manual statement.';
COMMENT ON COLUMN address_history.ended_by IS 'Who ended it; NULL while it is held.';
COMMENT ON COLUMN address_history.end_reason IS
    'What ended it: DEL, GC, RECONCILE (the controller), EXPIRE, ADD, API, or SQL for a statement by hand; NULL while it is held.';
COMMENT ON COLUMN address_history.pool IS 'CIDR of the pool that the address was taken from; NULL: the pool is gone.';
COMMENT ON COLUMN address_history.network_id IS 'The network of the address: networks.id.';
COMMENT ON COLUMN address_history.during IS
    'From when to when as it is stored, the end excluded; no upper bound: it is held now.';
COMMENT ON COLUMN address_history.id IS 'Number of the tenure: tenures.id.';
COMMENT ON COLUMN address_history.pool_id IS
    'The pool that the address was taken from: pools.id. The pool may be deleted.';
COMMENT ON COLUMN address_history.mac IS 'MAC address that the runtime requested for the interface; NULL: none.';

-- schema/history/who_had.sql
CREATE OR REPLACE FUNCTION who_had(wanted inet, at timestamptz DEFAULT NULL)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The keys are for the indexes, as in tenures_of(). The present is what is open, whatever the clock said when it
    -- was opened: only an open tenure has no end.
    SELECT * FROM address_history h
     WHERE family(wanted) = 4 AND family(h.address) = 4
       AND network_key(h.network_id, h.address) <@ network_keys(set_masklen(wanted, 32))
       AND h.during @> CASE WHEN at < statement_timestamp() THEN at ELSE 'infinity' END
    UNION ALL
    SELECT * FROM address_history h
     WHERE family(wanted) = 6 AND family(h.address) = 6
       AND address_key(h.address) = address_key(wanted)
       AND h.address = CASE family(wanted) WHEN 6 THEN set_masklen(wanted, 128) END
       AND h.during @> CASE WHEN at < statement_timestamp() THEN at ELSE 'infinity' END
     ORDER BY network;
END;
COMMENT ON FUNCTION who_had(inet, timestamptz) IS
    'The owner of an address at a time, in every network; NULL, or a time in the future: the current owner.';

-- schema/history/held_by.sql
CREATE OR REPLACE FUNCTION held_by(wanted_namespace text, wanted_name text)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM address_history h
     WHERE h.namespace = wanted_namespace AND h.name = wanted_name ORDER BY h.held_from, h.address;
END;
COMMENT ON FUNCTION held_by(text, text) IS 'Every address that a pod (or another owner) holds or has held.';

-- schema/history/attached_tenures.sql
CREATE OR REPLACE VIEW attached_tenures AS
-- A subquery instead of a join, which may read all reservations for the attachments of one node.
SELECT a.cluster, a.container_id, a.node,
       (SELECT r.tenure_id FROM reservations r
         WHERE r.network_id = a.network_id AND r.address = a.address) AS tenure_id
  FROM attachments a;
COMMENT ON VIEW attached_tenures IS 'The open tenures of what runs: one row for each interface of a sandbox and address.';
COMMENT ON COLUMN attached_tenures.cluster IS 'Cluster of the sandbox; '''' is a cluster without a name.';
COMMENT ON COLUMN attached_tenures.container_id IS
    'CNI_CONTAINERID; '''' when the pod was imported while it ran.';
COMMENT ON COLUMN attached_tenures.node IS 'Node of the sandbox; '''' if an import did not provide it.';
COMMENT ON COLUMN attached_tenures.tenure_id IS 'The open tenure of the address: tenures.id.';

-- schema/history/lasting_attachments.sql
CREATE OR REPLACE VIEW lasting_attachments AS
-- (OFFSET keeps it a look-up for each attachment: a join may read all reservations.)
SELECT p.tenure_id, p.during, p.cluster, p.container_id, p.interface, p.node, p.pod_name, p.pod_uid, p.end_reason, p.mac
  FROM past_attachments p
UNION ALL
SELECT r.tenure_id, tstzrange(a.attached_at, NULL), a.cluster, a.container_id, a.interface, a.node, a.pod_name, a.pod_uid, NULL, a.mac
  FROM attachments a
 CROSS JOIN LATERAL (SELECT one.tenure_id, one.owner_kind FROM reservations one
                      WHERE one.network_id = a.network_id AND one.address = a.address OFFSET 0) AS r
 WHERE r.owner_kind NOT IN ('pod', 'static');
COMMENT ON VIEW lasting_attachments IS 'Past and present sandboxes of owners that outlive them: claims, virtual machines and workloads.';
COMMENT ON COLUMN lasting_attachments.tenure_id IS 'The tenure of the owner: tenures.id.';
COMMENT ON COLUMN lasting_attachments.during IS 'From the attach to its end, without its end; no upper bound: the sandbox uses the address now.';
COMMENT ON COLUMN lasting_attachments.cluster IS 'Cluster of the sandbox; '''' is a cluster without a name.';
COMMENT ON COLUMN lasting_attachments.container_id IS 'CNI_CONTAINERID of the sandbox.';
COMMENT ON COLUMN lasting_attachments.interface IS 'CNI_IFNAME: the interface in the sandbox.';
COMMENT ON COLUMN lasting_attachments.node IS 'Node of the sandbox; '''' if an import did not provide it.';
COMMENT ON COLUMN lasting_attachments.pod_name IS 'Name of the pod, in the namespace of the owner; '''' if the owner has its name.';
COMMENT ON COLUMN lasting_attachments.pod_uid IS 'UID of the pod; NULL if the caller did not send it.';
COMMENT ON COLUMN lasting_attachments.end_reason IS 'What ended it: DEL, GC, RECONCILE (the controller), REPLACED or API; NULL: the sandbox uses the address now.';
COMMENT ON COLUMN lasting_attachments.mac IS 'MAC address that the runtime requested for the interface; NULL: none.';

-- schema/history/ran_on.sql
CREATE OR REPLACE FUNCTION ran_on(wanted_node text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The index has both bounds, so of those that ended after the time began it reads only entries, not rows. A tenure
    -- without a beginning (by hand) has no lower bound to compare.
    SELECT h.* FROM address_history h
     WHERE h.node = wanted_node AND NOT upper_inf(h.during) AND h.owner_kind IN ('pod', 'static')
       AND upper(h.during) > coalesce(since, '-infinity') AND lower(h.during) < coalesce(until, 'infinity')
       AND h.during && tstzrange(since, until)
    UNION ALL
    SELECT h.* FROM address_history h
     WHERE h.node = wanted_node AND NOT upper_inf(h.during) AND h.owner_kind IN ('pod', 'static')
       AND upper(h.during) > coalesce(since, '-infinity') AND lower(h.during) IS NULL
       AND h.during && tstzrange(since, until)
    UNION ALL
    SELECT h.* FROM address_history h
     WHERE h.id = ANY (ARRAY(SELECT a.tenure_id FROM attached_tenures a WHERE a.node = wanted_node))
       AND h.node = wanted_node AND upper_inf(h.during) AND h.during && tstzrange(since, until)
       AND h.owner_kind IN ('pod', 'static')
    UNION ALL
    -- Owners that outlive their sandboxes: the time of each sandbox, not the tenure.
    SELECT h.network, h.address, lower(p.during), upper(p.during), h.owner_kind, h.cluster, h.namespace, h.name, h.interface,
           p.pod_uid, p.node, p.container_id, h.started_by, h.start_reason, CASE WHEN NOT upper_inf(p.during) THEN h.ended_by END,
           p.end_reason, h.pool, h.network_id, p.during, h.id, h.pool_id, p.mac
      FROM lasting_attachments p
     CROSS JOIN LATERAL (SELECT one.* FROM address_history one WHERE one.id = p.tenure_id OFFSET 0) AS h
     WHERE p.node = wanted_node AND p.during && tstzrange(since, until);
END;
COMMENT ON FUNCTION ran_on(text, timestamptz, timestamptz) IS
    'Every owner of addresses on a node at any time of a period; NULL: from the beginning, until now.';

-- schema/history/of_container.sql
CREATE OR REPLACE FUNCTION of_container(wanted text)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The index of attachments begins with the cluster: one look-up in each, which OFFSET keeps from becoming a join.
    WITH RECURSIVE clusters (name) AS (
        (SELECT a.cluster FROM attached_tenures a ORDER BY a.cluster LIMIT 1)
        UNION ALL
        SELECT (SELECT a.cluster FROM attached_tenures a WHERE a.cluster > c.name ORDER BY a.cluster LIMIT 1)
          FROM clusters c WHERE c.name IS NOT NULL),
    -- Owners that outlive their sandboxes: the time of each sandbox, not the tenure.
    lasting AS (
        SELECT past.* FROM lasting_attachments past WHERE past.container_id = wanted AND past.end_reason IS NOT NULL
        UNION ALL
        SELECT a.* FROM clusters c
         CROSS JOIN LATERAL (SELECT one.* FROM lasting_attachments one
                              WHERE one.cluster = c.name AND one.container_id = wanted AND one.end_reason IS NULL OFFSET 0) AS a)
    SELECT h.* FROM address_history h
     WHERE h.container_id = wanted AND NOT upper_inf(h.during) AND h.owner_kind IN ('pod', 'static')
    UNION ALL
    SELECT h.* FROM address_history h
     WHERE h.id = ANY (ARRAY(
               SELECT a.tenure_id
                 FROM clusters c
                CROSS JOIN LATERAL (SELECT one.tenure_id FROM attached_tenures one
                                     WHERE one.cluster = c.name AND one.container_id = wanted OFFSET 0) AS a))
       AND h.container_id = wanted AND upper_inf(h.during) AND h.owner_kind IN ('pod', 'static')
    UNION ALL
    SELECT h.network, h.address, lower(p.during), upper(p.during), h.owner_kind, h.cluster, h.namespace, h.name, h.interface,
           p.pod_uid, p.node, p.container_id, h.started_by, h.start_reason, CASE WHEN NOT upper_inf(p.during) THEN h.ended_by END,
           p.end_reason, h.pool, h.network_id, p.during, h.id, h.pool_id, p.mac
      FROM lasting p
     CROSS JOIN LATERAL (SELECT one.* FROM address_history one WHERE one.id = p.tenure_id OFFSET 0) AS h;
END;
COMMENT ON FUNCTION of_container(text) IS 'Every address that a container holds or has held, by its full id.';

-- schema/history/in_prefix.sql
CREATE OR REPLACE FUNCTION in_prefix(prefix inet, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The keys are for the indexes, as in who_had(). That of IPv6 has the last 62 bits of an address: they are one span
    -- only in a prefix as long as /66. In a shorter one, the address leads.
    SELECT h.* FROM address_history h
     WHERE family(prefix) = 4 AND family(h.address) = 4
       AND network_key(h.network_id, h.address) <@ network_keys(prefix)
       AND h.during && tstzrange(since, until)
    UNION ALL
    SELECT h.* FROM address_history h
     WHERE family(prefix) = 6 AND masklen(prefix) >= 66 AND family(h.address) = 6
       AND address_key(h.address) <@ range_merge(address_key(first_address(prefix)), address_key(last_address(prefix)))
       AND h.address BETWEEN first_address(prefix) AND last_address(prefix)
       AND h.during && tstzrange(since, until)
    UNION ALL
    SELECT h.* FROM address_history h
     WHERE family(prefix) = 6 AND masklen(prefix) < 66
       AND h.address BETWEEN first_address(prefix) AND last_address(prefix)
       AND h.during && tstzrange(since, until);
END;
COMMENT ON FUNCTION in_prefix(inet, timestamptz, timestamptz) IS
    'Every owner of addresses in a prefix at any time of a period, in every network; NULL: from the beginning, until now.';

-- schema/history/prune_v1.sql
CREATE OR REPLACE FUNCTION prune_v1(older_than timestamptz, after_id bigint, at_most integer)
RETURNS TABLE (pruned integer, last_id bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Removes tenures that ended before a time; reads at most at_most rows in the order of their ids, after after_id. The
-- next call continues after last_id; NULL: nothing is left.
DECLARE
    command text := set_config('rowhouse.command', 'PRUNE', true);
BEGIN
    WITH seen AS (
        SELECT t.id, upper(t.during) < older_than AS is_old FROM tenures t
         WHERE t.id > after_id ORDER BY t.id LIMIT at_most),
    gone AS (
        DELETE FROM tenures t USING seen WHERE t.id = seen.id AND seen.is_old RETURNING 1),
    ended AS (
        DELETE FROM past_attachments p USING seen WHERE p.tenure_id = seen.id AND upper(p.during) < older_than)
    SELECT (SELECT count(*) FROM gone), (SELECT max(seen.id) FROM seen) INTO pruned, last_id;
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION prune_v1 IS 'Removes one small batch of tenures that ended before a time.';

-- schema/history/prune_audit_v1.sql
CREATE OR REPLACE FUNCTION prune_audit_v1(older_than timestamptz, after_id bigint, at_most integer)
RETURNS TABLE (pruned integer, last_id bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Removes at most at_most entries written before a time, in the order of their ids, after after_id. The next call
-- continues after last_id; NULL: nothing is left. refuse_rewriting() allows only this function to remove entries.
-- The entry of a drained pool's deletion stays: ensure_pool() drains the pool if a configuration recreates it.
BEGIN
    WITH gone AS (
        DELETE FROM audit_log l
         WHERE l.id IN (SELECT o.id FROM audit_log o
                         WHERE o.id > after_id AND o.at < older_than
                           AND NOT (o.action = 'pool.delete' AND o.before @> '{"drained": true}')
                         ORDER BY o.id LIMIT at_most)
        RETURNING l.id)
    SELECT count(*), max(gone.id) FROM gone INTO pruned, last_id;
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION prune_audit_v1 IS 'Removes one small batch of audit log entries written before a time.';

-- schema/history/setting_changed.sql
CREATE OR REPLACE FUNCTION setting_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Networks, quotas, saved views and tokens: the audit log has every change, but not the digest of a token, and not what
-- a private view shows: every viewer reads the log.
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - CASE WHEN to_jsonb(OLD) @> '{"is_shared": false}' THEN 'query' ELSE 'digest' END END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - CASE WHEN to_jsonb(NEW) @> '{"is_shared": false}' THEN 'query' ELSE 'digest' END END;
    row    jsonb := coalesce(after, before);
BEGIN
    IF TG_TABLE_NAME = 'networks' AND TG_OP = 'UPDATE' AND before->'isolated' <> after->'isolated'
       AND EXISTS (SELECT FROM pools p WHERE p.network_id = (row->>'id')::integer) THEN
        -- Every pool knows whether it is isolated, and its sandboxes go on using their addresses.
        RAISE EXCEPTION 'network % has pools, so its isolation cannot change', row->>'id'
            USING ERRCODE = error_code('in_the_way'), HINT = 'An ADD of a configuration that shares the range (enable_overlapping_ranges) moves the pool to the shared space.';
    END IF;
    PERFORM record_change(rtrim(TG_TABLE_NAME, 's') || '.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE lower(TG_OP) END,
                          coalesce(row->>'name', row->>'namespace'), before, after);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION setting_changed() IS 'Trigger: records a change of a network, quota, saved view or token in the audit log.';

CREATE OR REPLACE TRIGGER networks_change AFTER INSERT OR UPDATE OR DELETE ON networks
    FOR EACH ROW EXECUTE FUNCTION setting_changed();
CREATE OR REPLACE TRIGGER quotas_change AFTER INSERT OR UPDATE OR DELETE ON quotas
    FOR EACH ROW EXECUTE FUNCTION setting_changed();
CREATE OR REPLACE TRIGGER tokens_change AFTER INSERT OR UPDATE OR DELETE ON tokens
    FOR EACH ROW EXECUTE FUNCTION setting_changed();
CREATE OR REPLACE TRIGGER saved_views_change AFTER INSERT OR UPDATE OR DELETE ON saved_views
    FOR EACH ROW EXECUTE FUNCTION setting_changed();

-- schema/history/changed_by_hand.sql
CREATE OR REPLACE FUNCTION changed_by_hand() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    before jsonb;
    after  jsonb;
    row    jsonb;
BEGIN
    IF pg_trigger_depth() = 1 AND coalesce(current_setting('rowhouse.command', true), '') = '' THEN
        before := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
        after := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
        row := coalesce(before, after);
        PERFORM record_change(rtrim(TG_TABLE_NAME, 's') || '.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE lower(TG_OP) END, coalesce(row->>'address', row->>'slice', row->>'reason', row->>'pool_id', row->>'tenure_id',
                                       row->>'name'),
                              before, after);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION changed_by_hand() IS
    'Trigger: records a manual change in the audit log, for tables that only our functions write.';

-- (The key's other columns follow the reservation.)
CREATE OR REPLACE TRIGGER attachments_updated
    AFTER UPDATE OF cluster, container_id, interface, node, cni_network, pod_uid, pod_name, mac, attached_at ON attachments
    FOR EACH ROW EXECUTE FUNCTION changed_by_hand();
CREATE OR REPLACE TRIGGER past_attachments_by_hand AFTER INSERT OR UPDATE OR DELETE ON past_attachments FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
CREATE OR REPLACE TRIGGER owner_objects_by_hand AFTER INSERT OR UPDATE OR DELETE ON owner_objects FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
CREATE OR REPLACE TRIGGER assignment_hold_by_hand AFTER INSERT OR UPDATE OR DELETE ON assignment_hold FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
CREATE OR REPLACE TRIGGER assignment_hold_pools_by_hand AFTER INSERT OR UPDATE OR DELETE ON assignment_hold_pools FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
-- (A row that is missing there only makes calls slower.)
CREATE OR REPLACE TRIGGER plain_pools_by_hand AFTER INSERT OR UPDATE ON plain_pools FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
CREATE OR REPLACE TRIGGER node_slices_by_hand AFTER INSERT OR UPDATE OR DELETE ON node_slices FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();

-- schema/history/history_by_hand.sql
CREATE OR REPLACE FUNCTION history_by_hand() RETURNS trigger
LANGUAGE plpgsql AS $$
-- Only our functions and triggers write history: they set the use case, or are triggers themselves. A manual statement
-- is recorded in the audit log. No WHEN clause: PostgreSQL would parse it for every statement, which every call
-- would pay for; no rows one by one; and neither SECURITY DEFINER nor a search path of its own, for the same reason: only
-- the tables' owner can write to them, and may write to the audit log as well.
BEGIN
    IF pg_trigger_depth() > 1 OR current_setting('rowhouse.command', true) <> '' THEN
        NULL;
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM rowhouse.record_changes('tenure.create', NULL, pg_catalog.array_agg(b.after ORDER BY b.number))
           FROM (SELECT pg_catalog.to_jsonb(n) AS after, n.network_id, n.owner_cluster,
                        pg_catalog.row_number() OVER (PARTITION BY n.network_id, n.owner_cluster ORDER BY n.address, n.id) - 1 AS number
                   FROM new_rows n) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM rowhouse.record_changes('tenure.delete', pg_catalog.array_agg(b.before ORDER BY b.number), NULL)
           FROM (SELECT pg_catalog.to_jsonb(o) AS before, o.network_id, o.owner_cluster,
                        pg_catalog.row_number() OVER (PARTITION BY o.network_id, o.owner_cluster ORDER BY o.address, o.id) - 1 AS number
                   FROM old_rows o) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    ELSE
        -- (A row whose id was changed as well is a line for what it was and one for what it is.)
        PERFORM rowhouse.record_changes('tenure.update', pg_catalog.array_agg(b.before ORDER BY b.number),
                                        pg_catalog.array_agg(b.after ORDER BY b.number))
           FROM (SELECT pg_catalog.to_jsonb(o) AS before, pg_catalog.to_jsonb(n) AS after,
                        coalesce(n.network_id, o.network_id) AS network_id, coalesce(n.owner_cluster, o.owner_cluster) AS owner_cluster,
                        pg_catalog.row_number() OVER (PARTITION BY coalesce(n.network_id, o.network_id), coalesce(n.owner_cluster, o.owner_cluster)
                                                      ORDER BY coalesce(o.address, n.address), coalesce(o.id, n.id)) - 1 AS number
                   FROM old_rows o FULL JOIN new_rows n ON n.id = o.id) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION history_by_hand() IS 'Trigger: records a manual change of the history in the audit log.';

-- schema/history/refuse_rewriting.sql
CREATE OR REPLACE FUNCTION refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    stack text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- Unlike a setting, the calling function cannot be forged.
        GET DIAGNOSTICS stack = PG_CONTEXT;
        IF stack ~ '(^|[^.[:alnum:]_])(rowhouse[.])?prune_audit_v1[(]timestamp with time zone,bigint,integer[)]' THEN
            RETURN NULL;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only and does not allow %', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'feature_not_supported',
              HINT = '`rowhouse db prune --audit-older-than` removes old lines. Only the owner can disable the trigger.';
END $$;
COMMENT ON FUNCTION refuse_rewriting() IS 'Trigger: the audit log is append-only; only prune_audit_v1() removes entries.';

-- schema/history/stamp_audit.sql
CREATE OR REPLACE FUNCTION stamp_audit() RETURNS trigger
LANGUAGE plpgsql AS $$
-- A manually written entry has its author and its time.
BEGIN
    NEW.database_user := session_user;
    NEW.at := clock_timestamp();
    RETURN NEW;
END $$;
COMMENT ON FUNCTION stamp_audit() IS 'Trigger: sets database user and time of a new audit log entry.';

-- schema/history/comment_changed.sql
CREATE OR REPLACE FUNCTION comment_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP = 'INSERT' THEN to_jsonb(NEW) END;
    row    jsonb := coalesce(after, before);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'comment % cannot change', OLD.id
            USING ERRCODE = error_code('in_the_way'), HINT = 'Remove it, and write another one.';
    END IF;
    PERFORM record_change('comment.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE 'delete' END,
                          coalesce(host((row->>'address')::inet),
                                   (SELECT p.cidr::text FROM pools p WHERE p.id = (row->>'pool_id')::integer),
                                   row->>'id'),
                          before, after);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION comment_changed() IS 'Trigger: records a comment in the audit log, and refuses to change one.';

CREATE OR REPLACE TRIGGER comments_change AFTER INSERT OR UPDATE OR DELETE ON comments
    FOR EACH ROW EXECUTE FUNCTION comment_changed();

-- schema/history/refuse_truncate.sql
CREATE OR REPLACE FUNCTION refuse_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE of % would lose history and free space, or bypass the audit log', TG_TABLE_NAME
        USING ERRCODE = 'feature_not_supported', HINT = 'Use DELETE, which keeps all invariants.';
END $$;
COMMENT ON FUNCTION refuse_truncate() IS 'Trigger: refuses a TRUNCATE.';

CREATE OR REPLACE TRIGGER reservations_truncate BEFORE TRUNCATE ON reservations EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER attachments_truncate BEFORE TRUNCATE ON attachments EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER past_attachments_truncate BEFORE TRUNCATE ON past_attachments EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER owner_objects_truncate BEFORE TRUNCATE ON owner_objects EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER free_ranges_truncate BEFORE TRUNCATE ON free_ranges EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER tenures_truncate BEFORE TRUNCATE ON tenures EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER audit_log_truncate BEFORE TRUNCATE ON audit_log EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER networks_truncate BEFORE TRUNCATE ON networks EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER pools_truncate BEFORE TRUNCATE ON pools EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER pool_names_truncate BEFORE TRUNCATE ON pool_names EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER node_slices_truncate BEFORE TRUNCATE ON node_slices EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER quotas_truncate BEFORE TRUNCATE ON quotas EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER comments_truncate BEFORE TRUNCATE ON comments EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER saved_views_truncate BEFORE TRUNCATE ON saved_views EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER requests_truncate BEFORE TRUNCATE ON requests EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER tokens_truncate BEFORE TRUNCATE ON tokens EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER gateways_truncate BEFORE TRUNCATE ON gateways EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER assignment_hold_truncate BEFORE TRUNCATE ON assignment_hold EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER assignment_hold_pools_truncate BEFORE TRUNCATE ON assignment_hold_pools EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER exclusions_truncate BEFORE TRUNCATE ON exclusions EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER plain_pools_truncate BEFORE TRUNCATE ON plain_pools EXECUTE FUNCTION refuse_truncate();
CREATE OR REPLACE TRIGGER imported_unnamed_truncate BEFORE TRUNCATE ON imported_unnamed EXECUTE FUNCTION refuse_truncate();

-- schema/history/record_truncate.sql
CREATE OR REPLACE FUNCTION record_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- For tables that fill again by themselves: a TRUNCATE is allowed, but recorded.
BEGIN
    PERFORM record_change('table.truncate', TG_TABLE_NAME, NULL, NULL);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION record_truncate() IS 'Trigger: records a TRUNCATE in the audit log.';

CREATE OR REPLACE TRIGGER idempotency_keys_truncate AFTER TRUNCATE ON idempotency_keys EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER fill_samples_truncate AFTER TRUNCATE ON fill_samples EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER usage_periods_truncate AFTER TRUNCATE ON usage_periods EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER pool_trends_truncate AFTER TRUNCATE ON pool_trends EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER sessions_truncate AFTER TRUNCATE ON sessions EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER mirrors_truncate AFTER TRUNCATE ON mirrors EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER mirror_changes_truncate AFTER TRUNCATE ON mirror_changes EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER nodes_truncate AFTER TRUNCATE ON nodes EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER events_truncate AFTER TRUNCATE ON events EXECUTE FUNCTION record_truncate();
CREATE OR REPLACE TRIGGER allocation_failures_truncate AFTER TRUNCATE ON allocation_failures EXECUTE FUNCTION record_truncate();

-- schema/free_space/is_excluded.sql
CREATE OR REPLACE FUNCTION is_excluded(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce((SELECT e.first FROM rowhouse.exclusions e
                  WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1) <= wanted, false);
COMMENT ON FUNCTION is_excluded(integer, inet) IS 'Whether an address is excluded. Exclusions never overlap, so one look-up is enough.';

-- schema/free_space/is_kept_out.sql
CREATE OR REPLACE FUNCTION is_kept_out(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce((SELECT e.first <= wanted AND NOT e.requests_only FROM rowhouse.exclusions e
                  WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1), false);
COMMENT ON FUNCTION is_kept_out(integer, inet) IS 'Whether an address is excluded, and not for requests only.';

-- schema/free_space/is_withheld.sql
CREATE OR REPLACE FUNCTION is_withheld(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
-- Every release calls this. (It does not call is_excluded(): starting an SQL function costs more than both look-ups.)
BEGIN
    RETURN coalesce((SELECT e.first FROM rowhouse.exclusions e
                      WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1) <= wanted, false)
        OR EXISTS (SELECT FROM rowhouse.gateways g WHERE g.network_id = wanted_network AND g.address = wanted);
END $$;
COMMENT ON FUNCTION is_withheld(integer, inet) IS 'Whether an address is never assigned: it is excluded, or a gateway.';

-- schema/free_space/is_on_request.sql
CREATE OR REPLACE FUNCTION is_on_request(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce((SELECT e.first <= wanted AND e.requests_only FROM rowhouse.exclusions e
                  WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1), false)
   AND NOT EXISTS (SELECT FROM rowhouse.gateways g WHERE g.network_id = wanted_network AND g.address = wanted);
COMMENT ON FUNCTION is_on_request(integer, inet) IS
    'Whether an address is excluded for requests only, so that a call that names it may take it. A gateway never is.';

-- schema/free_space/on_request_count.sql
CREATE OR REPLACE FUNCTION on_request_count(wanted_network integer, run_first inet, run_last inet) RETURNS numeric
LANGUAGE sql STABLE
RETURN (SELECT coalesce(sum(
                   rowhouse.address_count(span.first, span.last)
                   - (SELECT count(*)
                        FROM (SELECT r.address FROM rowhouse.reservations r
                               WHERE r.network_id = wanted_network AND r.address BETWEEN span.first AND span.last
                               UNION
                              SELECT g.address FROM rowhouse.gateways g
                               WHERE g.network_id = wanted_network AND g.address BETWEEN span.first AND span.last
                               UNION
                              SELECT f.last FROM rowhouse.free_ranges f
                               WHERE f.network_id = wanted_network AND f.quarantined
                                 AND f.last BETWEEN span.first AND span.last) AS taken)), 0)
          FROM (SELECT greatest(e.first, run_first)::inet AS first, least(e.last, run_last)::inet AS last
                  FROM rowhouse.exclusions e
                 WHERE e.network_id = wanted_network AND e.requests_only AND e.last >= run_first AND e.first <= run_last
                OFFSET 0) AS span);
COMMENT ON FUNCTION on_request_count(integer, inet, inet) IS
    'How many addresses of a run only a call that names one can get now.';

-- schema/free_space/why_withheld.sql
CREATE OR REPLACE FUNCTION why_withheld(wanted_network integer, wanted inet) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp
RETURN coalesce(
    (SELECT concat('excluded: ', host(e.first), '-', host(e.last), ' is kept out of use', ': ' || nullif(e.reason, ''))
       FROM rowhouse.exclusions e
      WHERE e.network_id = wanted_network AND e.last >= wanted AND e.first <= wanted AND NOT e.requests_only
      ORDER BY e.last LIMIT 1),
    (SELECT concat('the gateway of ', string_agg(DISTINCT CASE WHEN g.cni_network IS NULL THEN concat('pool ', p.cidr)
                                                               ELSE concat('CNI network "', g.cni_network, '"') END, ', '))
       FROM rowhouse.gateways g JOIN rowhouse.pools p ON p.id = g.pool_id
      WHERE g.network_id = wanted_network AND g.address = wanted HAVING count(*) > 0),
    (SELECT concat('in ', host(e.first), '-', host(e.last), ', which is for requests only', ': ' || nullif(e.reason, ''))
       FROM rowhouse.exclusions e
      WHERE e.network_id = wanted_network AND e.last >= wanted AND e.first <= wanted ORDER BY e.last LIMIT 1));
COMMENT ON FUNCTION why_withheld(integer, inet) IS 'The reason, as text, why an address is not assigned automatically; NULL: there is none.';

-- schema/free_space/take_run.sql
CREATE OR REPLACE FUNCTION take_run(wanted_network integer, wanted_first inet, wanted_last inet) RETURNS timestamptz
LANGUAGE plpgsql AS $$
-- Takes the few addresses from wanted_first to wanted_last out of the free space, and returns the time since which all of
-- them may be assigned. They may be in several runs. Waits while a run is locked.
-- Error address_taken: one of them is not free.
DECLARE
    run        free_ranges;
    part_first inet := wanted_first;
    part_last  inet;
    block_end  inet;
    next_end   inet;
    free_since timestamptz;
BEGIN
    LOOP
        SELECT * INTO run FROM free_ranges
         WHERE network_id = wanted_network AND NOT quarantined AND last >= part_first
         ORDER BY last LIMIT 1 FOR UPDATE;
        IF NOT FOUND OR run.first > part_first THEN
            SELECT * INTO run FROM free_ranges
             WHERE network_id = wanted_network AND quarantined AND last >= part_first
             ORDER BY last LIMIT 1 FOR UPDATE;
        END IF;
        IF NOT FOUND OR run.first > part_first THEN
            -- While we waited, the run may have been split, and our snapshot is older than its parts: look again
            -- with a new snapshot.
            CONTINUE WHEN EXISTS (SELECT FROM free_ranges WHERE network_id = wanted_network
                                     AND first <= part_first AND last >= part_first);
            RAISE EXCEPTION 'address % of network % is not free', host(part_first), wanted_network
                USING ERRCODE = error_code('address_taken'),
                      HINT = 'It is held by another owner, kept out of use, or in no pool of this network.';
        END IF;

        IF run.quarantined AND current_reason() = 'SQL' AND NOT is_forced() AND is_withheld(wanted_network, part_first)
           AND NOT is_on_request(wanted_network, part_first) THEN
            -- (What is withheld and not quarantined was not found.)
            RAISE EXCEPTION 'address % of network % is not free: it is %', host(part_first), wanted_network,
                            why_withheld(wanted_network, part_first)
                USING ERRCODE = error_code('address_taken'), HINT = 'SET rowhouse.force = ''on'' allows a gateway.';
        END IF;

        part_last := least(run.last, wanted_last);
        IF run.first = part_first AND run.last = part_last THEN
            DELETE FROM free_ranges
             WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
        ELSIF run.first = part_first THEN
            -- A run that reaches past this block of 64 is split there, and again after the next block,
            -- so that other writers find runs that are not locked.
            block_end := last_address(block_of(part_last));
            IF block_end > part_last AND block_end < run.last THEN
                next_end := last_address(block_of(block_end + 1));
                IF next_end >= run.last THEN
                    next_end := block_end;
                END IF;
                UPDATE free_ranges SET first = next_end + 1
                 WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                VALUES (wanted_network, run.quarantined, part_last + 1, block_end, run.free_from);
                IF next_end > block_end THEN
                    INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                    VALUES (wanted_network, run.quarantined, block_end + 1, next_end, run.free_from);
                END IF;
            ELSE
                UPDATE free_ranges SET first = part_last + 1
                 WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
            END IF;
        ELSIF run.last = part_last THEN
            UPDATE free_ranges SET last = part_first - 1
             WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
        ELSE
            UPDATE free_ranges SET first = part_last + 1
             WHERE network_id = wanted_network AND quarantined = run.quarantined AND last = run.last;
            INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
            VALUES (wanted_network, run.quarantined, run.first, part_first - 1, run.free_from);
        END IF;
        IF run.quarantined THEN
            -- Only a user takes it early; the end of the last tenure counts then.
            SELECT max(upper(during)) INTO run.free_from FROM tenures
             WHERE network_id = wanted_network AND address BETWEEN part_first AND part_last;
        END IF;
        free_since := greatest(free_since, run.free_from);
        IF part_last = wanted_last THEN
            RETURN free_since;
        END IF;
        part_first := part_last + 1;
    END LOOP;
END $$;
COMMENT ON FUNCTION take_run(integer, inet, inet) IS 'Takes a run of addresses out of the free space of a network.';

-- schema/free_space/free_run.sql
CREATE OR REPLACE FUNCTION free_run(run_network integer, run_first inet, run_last inet, run_free_from timestamptz)
RETURNS boolean
LANGUAGE plpgsql AS $$
-- Puts a run into the free space, joined with those of its neighbors that are not locked: a release
-- never blocks. Quarantined runs keep to themselves until their time has come. Returns whether
-- there was one to join.
DECLARE
    before free_ranges;
    after  free_ranges;
BEGIN
    SELECT * INTO after FROM free_ranges
     WHERE network_id = run_network AND NOT quarantined AND last > run_last ORDER BY last LIMIT 1;
    -- Of one family: the run after 255.255.255.255 is an IPv6 one.
    IF FOUND AND family(after.first) = family(run_last) AND after.first - 1 = run_last THEN
        SELECT * INTO after FROM free_ranges
         WHERE network_id = run_network AND NOT quarantined AND last = after.last
           FOR UPDATE SKIP LOCKED;
    ELSE
        after := NULL;
    END IF;
    SELECT * INTO before FROM free_ranges
     WHERE network_id = run_network AND NOT quarantined AND last < run_first ORDER BY last DESC LIMIT 1;
    IF FOUND AND family(before.last) = family(run_first) AND before.last + 1 = run_first THEN
        SELECT * INTO before FROM free_ranges
         WHERE network_id = run_network AND NOT quarantined AND last = before.last
           FOR UPDATE SKIP LOCKED;
    ELSE
        before := NULL;
    END IF;
    -- A neighbor may have shrunk before it was locked.
    IF after.first IS NOT NULL AND after.first - 1 <> run_last THEN after := NULL; END IF;

    IF before.last IS NOT NULL THEN
        DELETE FROM free_ranges
         WHERE network_id = run_network AND NOT quarantined AND last = before.last;
        run_first := before.first;
        run_free_from := greatest(run_free_from, before.free_from);
    END IF;
    IF after.last IS NOT NULL THEN
        UPDATE free_ranges SET first = run_first, last = after.last, free_from = greatest(run_free_from, after.free_from)
         WHERE network_id = run_network AND NOT quarantined AND last = after.last;
    ELSE
        INSERT INTO free_ranges (network_id, first, last, free_from)
        VALUES (run_network, run_first, run_last, run_free_from);
    END IF;
    RETURN before.last IS NOT NULL OR after.last IS NOT NULL;
END $$;
COMMENT ON FUNCTION free_run(integer, inet, inet, timestamptz) IS 'Adds a run of addresses to the free space of a network.';

-- schema/free_space/give_back.sql
CREATE OR REPLACE FUNCTION give_back(of_network integer, of_address inet, ended timestamptz, delay interval, owner text) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Returns whether the address may be assigned immediately. (A withheld address is quarantined too: it may stop being
-- withheld before the quarantine ends.)
DECLARE
    is_joined boolean;
BEGIN
    IF delay > '0' THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (of_network, true, of_address, of_address, ended + delay, owner);
        RETURN false;
    ELSIF NOT is_withheld(of_network, of_address) THEN -- (while it was in use)
        is_joined := free_run(of_network, of_address, of_address, ended);
        RETURN true;
    END IF;
    RETURN false;
END $$;
COMMENT ON FUNCTION give_back(integer, inet, timestamptz, interval, text) IS
    'Returns a released address to the free space, or quarantines it, unless it is withheld.';

-- schema/free_space/free_covered.sql
CREATE OR REPLACE FUNCTION free_covered(run_network integer, run_first inet, run_last inet, run_free_from timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
-- The largest pools are enough: they do not overlap.
DECLARE
    pool pools;
BEGIN
    FOR pool IN
        SELECT * FROM pools p WHERE p.network_id = run_network
           AND last_address(p.cidr) >= run_first AND first_address(p.cidr) <= run_last
           AND NOT EXISTS (SELECT FROM pools larger WHERE larger.network_id = p.network_id AND larger.cidr >> p.cidr)
    LOOP
        PERFORM free_unless_withheld(run_network, greatest(run_first, first_address(pool.cidr)),
                                     least(run_last, last_address(pool.cidr)), run_free_from);
    END LOOP;
END $$;
COMMENT ON FUNCTION free_covered(integer, inet, inet, timestamptz) IS
    'Adds the parts of a run that a pool covers to the free space, without withheld and reserved addresses.';

-- schema/free_space/free_unless_withheld.sql
CREATE OR REPLACE FUNCTION free_unless_withheld(run_network integer, run_first inet, run_last inet, run_free_from timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
-- Puts a run into the free space, without what is excluded, a gateway, quarantined or reserved.
DECLARE
    taken    record;
    position inet := run_first;
BEGIN
    FOR taken IN
        SELECT e.first, e.last FROM exclusions e
         WHERE e.network_id = run_network AND e.last >= run_first AND e.first <= run_last
        UNION ALL
        SELECT g.address, g.address FROM gateways g
         WHERE g.network_id = run_network AND g.address BETWEEN run_first AND run_last
        UNION ALL
        SELECT f.first, f.last FROM free_ranges f
         WHERE f.network_id = run_network AND f.quarantined AND f.last >= run_first AND f.first <= run_last
        UNION ALL
        SELECT r.address, r.address FROM reservations r
         WHERE r.network_id = run_network AND r.address BETWEEN run_first AND run_last
         ORDER BY 1
    LOOP
        IF taken.first > position THEN
            PERFORM free_run(run_network, position, taken.first - 1, run_free_from);
        END IF;
        -- A reservation may lie inside an exclusion.
        IF taken.last >= position THEN
            IF taken.last >= run_last THEN
                RETURN;
            END IF;
            position := taken.last + 1;
        END IF;
    END LOOP;
    PERFORM free_run(run_network, position, run_last, run_free_from);
END $$;
COMMENT ON FUNCTION free_unless_withheld(integer, inet, inet, timestamptz) IS
    'Adds a run to the free space of a network, without excluded and reserved addresses and gateways.';

-- schema/free_space/uncovered_runs.sql
CREATE OR REPLACE FUNCTION uncovered_runs(wanted_network integer, wanted cidr, except_pool integer)
RETURNS TABLE (run_first inet, run_last inet)
LANGUAGE plpgsql STABLE AS $$
-- The parts of a CIDR that no other pool of the network covers. CIDRs are nested or disjoint, so the
-- gaps are between the largest ones inside, in order. Of pools that one statement creates, each counts for those after
-- it: all of them exist before the trigger of the first one runs.
DECLARE
    made_by    xid := (SELECT xmin FROM pools WHERE id = except_pool);
    inner_cidr cidr;
    position   inet := first_address(wanted);
    covered    boolean := false;
BEGIN
    IF EXISTS (SELECT FROM pools WHERE network_id = wanted_network AND id <> except_pool AND cidr >>= wanted
                  AND (id < except_pool OR xmin IS DISTINCT FROM made_by)) THEN
        RETURN;
    END IF;
    FOR inner_cidr IN
        SELECT p.cidr FROM pools p
         WHERE p.network_id = wanted_network AND p.id <> except_pool AND p.cidr << wanted
           AND (p.id < except_pool OR p.xmin IS DISTINCT FROM made_by)
           AND NOT EXISTS (SELECT FROM pools larger
                            WHERE larger.network_id = wanted_network AND larger.id <> except_pool
                              AND (larger.id < except_pool OR larger.xmin IS DISTINCT FROM made_by)
                              AND larger.cidr >> p.cidr AND larger.cidr << wanted)
         ORDER BY p.cidr
    LOOP
        IF first_address(inner_cidr) > position THEN
            RETURN QUERY SELECT position, first_address(inner_cidr) - 1;
        END IF;
        covered := last_address(inner_cidr) = last_address(wanted);
        EXIT WHEN covered;
        position := last_address(inner_cidr) + 1;
    END LOOP;
    IF NOT covered THEN
        RETURN QUERY SELECT position, last_address(wanted);
    END IF;
END $$;
COMMENT ON FUNCTION uncovered_runs(integer, cidr, integer) IS 'The parts of a CIDR that no other pool of the network covers.';

-- schema/free_space/withdraw_run.sql
CREATE OR REPLACE FUNCTION withdraw_run(wanted_network integer, run_first inet, run_last inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Takes every free address from run_first to run_last out of the free space (a pool is deleted, or a range excluded).
-- Waits for running allocations. Quarantined addresses stay, so that their quarantine still holds if the pool is
-- recreated or the exclusion is deleted.
DECLARE
    run free_ranges;
BEGIN
    LOOP
        FOR run IN
            DELETE FROM free_ranges
             WHERE network_id = wanted_network AND NOT quarantined AND last >= run_first AND first <= run_last RETURNING *
        LOOP
            IF run.first < run_first THEN
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                VALUES (wanted_network, run.quarantined, run.first, run_first - 1, run.free_from);
            END IF;
            IF run.last > run_last THEN
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from)
                VALUES (wanted_network, run.quarantined, run_last + 1, run.last, run.free_from);
            END IF;
        END LOOP;
        -- Repeat until nothing is left: while we waited, a run may have been split.
        EXIT WHEN NOT FOUND;
    END LOOP;
END $$;
COMMENT ON FUNCTION withdraw_run(integer, inet, inet) IS 'Takes a run of addresses out of the free space of a network.';

-- schema/free_space/withdraw_reserved.sql
CREATE OR REPLACE FUNCTION withdraw_reserved(of_network integer, of_address inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Called after a reservation of a free address conflicted: if the address is both reserved and free, the free space is
-- damaged, and the caller would otherwise try the same address forever. The caller has the run locked.
DECLARE
    run free_ranges;
BEGIN
    IF EXISTS (SELECT FROM reservations r WHERE r.network_id = of_network AND r.address = of_address) THEN
        SELECT * INTO run FROM free_ranges f
         WHERE f.network_id = of_network AND NOT f.quarantined AND f.last >= of_address AND f.first <= of_address
         ORDER BY f.last LIMIT 1;
        IF FOUND THEN
            PERFORM withdraw_run(of_network, of_address, of_address);
            PERFORM record_change('free_range.correct', host(run.first) || '-' || host(run.last), to_jsonb(run), NULL);
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION withdraw_reserved(integer, inet) IS 'Takes an address out of the free space if it is both reserved and free.';

-- schema/free_space/end_quarantine_of.sql
CREATE OR REPLACE FUNCTION end_quarantine_of(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Frees a quarantined address early, for its previous owner; false if it is no longer quarantined.
DECLARE
    run   free_ranges;
    ended timestamptz;
BEGIN
    DELETE FROM free_ranges f
     WHERE f.network_id = wanted_network AND f.quarantined
       AND f.last = (SELECT q.last FROM free_ranges q
                      WHERE q.network_id = wanted_network AND q.quarantined AND q.last >= wanted ORDER BY q.last LIMIT 1)
       AND f.first <= wanted
    RETURNING * INTO run;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF run.first < wanted THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (wanted_network, true, run.first, wanted - 1, run.free_from, run.previous_owner);
    END IF;
    IF run.last > wanted THEN
        INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
        VALUES (wanted_network, true, wanted + 1, run.last, run.free_from, run.previous_owner);
    END IF;
    -- What counts for the next tenure is when the last one ended.
    SELECT max(upper(t.during)) INTO ended FROM tenures_of(wanted_network, wanted) t;
    PERFORM free_run(wanted_network, wanted, wanted, coalesce(ended, '-infinity'));
    RETURN true;
END $$;
COMMENT ON FUNCTION end_quarantine_of(integer, inet) IS 'Ends the quarantine of one address for its previous owner.';

-- schema/free_space/end_quarantines.sql
CREATE OR REPLACE FUNCTION end_quarantines(wanted_network integer, at_most integer) RETURNS integer
LANGUAGE plpgsql AS $$
-- Frees quarantined runs whose reuse delay has ended; returns their number.
DECLARE
    run   free_ranges;
    ended integer := 0;
BEGIN
    FOR run IN
        SELECT * FROM free_ranges
         -- In a subquery, because a volatile function cannot be an index condition.
         WHERE network_id = wanted_network AND quarantined AND free_from <= (SELECT clock_timestamp())
         ORDER BY free_from LIMIT at_most FOR UPDATE SKIP LOCKED
    LOOP
        DELETE FROM free_ranges WHERE network_id = run.network_id AND quarantined AND last = run.last;
        PERFORM free_covered(run.network_id, run.first, run.last, run.free_from);
        ended := ended + 1;
    END LOOP;
    RETURN ended;
END $$;
COMMENT ON FUNCTION end_quarantines(integer, integer) IS 'Frees quarantined addresses whose reuse delay is over.';

-- schema/free_space/withhold_gateway.sql
CREATE OR REPLACE FUNCTION withhold_gateway(of_network integer, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Takes an address that became a gateway out of the free space. A running release, or
-- the running end of a quarantine, may free the address later, so this locks both rows: they wait for this transaction,
-- and then see the gateway. No table lock, because attach_v1() calls this while it holds a weaker one.
DECLARE
    is_held boolean;
BEGIN
    PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
    LOOP
        PERFORM withdraw_run(of_network, wanted, wanted);
        PERFORM FROM reservations WHERE network_id = of_network AND address = wanted FOR UPDATE;
        is_held := FOUND;
        IF NOT is_held THEN
            PERFORM FROM free_ranges WHERE network_id = of_network AND quarantined AND last >= wanted AND first <= wanted
              FOR UPDATE;
            is_held := FOUND;
        END IF;
        -- One statement, so one snapshot.
        EXIT WHEN NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND NOT quarantined
                                 AND last >= wanted AND first <= wanted)
              AND (is_held
                   OR NOT EXISTS (SELECT FROM reservations WHERE network_id = of_network AND address = wanted)
                      AND NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND quarantined
                                         AND last >= wanted AND first <= wanted));
    END LOOP;
END $$;
COMMENT ON FUNCTION withhold_gateway(integer, inet) IS 'Takes an address that became a gateway out of the free space of a network.';

-- schema/free_space/return_gateway.sql
CREATE OR REPLACE FUNCTION return_gateway(of_network integer, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Puts an address that is no longer a gateway back into the free space, unless something else keeps it out. A
-- running release saw the gateway and does not free the address, so this waits for it.
BEGIN
    PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
    PERFORM FROM reservations WHERE network_id = of_network AND address = wanted FOR UPDATE;
    IF EXISTS (SELECT FROM pools WHERE network_id = of_network AND cidr >>= wanted)
       AND NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND last >= wanted AND first <= wanted) THEN
        PERFORM free_unless_withheld(of_network, wanted, wanted, clock_timestamp());
    END IF;
END $$;
COMMENT ON FUNCTION return_gateway(integer, inet) IS 'Returns an address that is no longer a gateway to the free space of a network.';

-- schema/free_space/first_on_request.sql
CREATE OR REPLACE FUNCTION first_on_request(of_network integer, firsts inet[], lasts inet[]) RETURNS inet
LANGUAGE sql STABLE
-- The first address of a gap begins a span, or follows an address that is taken.
RETURN (SELECT gap.first
          FROM (SELECT greatest(e.first, s.first)::inet AS first, least(e.last, s.last)::inet AS last
                  FROM unnest(firsts, lasts) AS s (first, last)
                  JOIN rowhouse.exclusions e
                    ON e.network_id = of_network AND e.requests_only AND e.last >= s.first AND e.first <= s.last) AS span
         CROSS JOIN LATERAL (
               SELECT span.first
                UNION ALL
               SELECT r.address + 1 FROM rowhouse.reservations r
                WHERE r.network_id = of_network AND r.address >= span.first AND r.address < span.last
                UNION ALL
               SELECT g.address + 1 FROM rowhouse.gateways g
                WHERE g.network_id = of_network AND g.address >= span.first AND g.address < span.last
                UNION ALL
               SELECT f.last + 1 FROM rowhouse.free_ranges f
                WHERE f.network_id = of_network AND f.quarantined AND f.last >= span.first AND f.last < span.last) AS gap (first)
         WHERE NOT EXISTS (SELECT FROM rowhouse.reservations r WHERE r.network_id = of_network AND r.address = gap.first)
           AND NOT EXISTS (SELECT FROM rowhouse.gateways g WHERE g.network_id = of_network AND g.address = gap.first)
           AND NOT EXISTS (SELECT FROM rowhouse.free_ranges f
                            WHERE f.network_id = of_network AND f.quarantined AND f.last = gap.first)
         ORDER BY gap.first LIMIT 1);
COMMENT ON FUNCTION first_on_request(integer, inet[], inet[]) IS
    'The lowest address of some segments that is for requests only and not taken.';

-- schema/free_space/admit_gateways.sql
CREATE OR REPLACE FUNCTION admit_gateways(of_network integer, run_first inet, run_last inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Lets a forced reservation take the gateways from run_first to run_last: it frees them first. They are withheld again
-- when they are released. No gateway changes meanwhile, because the network is locked.
BEGIN
    IF is_forced() AND EXISTS (SELECT FROM gateways g WHERE g.network_id = of_network AND g.address BETWEEN run_first AND run_last) THEN
        PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
        INSERT INTO free_ranges (network_id, first, last, free_from)
        SELECT DISTINCT of_network, g.address, g.address, timestamptz '-infinity'
          FROM gateways g
         WHERE g.network_id = of_network AND g.address BETWEEN run_first AND run_last
           AND NOT is_kept_out(of_network, g.address)
           AND NOT EXISTS (SELECT FROM free_ranges f WHERE f.network_id = of_network AND f.last >= g.address AND f.first <= g.address);
    END IF;
END $$;
COMMENT ON FUNCTION admit_gateways(integer, inet, inet) IS 'Lets a forced reservation take gateways.';

-- schema/free_space/admit_requested.sql
CREATE OR REPLACE FUNCTION admit_requested(of_network integer, run_first inet, run_last inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Lets reservations that exist already take addresses that are kept for requests: it frees them first. Only the owner of
-- the reservation can be here, because its primary key keeps others away.
DECLARE
    span    record;
    address inet;
BEGIN
    FOR span IN
        SELECT greatest(e.first, run_first)::inet AS first, least(e.last, run_last)::inet AS last FROM exclusions e
         WHERE e.network_id = of_network AND e.requests_only AND e.last >= run_first AND e.first <= run_last
    LOOP
        address := span.first;
        LOOP
            IF is_on_request(of_network, address)
               AND NOT EXISTS (SELECT FROM free_ranges f
                                WHERE f.network_id = of_network AND f.last >= address AND f.first <= address) THEN
                INSERT INTO free_ranges (network_id, first, last, free_from)
                VALUES (of_network, address, address, '-infinity');
            END IF;
            EXIT WHEN address >= span.last;
            address := address + 1;
        END LOOP;
    END LOOP;
END $$;
COMMENT ON FUNCTION admit_requested(integer, inet, inet) IS 'Lets a reservation take addresses that are kept for requests.';

-- schema/free_space/free_ranges_guard.sql
CREATE OR REPLACE FUNCTION free_ranges_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Runs of a network never overlap, and no reserved address is free. A change by hand is in the audit log.
DECLARE
    broken text; -- the name of the rule
BEGIN
    IF pg_trigger_depth() = 1 AND coalesce(current_setting('rowhouse.command', true), '') = '' THEN
        PERFORM record_change('free_range.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE 'update' END, host(NEW.first) || '-' || host(NEW.last),
                              CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) END, to_jsonb(NEW));
    END IF;
    IF NEW.first > NEW.last OR family(NEW.first) <> family(NEW.last) THEN
        RAISE EXCEPTION 'free range %-% is not a run of addresses', host(NEW.first), host(NEW.last)
            USING ERRCODE = 'check_violation';
    END IF;
    -- For free and for quarantined runs: the first one that ends after our first address must begin after our last one.
    -- Each is one index look-up, for any number of runs. (One statement for all, because starting a statement costs as
    -- much as two look-ups. A reservation without a tenure belongs to the running statement: reservation_made() is about
    -- to take its address out, and then opens its tenure.)
    broken := CASE
        WHEN (SELECT f.first FROM free_ranges f
               WHERE f.network_id = NEW.network_id AND NOT f.quarantined AND f.last >= NEW.first
                 AND (f.last <> NEW.last OR NEW.quarantined) ORDER BY f.last LIMIT 1) <= NEW.last
          OR (SELECT f.first FROM free_ranges f
               WHERE f.network_id = NEW.network_id AND f.quarantined AND f.last >= NEW.first
                 AND (f.last <> NEW.last OR NOT NEW.quarantined) ORDER BY f.last LIMIT 1) <= NEW.last
        THEN 'free_ranges_never_overlap'
        WHEN EXISTS (SELECT FROM reservations r
                      WHERE r.network_id = NEW.network_id AND r.address >= NEW.first AND r.address <= NEW.last
                        AND EXISTS (SELECT FROM tenures t WHERE t.id = r.tenure_id))
        THEN 'free_ranges_hold_no_reservation' END;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'free range %-% of network % %', host(NEW.first), host(NEW.last), NEW.network_id,
                        CASE broken WHEN 'free_ranges_never_overlap' THEN 'overlaps another' ELSE 'holds a reserved address' END
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = broken;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION free_ranges_guard() IS 'Trigger: ensures that runs of a network never overlap, and contain no reserved address.';

-- An UPDATE of only "first", as an allocation does, does not fire it, because it shrinks a run. integrity_problems finds
-- what a manual statement breaks this way.

-- schema/free_space/free_space_deleted.sql
CREATE OR REPLACE FUNCTION free_space_deleted() RETURNS trigger
LANGUAGE plpgsql AS $$
-- What is inserted and changed by hand free_ranges_guard() records.
BEGIN
    IF pg_trigger_depth() > 1 OR current_setting('rowhouse.command', true) <> '' THEN
        RETURN NULL;
    END IF;
    PERFORM rowhouse.record_change('free_range.delete', pg_catalog.host(OLD.first) || '-' || pg_catalog.host(OLD.last),
                                   pg_catalog.to_jsonb(OLD), NULL);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION free_space_deleted() IS 'Trigger: records a manually deleted free run in the audit log.';

-- schema/pools/pool_window.sql
CREATE OR REPLACE FUNCTION pool_window(pool pools)
RETURNS TABLE (first_address inet, last_address inet)
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- What a pool may assign: its window, or else its usable addresses, without every known gateway.
    WITH bounds AS (
        SELECT coalesce(pool.window_first, first_usable(pool.cidr))::inet AS low,
               coalesce(pool.window_last, last_usable(pool.cidr))::inet AS high),
    holes AS (
        SELECT DISTINCT g.address::inet AS address FROM gateways g, bounds
         WHERE g.network_id = pool.network_id AND g.address BETWEEN bounds.low AND bounds.high),
    parts AS (
        SELECT CASE WHEN h.address IS NULL THEN bounds.low WHEN h.address < bounds.high THEN h.address + 1 END AS low,
               lead(h.address, 1) OVER (ORDER BY h.address NULLS FIRST) AS hole, bounds.high
          FROM bounds CROSS JOIN (SELECT NULL::inet AS address UNION ALL SELECT holes.address FROM holes) AS h)
    SELECT parts.low, CASE WHEN parts.hole IS NULL THEN parts.high ELSE parts.hole - 1 END
      FROM parts WHERE parts.low IS NOT NULL AND parts.low IS DISTINCT FROM parts.hole;
END;
COMMENT ON FUNCTION pool_window(pools) IS
    'The assignable segments of a pool, first to last: its window without known gateways. Exclusions are not subtracted.';

-- schema/pools/window_counts.sql
CREATE OR REPLACE FUNCTION window_counts(networks integer[], firsts inet[], lasts inet[], reserved bigint[] DEFAULT NULL)
RETURNS TABLE (ordinal bigint, total numeric, used bigint, quarantined bigint, excluded numeric, free numeric)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1000 SET search_path = rowhouse, pg_temp SET jit = off SET max_parallel_workers_per_gather = 0
BEGIN ATOMIC
    -- The one definition of what becomes of addresses that may be assigned: each is used, quarantined, excluded or free.
    -- Gateways may not be assigned. An excluded address that is reserved counts as used.
    -- reserved: how many reservations are in each window, where the caller has counted them already.
    --
    -- LATERAL and OFFSET 0: one index scan for each window. Left to itself PostgreSQL joins by network, and compares
    -- each window with everything in its network.
    WITH windows AS MATERIALIZED (
        SELECT w.ordinal, w.network_id, w.first, w.last, w.reserved, h.gateways
          FROM ROWS FROM (unnest(networks), unnest(firsts), unnest(lasts), unnest(reserved))
               WITH ORDINALITY AS w (network_id, first, last, reserved, ordinal)
         CROSS JOIN LATERAL (SELECT array_agg(DISTINCT g.address::inet) AS gateways FROM gateways g
                              WHERE g.network_id = w.network_id AND g.address BETWEEN w.first AND w.last) AS h),
    counts AS MATERIALIZED (
        SELECT w.ordinal,
               greatest(address_count(w.first, w.last) - coalesce(cardinality(w.gateways), 0), 0) AS total,
               coalesce(w.reserved, (SELECT count(*) FROM reservations r
                                      WHERE r.network_id = w.network_id AND r.address BETWEEN w.first AND w.last))
               - CASE WHEN w.gateways IS NULL THEN 0
                      ELSE (SELECT count(*) FROM reservations r
                             WHERE r.network_id = w.network_id AND r.address = ANY (w.gateways)) END AS used,
               -- (A quarantined run is one address.)
               (SELECT count(*) FROM free_ranges f
                 WHERE f.network_id = w.network_id AND f.quarantined AND f.last BETWEEN w.first AND w.last
                   AND NOT is_withheld(f.network_id, f.first)) AS quarantined,
               e.addresses AS excluded
          FROM windows w
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(
                          address_count(span.first, span.last)
                          - (SELECT count(*) FROM unnest(w.gateways) AS g (address)
                              WHERE g.address BETWEEN span.first AND span.last)
                          - (SELECT count(*) FROM reservations r
                              WHERE r.network_id = w.network_id AND r.address BETWEEN span.first AND span.last
                                AND (w.gateways IS NULL OR r.address <> ALL (w.gateways)))), 0) AS addresses
                 FROM (SELECT greatest(x.first, w.first)::inet AS first, least(x.last, w.last)::inet AS last
                         FROM exclusions x
                        -- The last exclusion that can overlap the window is the first one that ends after it.
                        WHERE x.network_id = w.network_id AND x.first <= w.last AND x.last >= w.first
                          AND x.last <= coalesce((SELECT min(y.last) FROM exclusions y
                                                   WHERE y.network_id = w.network_id AND y.last >= w.last), w.last)
                       OFFSET 0) AS span) AS e)
    SELECT c.ordinal, c.total, c.used, c.quarantined, c.excluded,
           greatest(c.total - c.used - c.quarantined - c.excluded, 0)
      FROM counts c;
END;
COMMENT ON FUNCTION window_counts(integer[], inet[], inet[], bigint[]) IS
    'Counts the addresses of windows (first to last inclusive, each in a network): total, used, quarantined, excluded, free. pool_counts() and the address map use it.';

-- schema/pools/pool_counts.sql
CREATE OR REPLACE FUNCTION pool_counts(wanted_pools integer[] DEFAULT NULL)
RETURNS TABLE (pool_id integer, total numeric, reserved bigint, reserved_by_overlaps bigint, attached bigint, sticky bigint,
               used bigint, quarantined bigint, excluded numeric, free numeric, percent_used numeric)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1000 SET search_path = rowhouse, pg_temp SET jit = off SET max_parallel_workers_per_gather = 0
BEGIN ATOMIC
    -- How full pools are. Pages, API, metrics, command line, samples and pool_usage all read this.
    --
    -- An address that overlapping pools share is used in each of them, whichever assigned it; "reserved" alone counts a
    -- pool's own reservations, so over all pools each counts once.
    WITH wanted AS MATERIALIZED (
        SELECT p.id, p.network_id, p.cidr, first_address(p.cidr)::inet AS low, last_address(p.cidr)::inet AS high,
               coalesce(p.window_first, first_usable(p.cidr))::inet AS first,
               coalesce(p.window_last, last_usable(p.cidr))::inet AS last
          FROM pools p WHERE wanted_pools IS NULL OR p.id = ANY (wanted_pools)),
    own AS (
        -- All pools by one pass over the reservations, some of them by their addresses.
        SELECT r.pool_id AS id, count(*) AS reserved, count(*) FILTER (WHERE r.container_id <> '') AS attached,
               count(*) FILTER (WHERE r.sticky) AS sticky
          FROM reservations r WHERE wanted_pools IS NULL GROUP BY r.pool_id
        UNION ALL
        SELECT w.id, r.reserved, r.attached, r.sticky
          FROM wanted w CROSS JOIN LATERAL (
               SELECT count(*) AS reserved, count(*) FILTER (WHERE r.container_id <> '') AS attached,
                      count(*) FILTER (WHERE r.sticky) AS sticky
                 FROM reservations r
                WHERE r.network_id = w.network_id AND r.address BETWEEN w.low AND w.high AND r.pool_id = w.id) AS r
         WHERE wanted_pools IS NOT NULL),
    overlapping AS (
        SELECT w.id, sum(r.reserved)::bigint AS reserved
          FROM wanted w
         CROSS JOIN LATERAL (SELECT p.id, p.cidr FROM pools p
                              WHERE p.network_id = w.network_id AND p.cidr && w.cidr AND p.id <> w.id OFFSET 0) AS other
         CROSS JOIN LATERAL (SELECT count(*) AS reserved FROM reservations r
                              WHERE r.network_id = w.network_id AND r.pool_id = other.id
                                AND r.address BETWEEN greatest(w.low, first_address(other.cidr))
                                                  AND least(w.high, last_address(other.cidr))) AS r
         GROUP BY w.id),
    held AS MATERIALIZED (
        SELECT w.id, w.network_id, w.first, w.last, row_number() OVER (ORDER BY w.id) AS ordinal,
               coalesce(own.reserved, 0) AS reserved, coalesce(own.attached, 0) AS attached, coalesce(own.sticky, 0) AS sticky,
               coalesce(o.reserved, 0) AS by_overlaps,
               (SELECT count(*) FROM reservations r
                 WHERE r.network_id = w.network_id AND r.address >= w.low AND r.address < w.first)
               + (SELECT count(*) FROM reservations r
                   WHERE r.network_id = w.network_id AND r.address > w.last AND r.address <= w.high) AS outside
          FROM wanted w LEFT JOIN own ON own.id = w.id LEFT JOIN overlapping o ON o.id = w.id)
    SELECT h.id, c.total, h.reserved, h.by_overlaps, h.attached, h.sticky, c.used, c.quarantined, c.excluded, c.free,
           round(100 * c.used / nullif(c.total, 0), 1)
      FROM (SELECT array_agg(h.network_id ORDER BY h.ordinal) AS networks, array_agg(h.first ORDER BY h.ordinal) AS firsts,
                   array_agg(h.last ORDER BY h.ordinal) AS lasts,
                   array_agg(h.reserved + h.by_overlaps - h.outside ORDER BY h.ordinal) AS reserved
              FROM held h) AS windows
     CROSS JOIN window_counts(windows.networks, windows.firsts, windows.lasts, windows.reserved) c
      JOIN held h USING (ordinal);
END;
COMMENT ON FUNCTION pool_counts(integer[]) IS
    'The usage of these pools (NULL: all pools). The columns are those of the view pool_usage.';

-- schema/pools/pool_usage.sql
CREATE OR REPLACE VIEW pool_usage AS
SELECT n.name AS network, p.cidr AS pool, p.name AS pool_name, p.gateway, c.total, c.reserved, c.reserved_by_overlaps,
       c.attached, c.sticky, c.used, c.quarantined, c.excluded, c.free, c.percent_used, p.id AS pool_id, p.network_id
  FROM pool_counts() c
  JOIN pools p ON p.id = c.pool_id
  JOIN networks n ON n.id = p.network_id;
COMMENT ON VIEW pool_usage IS
    'Usage of each pool. reserved counts its own reservations, so its sum over pools is the number of reservations; reserved_by_overlaps counts the reservations of other pools in its CIDR. Each assignable address (total) is used (by any pool), quarantined, excluded or free.';
COMMENT ON COLUMN pool_usage.network IS 'Name of the network; '''' is the default network.';
COMMENT ON COLUMN pool_usage.pool IS 'CIDR of the pool.';
COMMENT ON COLUMN pool_usage.pool_name IS 'Name of the pool; NULL: it has none.';
COMMENT ON COLUMN pool_usage.gateway IS 'The gateway that an operator set; NULL: none.';
COMMENT ON COLUMN pool_usage.total IS
    'Number of assignable addresses: the window, or the usable addresses, without gateways.';
COMMENT ON COLUMN pool_usage.reserved IS 'Reservations of this pool.';
COMMENT ON COLUMN pool_usage.reserved_by_overlaps IS 'Reservations in its CIDR that were taken from overlapping pools.';
COMMENT ON COLUMN pool_usage.attached IS 'Reservations of this pool that a sandbox uses.';
COMMENT ON COLUMN pool_usage.sticky IS 'Sticky reservations of this pool.';
COMMENT ON COLUMN pool_usage.used IS 'Of total: addresses in use, taken from any pool.';
COMMENT ON COLUMN pool_usage.quarantined IS 'Of total: addresses in quarantine after a release.';
COMMENT ON COLUMN pool_usage.excluded IS 'Of total: excluded addresses that are not in use.';
COMMENT ON COLUMN pool_usage.free IS 'Of total: addresses that can be assigned now.';
COMMENT ON COLUMN pool_usage.percent_used IS
    'used, in percent of total, to one decimal; NULL: the pool has no address to assign.';
COMMENT ON COLUMN pool_usage.pool_id IS 'The pool: pools.id.';
COMMENT ON COLUMN pool_usage.network_id IS 'The network of the pool: networks.id.';

-- schema/history/history_is_small.sql
-- Whether pool_fill() and reports of usage read the whole history, instead of samples and sums.
CREATE OR REPLACE FUNCTION history_is_small() RETURNS boolean
LANGUAGE sql STABLE
RETURN pg_relation_size('tenures') < 32 * 1024 * 1024;
COMMENT ON FUNCTION history_is_small() IS
    'Whether tenures is smaller than 32 MB: one pass over it is quick, so that every value of the past is exact.';

-- schema/history/pool_fill.sql
CREATE OR REPLACE FUNCTION pool_fill(wanted_pool integer, since timestamptz, until timestamptz, steps integer)
RETURNS TABLE (at timestamptz, used bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp SET jit = off
BEGIN ATOMIC
    WITH moments AS (
        SELECT step, since + (until - since) * step / greatest(steps, 1) AS at FROM generate_series(0, steps) AS step),
    -- How long the answer takes must not depend on the history. One pass over it is quick while it is small; after that,
    -- the samples answer.
    size AS (
        SELECT history_is_small() AS is_small),
    -- What it may assign, and the pools whose reservations count there (as in pool_counts).
    pool AS MATERIALIZED (
        SELECT p.network_id, coalesce(p.window_first, first_usable(p.cidr))::inet AS first,
               coalesce(p.window_last, last_usable(p.cidr))::inet AS last,
               ARRAY(SELECT o.id FROM pools o WHERE o.network_id = p.network_id AND o.cidr && p.cidr) AS sources
          FROM pools p WHERE p.id = wanted_pool),
    -- The number of the first moment at which a tenure had begun, and of the first one at which it had ended.
    held AS (
        SELECT width_bucket(lower(t.during), m.after) AS begins,
               CASE WHEN NOT upper_inf(t.during) THEN width_bucket(upper(t.during), m.after) END AS ends
          FROM (SELECT array_agg(at + interval '1 microsecond' ORDER BY step) AS after FROM moments) AS m, pool p, tenures t
         WHERE (SELECT is_small FROM size)
           AND t.pool_id = ANY (p.sources) AND t.address BETWEEN p.first AND p.last
           AND t.during && tstzrange(since, until, '[]')
           AND NOT EXISTS (SELECT FROM gateways g WHERE g.network_id = p.network_id AND g.address = t.address)),
    changes AS (
        SELECT step, sum(change) AS change
          FROM (SELECT coalesce(begins, 0) AS step, 1 AS change FROM held
                UNION ALL
                SELECT ends, -1 FROM held WHERE ends IS NOT NULL) AS events
         GROUP BY step)
    -- After the last sample, the current value applies, but only until the next sample is due.
    SELECT m.at, coalesce(
               CASE WHEN (SELECT is_small FROM size) THEN sum(c.change) OVER (ORDER BY m.step)
                    WHEN m.at > (SELECT greatest(max(s.at), statement_timestamp() - interval '15 minutes')
                                   FROM fill_samples s WHERE s.pool_id = wanted_pool)
                    THEN (SELECT c.used FROM pool_counts(ARRAY[wanted_pool]) c)
                    ELSE (SELECT s.used FROM fill_samples s
                           WHERE s.pool_id = wanted_pool AND s.at <= m.at ORDER BY s.at DESC LIMIT 1)
               END, 0)::bigint
      FROM moments m LEFT JOIN changes c USING (step) ORDER BY m.step;
END;
COMMENT ON FUNCTION pool_fill(integer, timestamptz, timestamptz, integer) IS
    'How many addresses of a pool were in use (used in pool_counts) at evenly spaced times: exact while tenures is smaller than 32 MB; after that, the value of the last sample (fill_samples) and, after the last sample, the current value.';

-- schema/history/sample_fill_v1.sql
CREATE OR REPLACE FUNCTION sample_fill_v1() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- Takes the sample of these 15 minutes unless another server has taken it; returns true if this call took it. Servers
-- may call it at any time: one of them does the work, and none waits.
DECLARE
    slot  timestamptz := date_bin('15 minutes', clock_timestamp(), timestamptz 'epoch');
    since timestamptz := date_bin('1 hour', slot, timestamptz 'epoch') - interval '7 days';
BEGIN
    IF EXISTS (SELECT FROM pool_trends WHERE sampled_at = slot)
       OR NOT pg_try_advisory_xact_lock(hashtext('rowhouse.sample_fill'))
       OR EXISTS (SELECT FROM pool_trends WHERE sampled_at = slot) THEN
        RETURN false;
    END IF;

    -- A pool that is older than its samples (an upgrade): its last week, from the history.
    WITH fresh AS MATERIALIZED (
        SELECT p.id, p.created_at, p.network_id, coalesce(p.window_first, first_usable(p.cidr))::inet AS first,
               coalesce(p.window_last, last_usable(p.cidr))::inet AS last, o.id AS source
          FROM pools p JOIN pools o ON o.network_id = p.network_id AND o.cidr && p.cidr
         WHERE p.created_at < slot - interval '1 hour' AND NOT EXISTS (SELECT FROM fill_samples s WHERE s.pool_id = p.id)),
    held AS (
        SELECT f.id AS pool_id, greatest(ceil(extract(epoch FROM lower(t.during) - since) / 3600), 0)::integer AS begins,
               ceil(extract(epoch FROM nullif(upper(t.during), 'infinity') - since) / 3600)::integer AS ends
          FROM fresh f JOIN tenures t ON t.pool_id = f.source
         WHERE t.during && tstzrange(since, slot) AND t.address BETWEEN f.first AND f.last
           AND NOT EXISTS (SELECT FROM gateways g WHERE g.network_id = f.network_id AND g.address = t.address)),
    changes AS (
        SELECT pool_id, step, sum(change) AS change
          FROM (SELECT pool_id, begins AS step, 1 AS change FROM held
                UNION ALL
                SELECT pool_id, ends, -1 FROM held WHERE ends IS NOT NULL) AS events
         GROUP BY pool_id, step)
    INSERT INTO fill_samples (pool_id, at, used)
    SELECT id, at, used
      FROM (SELECT f.id, f.created_at, since + h.step * interval '1 hour' AS at,
                   sum(coalesce(c.change, 0)) OVER (PARTITION BY f.id ORDER BY h.step) AS used
              FROM (SELECT DISTINCT id, created_at FROM fresh) AS f CROSS JOIN generate_series(0, 168) AS h (step)
              LEFT JOIN changes c ON c.pool_id = f.id AND c.step = h.step) AS hours
     WHERE at >= created_at AND at < slot;

    -- Also an event for each pool that has become nearly full since the sample before.
    WITH counts AS MATERIALIZED (SELECT c.pool_id, c.used, c.total FROM pool_counts() c),
    sampled AS (
        INSERT INTO fill_samples (pool_id, at, used) SELECT c.pool_id, slot, c.used FROM counts c ON CONFLICT DO NOTHING)
    INSERT INTO events (reason, message, pool_id)
    SELECT 'PoolNearlyFull', format('pool %s of the %s: %s of %s addresses are used', p.cidr,
                                    coalesce('network "' || nullif(p.network_name, '') || '"', 'default network'), c.used, c.total), p.id
      FROM counts c JOIN pools p ON p.id = c.pool_id
     WHERE c.total > 0 AND c.used >= 0.85 * c.total
       AND coalesce((SELECT s.used FROM fill_samples s
                      WHERE s.pool_id = p.id AND s.at < slot ORDER BY s.at DESC LIMIT 1), 0) < 0.85 * c.total;
    DELETE FROM events WHERE last_at < slot - interval '30 days';
    DELETE FROM events WHERE id <= (SELECT max(e.id) FROM events e) - 100000;

    -- (Samples in the future were taken before the clock was set back.)
    DELETE FROM fill_samples WHERE at > slot;
    DELETE FROM fill_samples
     WHERE at BETWEEN slot - interval '42 days' AND slot - interval '35 days'
       AND at <> date_bin('1 day', at, timestamptz 'epoch');
    DELETE FROM fill_samples
     WHERE at BETWEEN slot - interval '9 days' AND slot - interval '2 days'
       AND at <> date_bin('1 hour', at, timestamptz 'epoch');

    INSERT INTO pool_trends (pool_id, sampled_at, day, week, day_slope, day_fit, week_slope, week_fit)
    SELECT p.id, slot, day.used, week.used, line.day_slope, line.day_fit, line.week_slope, line.week_fit
      FROM pools p
     CROSS JOIN LATERAL (
           SELECT array_agg((SELECT s.used FROM fill_samples s
                              WHERE s.pool_id = p.id AND s.at <= m.at ORDER BY s.at DESC LIMIT 1) ORDER BY m.at) AS used
             FROM generate_series(slot - interval '1 day', slot, '1 hour') AS m (at)) AS day
     CROSS JOIN LATERAL (
           SELECT array_agg((SELECT s.used FROM fill_samples s
                              WHERE s.pool_id = p.id AND s.at <= m.at ORDER BY s.at DESC LIMIT 1) ORDER BY m.at) AS used
             FROM generate_series(slot - interval '7 days', slot, '3 hours') AS m (at)) AS week
     CROSS JOIN LATERAL (
           SELECT regr_slope(s.used, s.hour) FILTER (WHERE s.hour >= -24) AS day_slope,
                  regr_r2(s.used, s.hour) FILTER (WHERE s.hour >= -24) AS day_fit,
                  regr_slope(s.used, s.hour) AS week_slope, regr_r2(s.used, s.hour) AS week_fit
             FROM (SELECT used, extract(epoch FROM at - slot)::double precision / 3600 AS hour
                     FROM fill_samples WHERE pool_id = p.id AND at >= slot - interval '7 days') AS s) AS line
    ON CONFLICT (pool_id) DO UPDATE
       SET (sampled_at, day, week, day_slope, day_fit, week_slope, week_fit)
           = (EXCLUDED.sampled_at, EXCLUDED.day, EXCLUDED.week, EXCLUDED.day_slope, EXCLUDED.day_fit,
              EXCLUDED.week_slope, EXCLUDED.week_fit);
    RETURN true;
END $$;
COMMENT ON FUNCTION sample_fill_v1 IS 'Samples how many addresses of each pool are in use, once in 15 minutes.';

-- schema/history/sum_usage_v1.sql
CREATE OR REPLACE FUNCTION sum_usage_v1() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
-- The open tenures, each by its ID: there are far fewer than tenures.
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Sums up the usage until the last quarter of an hour, unless another server has done so; returns true if this call did.
-- Servers may call it at any time: one of them does the work, and none waits. After a pause of more than a day, the
-- periods in between stay missing.
DECLARE
    quarter CONSTANT interval := '15 minutes';
    slot    timestamptz := date_bin(quarter, clock_timestamp(), timestamptz 'epoch');
    since   timestamptz;
    longer  record;
BEGIN
    IF EXISTS (SELECT FROM usage_periods u WHERE u.grouped_by = 'all' AND u.span = quarter AND u.ends_at = slot)
       OR NOT pg_try_advisory_xact_lock(hashtext('rowhouse.sum_usage'))
       OR EXISTS (SELECT FROM usage_periods u WHERE u.grouped_by = 'all' AND u.span = quarter AND u.ends_at = slot) THEN
        RETURN false;
    END IF;
    -- (Periods in the future were summed up before the clock was set back.)
    DELETE FROM usage_periods u WHERE u.ends_at > slot;
    since := greatest(coalesce((SELECT max(u.ends_at) FROM usage_periods u WHERE u.grouped_by = 'all' AND u.span = quarter),
                               slot - quarter), slot - interval '1 day');

    WITH RECURSIVE slots AS (
        SELECT at - quarter AS begins, at AS ends FROM generate_series(since + quarter, slot, quarter) AS at),
    -- Tenures that ended since then, by one look at the index for each node.
    nodes AS (
        (SELECT t.node FROM tenures t WHERE NOT upper_inf(t.during) ORDER BY t.node LIMIT 1)
        UNION ALL
        SELECT (SELECT t.node FROM tenures t WHERE NOT upper_inf(t.during) AND t.node > n.node ORDER BY t.node LIMIT 1)
          FROM nodes n WHERE n.node IS NOT NULL),
    held AS MATERIALIZED (
        SELECT t.id, t.owner_namespace, t.owner_cluster, t.node, t.network_id, t.pool_id,
               coalesce(lower(t.during), '-infinity') AS begins, timestamptz 'infinity' AS ends
          FROM reservations r JOIN tenures t ON t.id = r.tenure_id
        UNION ALL
        SELECT t.id, t.owner_namespace, t.owner_cluster, t.node, t.network_id, t.pool_id,
               coalesce(lower(t.during), '-infinity'), upper(t.during)
          FROM nodes n
         CROSS JOIN LATERAL (SELECT * FROM tenures e
                              WHERE e.node = n.node AND NOT upper_inf(e.during) AND upper(e.during) > since) AS t)
    INSERT INTO usage_periods (grouped_by, span, ends_at, key, used, begun, ended, seconds)
    SELECT CASE 0 WHEN GROUPING(h.owner_namespace) THEN 'namespace' WHEN GROUPING(h.owner_cluster) THEN 'cluster'
                  WHEN GROUPING(h.node) THEN 'node' WHEN GROUPING(h.network_id) THEN 'network'
                  WHEN GROUPING(h.pool_id) THEN 'pool' ELSE 'all' END,
           quarter, s.ends, coalesce(h.owner_namespace, h.owner_cluster, h.node, h.network_id::text, h.pool_id::text, ''),
           count(h.id) FILTER (WHERE h.begins <= s.ends AND h.ends > s.ends),
           count(h.id) FILTER (WHERE h.begins >= s.begins AND h.begins < s.ends),
           count(h.id) FILTER (WHERE h.ends > s.begins AND h.ends <= s.ends),
           coalesce(sum(extract(epoch FROM least(h.ends, s.ends) - greatest(h.begins, s.begins))), 0)
      FROM slots s LEFT JOIN held h ON h.begins <= s.ends AND h.ends > s.begins
     GROUP BY GROUPING SETS ((s.ends), (s.ends, h.owner_namespace), (s.ends, h.owner_cluster), (s.ends, h.node),
                             (s.ends, h.network_id), (s.ends, h.pool_id))
    -- A period in which nothing was held has the row of everything alone.
    HAVING count(h.id) > 0
        OR GROUPING(h.owner_namespace, h.owner_cluster, h.node, h.network_id, h.pool_id) = 31;

    FOR longer IN
        SELECT * FROM (VALUES (quarter, interval '1 hour', 4, interval '3 hours'),
                              (interval '1 hour', interval '6 hours', 6, interval '3 days'),
                              (interval '6 hours', interval '1 day', 4, interval '40 days')) AS one (part, span, parts, kept)
    LOOP
        WITH complete AS (
            SELECT p.ends
              FROM (SELECT date_bin(longer.span, u.ends_at - interval '1 microsecond', timestamptz 'epoch') + longer.span AS ends
                      FROM usage_periods u WHERE u.grouped_by = 'all' AND u.span = longer.part) AS p
             WHERE NOT EXISTS (SELECT FROM usage_periods k
                                WHERE k.grouped_by = 'all' AND k.span = longer.span AND k.ends_at = p.ends)
             GROUP BY p.ends HAVING count(*) = longer.parts)
        INSERT INTO usage_periods (grouped_by, span, ends_at, key, used, begun, ended, seconds)
        SELECT p.grouped_by, longer.span, c.ends, p.key, coalesce(max(p.used) FILTER (WHERE p.ends_at = c.ends), 0),
               sum(p.begun), sum(p.ended), sum(p.seconds)
          FROM complete c
          JOIN usage_periods p
            ON p.grouped_by = ANY (ARRAY['all', 'namespace', 'cluster', 'node', 'network', 'pool'])
           AND p.span = longer.part AND p.ends_at > c.ends - longer.span AND p.ends_at <= c.ends
         GROUP BY p.grouped_by, c.ends, p.key;
        DELETE FROM usage_periods u WHERE u.span = longer.part AND u.ends_at <= slot - longer.kept;
    END LOOP;
    DELETE FROM usage_periods u WHERE u.span = interval '1 day' AND u.ends_at <= slot - interval '400 days';
    RETURN true;
END $$;
COMMENT ON FUNCTION sum_usage_v1 IS 'Sums up in usage_periods how many addresses each group held, once in 15 minutes.';

-- schema/pools/wait_for_reservations.sql
CREATE OR REPLACE FUNCTION wait_for_reservations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Until this transaction ends, no other one takes or returns an address: each of them first takes a weaker lock on this
-- table. So a transaction that waits for this one holds no lock that this one needs, and none that read a pool or an
-- exclusion before its change acts on it afterwards.
BEGIN
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION wait_for_reservations() IS
    'Trigger: waits for running allocations, and blocks new ones until the transaction ends.';

-- Without it, an address could be in no pool.
CREATE OR REPLACE TRIGGER pools_go_alone BEFORE DELETE ON pools
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
-- A pool's window and gateway are checked against what is attached, and those who read the pool before act on it.
-- Only for these columns: attach_v1() holds a weaker lock when it changes others.
CREATE OR REPLACE TRIGGER pools_change_alone BEFORE UPDATE OF gateway, window_first, window_last ON pools
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
-- So no ADD by the alias is running that refuse_used_alias() does not see.
CREATE OR REPLACE TRIGGER pool_names_go_alone BEFORE DELETE ON pool_names
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
-- An ADD that found its gateway known must not be given it because the gateway was forgotten meanwhile.
CREATE OR REPLACE TRIGGER gateways_go_alone BEFORE DELETE ON gateways
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
-- Without it an address that is released at this moment could be free though excluded, or neither.
CREATE OR REPLACE TRIGGER exclusions_change_alone BEFORE INSERT OR DELETE ON exclusions
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
CREATE OR REPLACE TRIGGER quotas_change_alone BEFORE INSERT OR UPDATE OR DELETE ON quotas
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
CREATE OR REPLACE TRIGGER assignment_hold_change_alone BEFORE INSERT OR UPDATE OR DELETE ON assignment_hold
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();
CREATE OR REPLACE TRIGGER assignment_hold_pools_change_alone BEFORE UPDATE OR DELETE ON assignment_hold_pools
    FOR EACH STATEMENT EXECUTE FUNCTION wait_for_reservations();

-- schema/pools/join_reservations.sql
CREATE OR REPLACE FUNCTION join_reservations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- The weaker lock of wait_for_reservations(), before a row or a network is locked.
BEGIN
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION join_reservations() IS
    'Trigger: locks reservations before a pool is created or changed, in the same order as all callers.';

-- schema/pools/choose_plain_pools.sql
CREATE OR REPLACE FUNCTION choose_plain_pools(chosen integer[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
-- Updates plain_pools, for some pools or for all. A change of a quota or a hold waits for running ADDs and
-- changes of pools (wait_for_reservations), and they wait for it, so that neither misses the other.
BEGIN
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    chosen := coalesce(chosen, ARRAY(SELECT p.id FROM pools p));
    DELETE FROM plain_pools c USING pools p
     WHERE p.id = c.pool_id AND c.pool_id = ANY (chosen)
       AND (NOT is_plain(p) OR (c.network_name, c.cidr, c.network_id, c.isolated) <> (p.network_name, p.cidr, p.network_id, p.isolated));
    INSERT INTO plain_pools (network_name, cidr, pool_id, network_id, isolated)
    SELECT p.network_name, p.cidr, p.id, p.network_id, p.isolated FROM pools p
     WHERE p.id = ANY (chosen) AND is_plain(p)
       -- A recreated pool may hold quarantines of its predecessor, which exempt their previous owners.
       AND NOT EXISTS (SELECT FROM free_ranges f
                        WHERE f.network_id = p.network_id AND f.quarantined
                          AND f.last >= first_address(p.cidr) AND f.first <= last_address(p.cidr))
        ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION choose_plain_pools(integer[]) IS 'Updates plain_pools, for some pools or for all.';

-- schema/pools/checks_changed.sql
CREATE OR REPLACE FUNCTION checks_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A quota or a hold began or ended, so other pools are plain now.
BEGIN
    IF TG_TABLE_NAME = 'assignment_hold_pools' AND TG_OP = 'INSERT' THEN
        PERFORM choose_plain_pools(ARRAY[NEW.pool_id]);
    ELSIF TG_TABLE_NAME <> 'assignment_hold_pools' OR EXISTS (SELECT FROM assignment_hold) THEN
        PERFORM choose_plain_pools();
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION checks_changed() IS 'Trigger: updates plain_pools after a quota or a hold began or ended.';

-- schema/pools/ensure_pool.sql
CREATE OR REPLACE FUNCTION ensure_pool(wanted_network text, wanted cidr, wants_isolation boolean) RETURNS pools
LANGUAGE plpgsql AS $$
-- The pool of this CIDR in this network; created if it does not exist. A pool's identity is its network and its CIDR, as
-- upstream. The first caller decides whether it has its own space; a later caller that shares its addresses moves it to
-- the shared space (join_shared_space_v1).
DECLARE
    found_pool pools;
    space      integer;
BEGIN
    SELECT * INTO found_pool FROM pools WHERE network_name = wanted_network AND cidr = wanted;
    IF FOUND THEN
        RETURN found_pool;
    END IF;
    -- Before the network is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    INSERT INTO networks (name, isolated)
    VALUES (wanted_network, CASE WHEN wants_isolation THEN wanted END) ON CONFLICT DO NOTHING;
    SELECT id INTO space FROM networks
     WHERE name = wanted_network AND isolated IS NOT DISTINCT FROM CASE WHEN wants_isolation THEN wanted END
       FOR NO KEY UPDATE;
    -- A pool that was drained when it was deleted is drained if a configuration recreates it.
    INSERT INTO pools (network_id, network_name, cidr, drained)
    SELECT space, wanted_network, wanted,
           coalesce((SELECT (l.before ->> 'drained')::boolean FROM audit_log l
                      WHERE l.object = wanted::text AND l.action = 'pool.delete' AND l.before ->> 'network_name' = wanted_network
                      ORDER BY l.id DESC LIMIT 1), false)
        ON CONFLICT DO NOTHING RETURNING * INTO found_pool;
    IF found_pool.id IS NULL THEN
        SELECT * INTO found_pool FROM pools WHERE network_name = wanted_network AND cidr = wanted;
    END IF;
    RETURN found_pool;
END $$;
COMMENT ON FUNCTION ensure_pool(text, cidr, boolean) IS 'The pool of a CIDR in a network; creates it if it does not exist.';

-- schema/pools/refuse_foreign_name.sql
CREATE OR REPLACE FUNCTION refuse_foreign_name(of_pool integer, wanted text) RETURNS void
LANGUAGE plpgsql AS $$
-- Names that differ only by case would be taken for each other. Databases from before this rule may have some, so there
-- is no unique index on lower(name): the lock makes two calls that claim such names wait for each other.
DECLARE
    rival record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('rowhouse pool name ' || lower(wanted), 0));
    SELECT n.name, n.alias_since, p.cidr, coalesce(p.name, p.cidr::text) AS shown,
           coalesce('"' || p.name || '" (' || p.cidr || ')', p.cidr::text) AS pool INTO rival
      FROM pool_names n JOIN pools p ON p.id = n.pool_id
     WHERE lower(n.name) = lower(wanted) AND n.pool_id <> of_pool
     ORDER BY n.name <> wanted LIMIT 1;
    IF rival.alias_since IS NOT NULL THEN
        RAISE EXCEPTION 'the name "%" % alias of pool %', wanted,
              CASE WHEN rival.name = wanted THEN 'is an' ELSE format('differs only by case from "%s", an', rival.name) END, rival.pool
            USING ERRCODE = error_code('in_the_way'),
                  HINT = format('Choose another name, or delete the alias first: `rowhouse pool alias delete %s`.', rival.name);
    ELSIF rival.cidr IS NOT NULL THEN
        RAISE EXCEPTION 'the name "%" % pool %', wanted,
              CASE WHEN rival.name = wanted THEN 'belongs to' ELSE format('differs only by case from "%s", the name of', rival.name) END, rival.cidr
            USING ERRCODE = error_code('in_the_way'),
                  HINT = format('Choose another name; `rowhouse pool show %s` shows that pool.', rival.shown);
    END IF;
END $$;
COMMENT ON FUNCTION refuse_foreign_name(integer, text) IS
    'Raises in_the_way if a name, in capital or small letters, belongs to another pool, as its name or as an alias.';

-- schema/pools/refuse_used_alias.sql
CREATE OR REPLACE FUNCTION refuse_used_alias(alias pool_names) RETURNS void
LANGUAGE plpgsql AS $$
-- A sandbox that attached after the alias was last used came by another name, and so will its successor. last_used_at
-- is written once a minute.
DECLARE
    used    bigint;
    example text;
BEGIN
    IF is_forced() OR alias.last_used_at IS NULL THEN
        RETURN;
    END IF;
    SELECT count(*), min(host(r.address) || ' (' || coalesce(nullif(r.owner_namespace, '') || '/', '') || r.owner_name || ')')
      INTO used, example
      FROM reservations r
     WHERE r.pool_id = alias.pool_id
       AND r.network_id = (SELECT p.network_id FROM pools p WHERE p.id = alias.pool_id)
       AND EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address
                      AND a.attached_at <= alias.last_used_at + interval '1 minute');
    IF used > 0 THEN
        RAISE EXCEPTION 'removing the pool name "%" affects % that running sandboxes use: %', alias.name,
                        CASE used WHEN 1 THEN '1 address' ELSE used || ' addresses' END,
                        example || CASE WHEN used > 1 THEN ', …' ELSE '' END
            USING ERRCODE = error_code('in_the_way'),
                  HINT = 'They may have used this name: change the NADs that use it and restart these pods, or pass `force`.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_used_alias(pool_names) IS
    'Raises in_the_way if running sandboxes may have used an alias, unless the change is forced.';

-- schema/pools/claim_pool_name.sql
CREATE OR REPLACE FUNCTION claim_pool_name() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    IF NEW.name IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.name IS DISTINCT FROM OLD.name) THEN
        -- In their order, so that two pools that are renamed to each other's names do not wait for each other.
        PERFORM FROM pool_names n WHERE n.name IN (NEW.name, CASE WHEN TG_OP = 'UPDATE' THEN OLD.name END)
          ORDER BY n.name FOR UPDATE;
        PERFORM refuse_foreign_name(NEW.id, NEW.name);
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION claim_pool_name() IS 'Trigger: refuses a name that belongs to another pool, as its name or as an alias.';

CREATE OR REPLACE TRIGGER pools_name_claim BEFORE INSERT OR UPDATE OF name ON pools
    FOR EACH ROW EXECUTE FUNCTION claim_pool_name();

-- schema/pools/pool_named.sql
CREATE OR REPLACE FUNCTION pool_named() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Until the statement ends, the old name finds the pool; afterwards, both do. So no ADD needs to wait.
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.name IS NOT DISTINCT FROM OLD.name THEN
            RETURN NULL;
        END IF;
        UPDATE pool_names n SET alias_since = clock_timestamp(), last_used_at = clock_timestamp() WHERE n.name = OLD.name;
    END IF;
    IF NEW.name IS NOT NULL THEN
        INSERT INTO pool_names AS n (name, pool_id, alias_since) VALUES (NEW.name, NEW.id, NULL)
            ON CONFLICT (name) DO UPDATE SET alias_since = NULL, last_used_at = NULL WHERE n.pool_id = excluded.pool_id;
        IF NOT FOUND THEN
            PERFORM refuse_foreign_name(NEW.id, NEW.name);
        END IF;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION pool_named() IS 'Trigger: keeps pool_names; the old name of a renamed pool becomes an alias.';

CREATE OR REPLACE TRIGGER pools_named AFTER INSERT OR UPDATE OF name ON pools
    FOR EACH ROW EXECUTE FUNCTION pool_named();

-- schema/pools/pool_names_changed.sql
CREATE OR REPLACE FUNCTION pool_names_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    row pool_names := coalesce(NEW, OLD);
    pool pools;
BEGIN
    SELECT * INTO pool FROM pools p WHERE p.id = row.pool_id;
    IF pool.id IS NULL THEN
        RETURN NULL; -- it goes with its pool
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.name, NEW.pool_id) <> (OLD.name, OLD.pool_id) THEN
        RAISE EXCEPTION 'a name of a pool cannot change' USING ERRCODE = error_code('in_the_way'),
              HINT = 'Rename the pool, or delete the alias and create another one.';
    ELSIF (TG_OP = 'DELETE' AND row.name IS NOT DISTINCT FROM pool.name)
       OR (TG_OP <> 'DELETE' AND (row.alias_since IS NULL) <> (row.name IS NOT DISTINCT FROM pool.name)) THEN
        RAISE EXCEPTION '"%" % the current name of pool %', row.name,
              CASE WHEN row.name IS NOT DISTINCT FROM pool.name THEN 'is' ELSE 'is not' END, pool.cidr
            USING ERRCODE = error_code('in_the_way'), HINT = 'Change pools.name to rename the pool.';
    END IF;
    IF TG_OP = 'DELETE' THEN
        PERFORM refuse_used_alias(OLD);
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM refuse_foreign_name(NEW.pool_id, NEW.name);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.alias_since IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.alias_since IS NULL) THEN
        PERFORM record_change('alias.create', row.name, NULL, to_jsonb(NEW) - 'last_used_at');
    ELSIF TG_OP <> 'INSERT' AND OLD.alias_since IS NOT NULL AND (TG_OP = 'DELETE' OR NEW.alias_since IS NULL) THEN
        PERFORM record_change('alias.delete', row.name, to_jsonb(OLD), NULL);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION pool_names_changed() IS 'Trigger: checks a change of an alias, and writes the audit log.';

-- (An ADD writes last_used_at.)
CREATE OR REPLACE TRIGGER pool_names_change AFTER INSERT OR DELETE OR UPDATE OF name, pool_id, alias_since ON pool_names
    FOR EACH ROW EXECUTE FUNCTION pool_names_changed();

-- schema/pools/note_alias_use.sql
CREATE OR REPLACE FUNCTION note_alias_use(aliases text[]) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    -- An ADD calls this last, so nothing waits for its locks; another one that notes the same alias now is as good.
    UPDATE pool_names n SET last_used_at = clock_timestamp()
     WHERE n.name IN (SELECT a.name FROM pool_names a
                       WHERE a.name = ANY (aliases) AND a.alias_since IS NOT NULL ORDER BY a.name FOR UPDATE SKIP LOCKED);
END;
COMMENT ON FUNCTION note_alias_use(text[]) IS 'Notes that an ADD has just named these aliases of pools.';

-- schema/pools/change_pool_v1.sql
CREATE OR REPLACE FUNCTION change_pool_v1(
    wanted_pool integer, expected integer, new_name text, new_gateway inet, new_first inet, new_last inet, new_delay interval,
    new_labels jsonb, new_description text, is_drained boolean, new_aliases text[])
RETURNS SETOF integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Returns the pool's id, or nothing if it no longer has the expected version. new_aliases is the whole list.
DECLARE
    now   pools;
    gone  text[];
    alias text;
BEGIN
    SELECT * INTO now FROM pools p WHERE p.id = wanted_pool AND p.version = expected;
    gone := ARRAY(SELECT n.name FROM pool_names n WHERE n.pool_id = now.id AND n.name IS DISTINCT FROM new_name
                     AND n.name <> ALL (new_aliases));
    IF gone <> '{}' THEN
        -- Before the row of the pool: see wait_for_reservations().
        LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    -- ADDs go on if only names and texts change: what an ADD read before is as good.
    IF (new_gateway, new_first, new_last, new_delay, is_drained)
       IS NOT DISTINCT FROM (now.gateway, now.window_first::inet, now.window_last::inet, now.reuse_delay, now.drained) THEN
        UPDATE pools p SET name = new_name, labels = new_labels, description = new_description
         WHERE p.id = now.id AND p.version = expected;
    ELSE
        UPDATE pools p
           SET name = new_name, gateway = new_gateway, window_first = new_first, window_last = new_last,
               reuse_delay = new_delay, labels = new_labels, description = new_description, drained = is_drained
         WHERE p.id = now.id AND p.version = expected;
    END IF;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    FOR alias IN SELECT a FROM unnest(new_aliases) AS a WHERE a IS DISTINCT FROM new_name
                    AND NOT EXISTS (SELECT FROM pool_names n WHERE n.name = a AND n.pool_id = now.id)
                  -- The order of the locks of refuse_foreign_name().
                  ORDER BY lower(a), a LOOP
        PERFORM refuse_foreign_name(now.id, alias);
        INSERT INTO pool_names (name, pool_id) VALUES (alias, now.id);
    END LOOP;
    DELETE FROM pool_names n WHERE n.pool_id = now.id AND n.name = ANY (gone);
    RETURN NEXT now.id;
END $$;
COMMENT ON FUNCTION change_pool_v1 IS 'Changes a pool and its aliases, if the pool still has the expected version.';

-- schema/pools/pool_changed.sql
CREATE OR REPLACE FUNCTION pool_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    run   record;
    held  bigint;
BEGIN
    -- One pool of a network at a time: coverage is computed from the other pools. NO KEY, since the
    -- foreign key of a new pool already locks the key, for every transaction that is creating a pool.
    PERFORM FROM networks WHERE id = coalesce(NEW.network_id, OLD.network_id) FOR NO KEY UPDATE;
    IF TG_OP <> 'DELETE' AND NEW.gateway IS NOT NULL THEN
        IF TG_OP = 'INSERT' OR host(NEW.gateway) IS DISTINCT FROM host(OLD.gateway) THEN
            PERFORM refuse_attached('the gateway ' || host(NEW.gateway), NEW.network_id,
                                    ARRAY[host(NEW.gateway)::inet], ARRAY[host(NEW.gateway)::inet]);
        END IF;
    END IF;
    IF TG_OP = 'INSERT' THEN
        FOR run IN SELECT * FROM uncovered_runs(NEW.network_id, NEW.cidr, NEW.id) LOOP
            PERFORM free_unless_withheld(NEW.network_id, run.run_first, run.run_last, '-infinity');
        END LOOP;
        INSERT INTO gateways (network_id, address, pool_id)
        SELECT NEW.network_id, host(NEW.gateway)::inet, NEW.id WHERE NEW.gateway IS NOT NULL;
        PERFORM record_change('pool.create', NEW.cidr::text, NULL, to_jsonb(NEW));
    ELSIF TG_OP = 'DELETE' THEN
        FOR run IN SELECT * FROM uncovered_runs(OLD.network_id, OLD.cidr, OLD.id) LOOP
            PERFORM withdraw_run(OLD.network_id, run.run_first, run.run_last);
        END LOOP;
        SELECT count(*) INTO held FROM reservations
         WHERE network_id = OLD.network_id AND address BETWEEN first_address(OLD.cidr) AND last_address(OLD.cidr)
           AND pool_id = OLD.id;
        IF held > 0 THEN
            RAISE EXCEPTION 'pool % of the % still holds % reservations', OLD.cidr,
                coalesce('network "' || nullif(OLD.network_name, '') || '"', 'default network'), held
                USING ERRCODE = error_code('in_the_way'), HINT = 'Release the reservations first.';
        END IF;
        PERFORM record_change('pool.delete', OLD.cidr::text, to_jsonb(OLD), NULL);
    ELSE
        IF NEW.network_id <> OLD.network_id AND current_reason() = 'JOIN'
           AND (NEW.id, NEW.network_name, NEW.cidr) = (OLD.id, OLD.network_name, OLD.cidr) THEN
            NULL; -- join_shared_space_v1() moves everything else
        ELSIF (NEW.id, NEW.network_id, NEW.network_name, NEW.cidr)
           IS DISTINCT FROM (OLD.id, OLD.network_id, OLD.network_name, OLD.cidr) THEN
            RAISE EXCEPTION 'the network and the CIDR of pool % cannot change', OLD.cidr
                USING ERRCODE = error_code('in_the_way'),
                      HINT = 'Create a pool with the other CIDR: overlapping pools share their free addresses.';
        END IF;
        SELECT coalesce(OLD.window_first, first_usable(NEW.cidr)) AS was_first, coalesce(OLD.window_last, last_usable(NEW.cidr)) AS was_last,
               coalesce(NEW.window_first, first_usable(NEW.cidr)) AS first, coalesce(NEW.window_last, last_usable(NEW.cidr)) AS last INTO run;
        IF run.first > run.was_first OR run.last < run.was_last THEN
            PERFORM refuse_attached('the new window of pool ' || NEW.cidr, NEW.network_id,
                                    ARRAY[run.was_first, CASE WHEN run.last < run.was_last THEN greatest(run.last + 1, run.was_first) END],
                                    ARRAY[CASE WHEN run.first > run.was_first THEN least(run.first - 1, run.was_last) END, run.was_last],
                                    NEW.id);
        END IF;
        IF host(NEW.gateway) IS DISTINCT FROM host(OLD.gateway) THEN
            DELETE FROM gateways WHERE pool_id = NEW.id AND cni_network IS NULL;
            INSERT INTO gateways (network_id, address, pool_id)
            SELECT NEW.network_id, host(NEW.gateway)::inet, NEW.id WHERE NEW.gateway IS NOT NULL;
        END IF;
        PERFORM record_change('pool.update', NEW.cidr::text, to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    IF TG_OP <> 'INSERT' AND NEW.network_id IS DISTINCT FROM OLD.network_id THEN
        PERFORM choose_plain_pools(ARRAY(SELECT p.id FROM pools p WHERE p.network_id + 0 = OLD.network_id AND p.cidr && OLD.cidr));
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.network_id = OLD.network_id THEN
        PERFORM choose_plain_pools(ARRAY[NEW.id]);
    ELSIF TG_OP <> 'DELETE' THEN
        -- It, and those that it overlaps.
        PERFORM choose_plain_pools(ARRAY(SELECT p.id FROM pools p WHERE p.network_id + 0 = NEW.network_id AND p.cidr && NEW.cidr));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION pool_changed() IS 'Trigger: updates free space, gateways and audit log after a change of a pool.';

CREATE OR REPLACE TRIGGER pools_change AFTER INSERT OR UPDATE OR DELETE ON pools
    FOR EACH ROW EXECUTE FUNCTION pool_changed();

-- schema/pools/pool_version.sql
CREATE OR REPLACE FUNCTION pool_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION pool_version() IS 'Trigger: increments the version of a changed pool.';

-- schema/pools/pool_isolation.sql
CREATE OR REPLACE FUNCTION pool_isolation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A column of the pool, because every allocation reads it.
BEGIN
    NEW.isolated := EXISTS (SELECT FROM networks n WHERE n.id = NEW.network_id AND n.isolated IS NOT NULL);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION pool_isolation() IS 'Trigger: sets pools.isolated from networks.isolated.';

-- schema/pools/join_shared_space_v1.sql
CREATE OR REPLACE FUNCTION join_shared_space_v1(wanted_network text, wanted cidr) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- An isolated pool whose CIDR a configuration uses that shares its addresses (enable_overlapping_ranges: true, the
-- default): the addresses that two sharing configurations assign must be unique, so the pool moves to the shared space of
-- its network, with reservations, quarantines and exclusions. False: it is there already.
-- Error invalid_config: an address is in use in both.
#variable_conflict use_column
DECLARE
    previous_command text := coalesce(current_setting('rowhouse.command', true), '');
    previous_force   text := coalesce(current_setting('rowhouse.force', true), '');
    pool    pools;
    shared  integer;
    clash   record;
    run     free_ranges;
    part    record;
BEGIN
    PERFORM set_config('rowhouse.command', 'JOIN', true);
    -- Everything else that changes a reservation or a pool waits.
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO pool FROM pools p WHERE p.network_name = wanted_network AND p.cidr = wanted AND p.isolated;
    IF NOT FOUND THEN
        PERFORM set_config('rowhouse.command', previous_command, true);
        RETURN false;
    END IF;
    INSERT INTO networks (name, isolated) VALUES (wanted_network, NULL) ON CONFLICT DO NOTHING;
    SELECT n.id INTO shared FROM networks n WHERE n.name = wanted_network AND n.isolated IS NULL FOR NO KEY UPDATE;

    SELECT r.address, concat_ws('/', nullif(r.owner_namespace, ''), r.owner_name) AS owner,
           concat_ws('/', nullif(o.owner_namespace, ''), o.owner_name) AS other_owner, p.cidr AS other_pool, count(*) OVER () AS clashes
      INTO clash
      FROM reservations r JOIN reservations o ON o.network_id = shared AND o.address = r.address JOIN pools p ON p.id = o.pool_id
     WHERE r.network_id = pool.network_id ORDER BY r.address LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'pool % is isolated (enable_overlapping_ranges: false) and cannot share its addresses with pool %: % of them are in use in both, first % by % and by %',
            pool.cidr, clash.other_pool, clash.clashes, host(clash.address), clash.owner, clash.other_owner
            USING ERRCODE = error_code('invalid_config'),
                  HINT = 'Set enable_overlapping_ranges to false in this configuration too, or give it another range, or release one of the two owners.';
    END IF;

    PERFORM set_config('rowhouse.force', 'on', true);
    -- What the shared space takes from the pool's CIDR comes from the pool alone; what lies in another pool is there.
    UPDATE pools p SET network_id = shared WHERE p.id = pool.id;
    FOR part IN SELECT * FROM uncovered_runs(shared, pool.cidr, pool.id) LOOP
        PERFORM free_unless_withheld(shared, part.run_first, part.run_last, '-infinity');
    END LOOP;
    -- A reservation may be inside an exclusion of the shared space: its address is excluded when it is released.
    FOR part IN SELECT r.address FROM reservations r WHERE r.network_id = pool.network_id AND is_withheld(shared, r.address) LOOP
        PERFORM free_run(shared, part.address, part.address, '-infinity');
    END LOOP;
    UPDATE reservations r SET network_id = shared WHERE r.network_id = pool.network_id;
    UPDATE gateways g SET network_id = shared WHERE g.pool_id = pool.id;
    -- After the reservations: an address in use may be excluded in either space; the exclusion applies when it is released.
    FOR part IN DELETE FROM exclusions e WHERE e.network_id = pool.network_id RETURNING e.* LOOP
        -- Exclusions of a network do not overlap: what the shared space excludes already is left out.
        INSERT INTO exclusions (network_id, first, last, reason, requests_only)
        SELECT shared, lower(rest.span), span_last(rest.span), part.reason, part.requests_only
          FROM unnest(inetmultirange(address_span(part.first, part.last))
                      - coalesce((SELECT range_agg(address_span(o.first, o.last)) FROM exclusions o
                                   WHERE o.network_id = shared AND family(o.first) = family(part.first)), '{}')) AS rest (span);
    END LOOP;
    FOR run IN
        DELETE FROM free_ranges f WHERE f.network_id = pool.network_id RETURNING f.*
    LOOP
        -- Unless it is in use, or is quarantined, in the shared space. An exclusion or a gateway does not end it.
        IF run.quarantined AND NOT EXISTS (SELECT FROM reservations r
                                            WHERE r.network_id = shared AND r.address BETWEEN run.first AND run.last)
           AND NOT EXISTS (SELECT FROM free_ranges f WHERE f.network_id = shared AND f.quarantined
                              AND f.last >= run.first AND f.first <= run.last) THEN
            PERFORM withdraw_run(shared, run.first, run.last);
            INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
            VALUES (shared, true, run.first, run.last, run.free_from, run.previous_owner);
        END IF;
    END LOOP;
    PERFORM set_config('rowhouse.force', previous_force, true);
    PERFORM record_change('pool.join', pool.cidr::text,
                          to_jsonb(pool) || '{"isolated": true}', to_jsonb(pool) || '{"isolated": false}');
    PERFORM set_config('rowhouse.command', previous_command, true);
    RETURN true;
END $$;
COMMENT ON FUNCTION join_shared_space_v1(text, cidr) IS 'Moves an isolated pool to the shared address space of its network.';

-- schema/pools/learn_gateways.sql
CREATE OR REPLACE FUNCTION learn_gateways(of_cni_network text, networks text[], cidrs cidr[], pool_names text[], isolated boolean[],
                               gateway_ranges integer[], gateway_addresses inet[]) RETURNS void
LANGUAGE plpgsql AS $$
-- Records the gateways of a network configuration: gateway_addresses[i] is one of range gateway_ranges[i]. NULL means
-- the first address after the network address, which the main plugin uses if a named pool has no gateway. A gateway
-- outside its range counts too, because a larger range may contain it. (Of several named pools, which may be in several
-- networks, it counts for those that contain it.)
DECLARE
    unknown record;
    pool    pools;
BEGIN
    FOR unknown IN
        SELECT g.range, g.address FROM unnest(gateway_ranges, gateway_addresses) AS g (range, address)
         WHERE NOT EXISTS (SELECT FROM pools p JOIN gateways k ON k.pool_id = p.id
                            WHERE p.network_name = networks[g.range] AND p.cidr = cidrs[g.range]
                              AND k.address = g.address AND k.cni_network = of_cni_network)
         ORDER BY networks[g.range], cidrs[g.range], pool_names[g.range], g.address
    LOOP
        IF pool_names[unknown.range] IS NULL THEN
            pool := ensure_pool(networks[unknown.range], cidrs[unknown.range], isolated[unknown.range]);
        ELSE
            SELECT p.* INTO pool FROM pool_names n JOIN pools p ON p.id = n.pool_id WHERE n.name = pool_names[unknown.range];
            CONTINUE WHEN NOT FOUND;
            IF unknown.address IS NULL AND pool.gateway IS NULL AND first_address(pool.cidr) < last_address(pool.cidr) THEN
                unknown.address := first_address(pool.cidr) + 1;
            END IF;
        END IF;
        -- (Checked first, because every conflict would use up an id.)
        IF unknown.address IS NOT NULL
           AND (pool_names[unknown.range] IS NULL OR cardinality(cidrs) = 1 OR unknown.address <<= pool.cidr)
           AND NOT EXISTS (SELECT FROM gateways k WHERE k.pool_id = pool.id AND k.address = unknown.address
                              AND k.cni_network = of_cni_network) THEN
            INSERT INTO gateways (network_id, address, pool_id, cni_network)
            VALUES (pool.network_id, unknown.address, pool.id, of_cni_network) ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION learn_gateways IS 'Records the gateways of a network configuration, so that they apply to all configurations with the same CIDR.';

-- schema/allocation/owner_key.sql
CREATE OR REPLACE FUNCTION owner_key(cluster text, namespace text, name text, interface text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cluster || ' ' || namespace || ' ' || name || ' ' || interface;
COMMENT ON FUNCTION owner_key(text, text, text, text) IS 'An owner as one string; none of its parts contains a space.';

-- schema/allocation/choose_run.sql
CREATE OR REPLACE FUNCTION choose_run(wanted_network integer, low inet, high inet, reach inet)
RETURNS TABLE (address inet, step integer, run_first inet, run_last inet, run_row tid, free_from timestamptz)
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    -- The order in which free addresses are chosen, wherever one is needed: the lowest run that overlaps low to high and
    -- that no other transaction has locked; in it the lowest address, then that address + step, and so on.
    -- To choose the highest first: ORDER BY f.last DESC, least(f.last, high), -1.
    --
    -- reach bounds the last address of a run: with it, a full segment is recognized without reading the runs after it. It is
    -- high itself in the usual ADD (attach_v1), which leaves a run that extends beyond the segment to the general path. That is
    -- right if this run comes last, so with a step of 1; with another step, every ADD takes the general path, at twice the cost.
    --
    -- PostgreSQL inlines this into the statement that calls it, so it costs no call: therefore STABLE, though it locks a
    -- row. As a function call that would be an error. (Its arguments must be variables: with a subquery among them it is
    -- not inlined. An order that needs more than one SELECT must be a VOLATILE function of this name.)
    SELECT greatest(f.first, low), 1, f.first, f.last, f.ctid, f.free_from FROM free_ranges f
     WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last BETWEEN low AND reach AND f.first <= high
     ORDER BY f.last LIMIT 1 FOR UPDATE OF f SKIP LOCKED;
END;
COMMENT ON FUNCTION choose_run IS
    'The order in which free addresses are chosen: the first unlocked run of a segment, and the first of its addresses. Locks the run.';

-- schema/allocation/claim_addresses.sql
CREATE OR REPLACE FUNCTION claim_addresses(wanted_network integer, firsts inet[], lasts inet[], how_many integer) RETURNS inet[]
LANGUAGE plpgsql AS $$
-- Free addresses of the given segments (ascending, disjoint), in the order of choose_run(); their runs are locked for the
-- caller. Fewer than wanted: the others are locked by other transactions or not free. Waits for a run if all are locked.
-- Returns an empty array if no address is free.
DECLARE
    claimed inet[] := '{}';
    missing integer := how_many;
    low     inet;
    high    inet;
    reach   inet;
    address inet;
    step    integer;
    first   inet;
    last    inet;
    is_free boolean;
BEGIN
    LOOP
        FOR i IN 1 .. coalesce(cardinality(firsts), 0) LOOP
            low := firsts[i];
            high := lasts[i];
            -- The last run that can overlap a segment is the first one that ends at or after its end.
            reach := coalesce((SELECT f.last FROM free_ranges f
                                WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last >= high
                                ORDER BY f.last LIMIT 1), high);
            LOOP
                SELECT run.address, run.step, run.run_first, run.run_last INTO address, step, first, last
                  FROM choose_run(wanted_network, low, high, reach) run;
                EXIT WHEN NOT FOUND;
                LOOP
                    claimed := claimed || address;
                    missing := missing - 1;
                    IF missing = 0 THEN
                        RETURN claimed;
                    END IF;
                    EXIT WHEN address = CASE WHEN step > 0 THEN least(last, high) ELSE greatest(first, low) END;
                    address := address + step;
                END LOOP;
                -- The rest of the segment is before or after the run.
                IF step > 0 THEN
                    EXIT WHEN last >= high;
                    low := last + 1;
                ELSE
                    EXIT WHEN first <= low;
                    high := first - 1;
                    reach := high;
                END IF;
            END LOOP;
        END LOOP;
        IF claimed <> '{}' THEN
            RETURN claimed;
        END IF;
        -- A search that skips locked runs cannot distinguish a full pool from a busy one. Wait for any run, and search
        -- again while holding its lock.
        FOR i IN 1 .. coalesce(cardinality(firsts), 0) LOOP
            PERFORM FROM free_ranges f
              WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last >= firsts[i]
                AND f.last <= coalesce((SELECT bound.last FROM free_ranges bound
                                         WHERE bound.network_id = wanted_network AND NOT bound.quarantined
                                           AND bound.last >= lasts[i] ORDER BY bound.last LIMIT 1), lasts[i])
                AND f.first <= lasts[i]
              ORDER BY f.last LIMIT 1 FOR UPDATE OF f;
            is_free := FOUND;
            EXIT WHEN is_free;
        END LOOP;
        -- The run that we waited for is gone, but our snapshot may be older than its remaining parts.
        IF is_free IS NOT true AND NOT has_free(wanted_network, firsts, lasts) THEN
            RETURN claimed;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION claim_addresses(integer, inet[], inet[], integer) IS
    'Free addresses of some segments of a network, in the order of choose_run(), their runs locked for the caller.';

-- schema/allocation/has_free.sql
CREATE OR REPLACE FUNCTION has_free(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Volatile on purpose: a statement of a volatile function sees what was committed meanwhile. One
-- statement on purpose: segment by segment, a free address that moves would be missed in each.
BEGIN
    -- Only the first run that ends in or after a segment needs to be read.
    RETURN EXISTS (
        SELECT FROM unnest(firsts, lasts) AS segment (first, last)
         WHERE (SELECT run.first FROM free_ranges run
                 WHERE run.network_id = wanted_network AND NOT run.quarantined AND run.last >= segment.first
                 ORDER BY run.last LIMIT 1) <= segment.last);
END $$;
COMMENT ON FUNCTION has_free(integer, inet[], inet[]) IS 'Whether any address of some segments of a network is free.';

-- schema/allocation/free_or_due.sql
CREATE OR REPLACE FUNCTION free_or_due(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Whether an address of some segments is free, or can be assigned to the next call because its quarantine or its
-- reservation has expired.
BEGIN
    -- One statement, so one snapshot: it cannot miss both an address that is taken and one that expires meanwhile. The
    -- clock is in a subquery, because a volatile function cannot be an index condition.
    RETURN EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last)
                    WHERE (SELECT f.first FROM free_ranges f
                            WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last >= s.first
                            ORDER BY f.last LIMIT 1) <= s.last)
        OR EXISTS (SELECT FROM free_ranges f
                    WHERE f.network_id = wanted_network AND f.quarantined AND f.free_from <= (SELECT clock_timestamp())
                      AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last)
                                   WHERE f.last >= s.first AND f.first <= s.last))
        OR EXISTS (SELECT FROM reservations r
                    WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
                      AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last)
                                   WHERE r.address BETWEEN s.first AND s.last)
                      AND NOT EXISTS (SELECT FROM attachments a
                                       WHERE a.network_id = r.network_id AND a.address = r.address));
END $$;
COMMENT ON FUNCTION free_or_due(integer, inet[], inet[]) IS
    'Whether an address of some segments of a network is free, or is about to be freed.';

-- schema/allocation/await_due.sql
CREATE OR REPLACE FUNCTION await_due(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Whether the caller should look again for a free address of some segments before it answers "none":
-- release_expired() and end_quarantines() skip addresses that another session is freeing, and stop after a number of
-- them. Frees expired ones, and waits for a session that is freeing them.
BEGIN
    PERFORM end_misdated_quarantines(wanted_network, firsts, lasts);
    IF NOT free_or_due(wanted_network, firsts, lasts) THEN
        RETURN false;
    END IF;
    PERFORM FROM free_ranges f
      WHERE f.network_id = wanted_network AND f.quarantined AND f.free_from <= (SELECT clock_timestamp())
        AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE f.last >= s.first AND f.first <= s.last)
      ORDER BY f.free_from LIMIT 1 FOR UPDATE OF f;
    PERFORM FROM reservations r
      WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
        AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE r.address BETWEEN s.first AND s.last)
        AND NOT EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address)
      ORDER BY r.expires_at LIMIT 1 FOR UPDATE OF r;
    PERFORM release_expired(wanted_network, 1000);
    PERFORM end_quarantines(wanted_network, 1000);
    RETURN true;
END $$;
COMMENT ON FUNCTION await_due(integer, inet[], inet[]) IS
    'Whether an address of some segments is free, or will be as soon as a session that is freeing it ends; waits for that session.';

-- schema/allocation/release_expired.sql
CREATE OR REPLACE FUNCTION release_expired(wanted_network integer, at_most integer) RETURNS integer
LANGUAGE plpgsql AS $$
-- Releases expired sticky reservations of addresses that no sandbox uses, by the clock of the database. An event tells of
-- each owner that outlives its pods.
DECLARE
    released integer := 0;
    owner    record;
BEGIN
    FOR owner IN
        WITH expired AS (
            SELECT r.network_id, r.address FROM reservations r
             -- In a subquery, because a volatile function cannot be an index condition.
             WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
               AND NOT EXISTS (SELECT FROM attachments a
                                WHERE a.network_id = r.network_id AND a.address = r.address)
             ORDER BY r.expires_at LIMIT at_most FOR UPDATE SKIP LOCKED),
        gone AS (
            DELETE FROM reservations r USING expired e
             WHERE r.network_id = e.network_id AND r.address = e.address
            RETURNING r.owner_kind, r.owner_cluster, r.owner_namespace, r.owner_name, r.address)
        SELECT g.owner_kind, g.owner_cluster, g.owner_namespace, g.owner_name, array_agg(g.address::inet) AS addresses
          FROM gone g GROUP BY g.owner_kind, g.owner_cluster, g.owner_namespace, g.owner_name
    LOOP
        released := released + cardinality(owner.addresses);
        IF owner.owner_kind NOT IN ('pod', 'static') THEN
            PERFORM note_released('OwnerExpired', owner.owner_cluster, owner.owner_namespace, owner.owner_name, owner.addresses,
                                  'no sandbox used them for their time to live');
        END IF;
    END LOOP;
    RETURN released;
END $$;
COMMENT ON FUNCTION release_expired(integer, integer) IS 'Releases expired reservations that no sandbox uses.';

-- schema/allocation/end_misdated_quarantines.sql
CREATE OR REPLACE FUNCTION end_misdated_quarantines(wanted_network integer, firsts inet[], lasts inet[]) RETURNS void
LANGUAGE plpgsql AS $$
-- Frees addresses of some segments that were quarantined while the clock was ahead by more than a minute: how long they
-- have been quarantined is unknown, and the quarantine would last longer by the error of the clock. The cost is one
-- look-up of the quarantine that ends last.
DECLARE
    run   free_ranges;
    ended timestamptz;
BEGIN
    FOR run IN
        SELECT * FROM free_ranges q
         WHERE q.network_id = wanted_network AND q.quarantined AND q.free_from > (SELECT clock_timestamp())
         ORDER BY q.free_from DESC
    LOOP
        SELECT max(upper(t.during)) INTO ended FROM tenures_of(wanted_network, run.first) t;
        EXIT WHEN ended IS NULL OR ended <= clock_timestamp() + interval '1 minute';
        IF EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE run.last >= s.first AND run.first <= s.last) THEN
            DELETE FROM free_ranges f WHERE f.network_id = wanted_network AND f.quarantined AND f.last = run.last RETURNING f.* INTO run;
            CONTINUE WHEN NOT FOUND; -- Another session has just freed it.
            PERFORM free_covered(wanted_network, run.first, run.last, ended);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION end_misdated_quarantines(integer, inet[], inet[]) IS
    'Frees addresses of some segments that were quarantined while the clock was ahead.';

-- schema/allocation/quarantined_for.sql
CREATE OR REPLACE FUNCTION quarantined_for(wanted_network integer, owner text, wanted inet, firsts inet[], lasts inet[]) RETURNS inet
LANGUAGE sql STABLE
RETURN (SELECT f.first FROM rowhouse.free_ranges f
         WHERE f.quarantined AND f.previous_owner = owner AND f.network_id + 0 = wanted_network
           AND f.first = coalesce(wanted, f.first)
           AND (NOT rowhouse.is_withheld(f.network_id, f.first)
                OR wanted IS NOT NULL AND rowhouse.is_on_request(f.network_id, f.first))
           AND (SELECT true FROM unnest(firsts, lasts) AS s (first, last)
                 WHERE f.first BETWEEN s.first AND s.last LIMIT 1)
         ORDER BY f.first LIMIT 1);
COMMENT ON FUNCTION quarantined_for(integer, text, inet, inet[], inet[]) IS
    'An address of some segments that is quarantined because this owner released it; the quarantine does not apply to this owner.';

-- schema/allocation/in_slice.sql
CREATE OR REPLACE FUNCTION in_slice(wanted_pool integer, wanted_cluster text, wanted_node text, slice_size integer,
                         INOUT firsts inet[], INOUT lasts inet[])
LANGUAGE plpgsql AS $$
-- The parts of the segments inside the node's slice of the pool.
DECLARE
    pool  pools;
    slice cidr;
BEGIN
    IF firsts IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO pool FROM pools WHERE id = wanted_pool;
    slice := ensure_node_slice(pool, wanted_cluster, wanted_node, slice_size, firsts, lasts);
    SELECT array_agg(greatest(f, first_address(slice)) ORDER BY f),
           array_agg(least(l, last_address(slice)) ORDER BY f) INTO firsts, lasts
      FROM unnest(firsts, lasts) AS s (f, l)
     WHERE f <= last_address(slice) AND l >= first_address(slice);
END $$;
COMMENT ON FUNCTION in_slice IS 'The parts of some segments that lie in a node''s slice of a pool.';

-- schema/allocation/ensure_node_slice.sql
CREATE OR REPLACE FUNCTION ensure_node_slice(wanted_pool pools, wanted_cluster text, wanted_node text, slice_size integer,
                                  firsts inet[], lasts inet[])
RETURNS cidr
LANGUAGE plpgsql AS $$
-- The slice of a pool from which a node gets addresses; if it has none yet, the lowest one that no node has and that
-- overlaps the segments. A slice that no longer overlaps them (a window or a NAD has changed) is returned, unless the node
-- still uses addresses of it inside the window of the pool.
DECLARE
    own cidr;
BEGIN
    SELECT slice INTO own FROM node_slices
     WHERE pool_id = wanted_pool.id AND cluster = wanted_cluster AND node = wanted_node;
    IF FOUND AND (SELECT bool_or(f <= last_address(own) AND l >= first_address(own)) FROM unnest(firsts, lasts) AS s (f, l)) THEN
        RETURN own;
    END IF;
    -- One new node of a pool at a time.
    PERFORM FROM pools WHERE id = wanted_pool.id FOR NO KEY UPDATE;
    DELETE FROM node_slices s
     WHERE s.pool_id = wanted_pool.id AND s.cluster = wanted_cluster AND s.node = wanted_node
       AND NOT EXISTS (SELECT FROM unnest(firsts, lasts) AS part (f, l)
                        WHERE part.f <= last_address(s.slice) AND part.l >= first_address(s.slice))
       AND (last_address(s.slice) < wanted_pool.window_first OR first_address(s.slice) > wanted_pool.window_last
            OR NOT EXISTS (SELECT FROM attachments a
                            WHERE a.node = s.node AND a.cluster = s.cluster
                              AND a.network_id = wanted_pool.network_id AND a.address <<= s.slice));
    SELECT slice INTO own FROM node_slices
     WHERE pool_id = wanted_pool.id AND cluster = wanted_cluster AND node = wanted_node;
    IF FOUND THEN
        RETURN own;
    END IF;
    -- The lowest aligned slice of this size in a gap, even among slices of other sizes: each gap begins at the start of
    -- the pool, or after the aligned block in which a slice ends. In it, the first slice that overlaps a segment.
    SELECT candidate.slice INTO own FROM (
        SELECT CASE WHEN taken.slice IS NULL THEN set_masklen(first_address(wanted_pool.cidr), slice_size)
                    WHEN last_address(taken.block) < last_address(wanted_pool.cidr)
                    THEN set_masklen(last_address(taken.block) + 1, slice_size) END AS slice,
               taken.next_slice
          FROM (SELECT s.slice, set_masklen(last_address(s.slice), slice_size) AS block,
                       lead(s.slice) OVER (ORDER BY s.slice NULLS FIRST) AS next_slice
                  FROM (SELECT NULL::cidr AS slice
                        UNION ALL
                        SELECT slice FROM node_slices WHERE pool_id = wanted_pool.id) AS s) AS taken) AS gap
     CROSS JOIN unnest(firsts, lasts) AS part (f, l)
     CROSS JOIN LATERAL network(set_masklen(greatest(first_address(gap.slice), part.f), slice_size)) AS candidate (slice)
     WHERE gap.slice <<= wanted_pool.cidr AND candidate.slice <<= wanted_pool.cidr AND first_address(candidate.slice) <= part.l
       AND (gap.next_slice IS NULL OR last_address(candidate.slice) < first_address(gap.next_slice))
     ORDER BY candidate.slice LIMIT 1;
    IF NOT FOUND THEN
        -- A node that is gone, or has no pod of this pool left, gives its slice up to the one that needs it;
        -- should it come back, it gets another.
        DELETE FROM node_slices idle
         WHERE idle.pool_id = wanted_pool.id AND idle.slice = (
               SELECT s.slice FROM node_slices s
                WHERE s.pool_id = wanted_pool.id AND masklen(s.slice) = slice_size
                  AND EXISTS (SELECT FROM unnest(firsts, lasts) AS part (f, l)
                               WHERE part.f <= last_address(s.slice) AND part.l >= first_address(s.slice))
                  AND NOT EXISTS (SELECT FROM attachments a
                                   WHERE a.node = s.node AND a.cluster = s.cluster
                                     AND a.network_id = wanted_pool.network_id AND a.address <<= s.slice)
                ORDER BY s.created_at, s.slice LIMIT 1)
        RETURNING idle.slice INTO own;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'every /% slice of pool % belongs to a node', slice_size, wanted_pool.cidr
            USING ERRCODE = error_code('pool_exhausted'), HINT = 'Widen the pool, or choose smaller slices: node_slice_size.';
    END IF;
    INSERT INTO node_slices (pool_id, cluster, node, slice)
    VALUES (wanted_pool.id, wanted_cluster, wanted_node, own);
    RETURN own;
END $$;
COMMENT ON FUNCTION ensure_node_slice IS 'The slice of a pool from which a node gets addresses, assigned on its first call.';

-- schema/allocation/held_by_sandbox.sql
CREATE OR REPLACE FUNCTION held_by_sandbox(
    wanted_pool integer, cluster text, namespace text, name text, container_id text, interface text, only_node text,
    wanted inet, wanted_slot integer, taken text[])
RETURNS inet
LANGUAGE sql STABLE
RETURN (SELECT r.address FROM rowhouse.attachments a
          JOIN rowhouse.reservations r ON r.network_id = a.network_id AND r.address = a.address
         WHERE a.cluster = held_by_sandbox.cluster AND a.container_id = held_by_sandbox.container_id
           AND a.interface = held_by_sandbox.interface AND a.node = coalesce(only_node, a.node)
           AND r.owner_namespace = namespace AND r.owner_name = name AND r.owner_cluster = held_by_sandbox.cluster
           AND r.owner_interface = held_by_sandbox.interface
           AND r.pool_id = wanted_pool AND r.owner_kind = 'pod' AND r.address = coalesce(wanted, r.address)
           AND r.network_id || ' ' || host(r.address) <> ALL (taken)
         ORDER BY r.slot <> wanted_slot, r.slot LIMIT 1);
COMMENT ON FUNCTION held_by_sandbox IS 'The address of a pool that a sandbox already uses, except those that its call got for other ranges.';

-- schema/allocation/held_in_other_range.sql
CREATE OR REPLACE FUNCTION held_in_other_range(
    wanted_network integer, cluster text, namespace text, name text, interface text, wanted inet,
    firsts inet[], lasts inet[], networks text[], cidrs cidr[], taken text[])
RETURNS inet
LANGUAGE sql STABLE
-- A grown or moved range is another pool. A living pod keeps its address if the new range contains it.
RETURN (SELECT r.address FROM rowhouse.reservations r JOIN rowhouse.pools p ON p.id = r.pool_id
         WHERE r.owner_namespace = namespace AND r.owner_name = held_in_other_range.name
           AND r.owner_interface = interface AND r.owner_cluster = cluster AND r.owner_kind = 'pod'
           AND r.network_id + 0 = wanted_network AND r.address = coalesce(wanted, r.address)
           AND (SELECT true FROM unnest(firsts, lasts) AS s (first, last)
                 WHERE r.address BETWEEN s.first AND s.last LIMIT 1)
           AND NOT EXISTS (SELECT FROM unnest(networks, cidrs) AS own (network, cidr)
                            WHERE own.network = p.network_name AND own.cidr = p.cidr)
           AND r.network_id || ' ' || host(r.address) <> ALL (taken)
         ORDER BY r.address LIMIT 1);
COMMENT ON FUNCTION held_in_other_range IS
    'The address that a pod''s interface holds in a range which is no longer in its configuration, if the present range contains it.';

-- schema/allocation/attached_address.sql
COMMENT ON TYPE attached_address IS
    'The result of attach_v1() for each range. With OUT parameters, PostgreSQL would read their names twice in each call.';
COMMENT ON COLUMN attached_address.ordinal IS 'The range of the request: its position in the arrays, from 1.';
COMMENT ON COLUMN attached_address.address IS 'The address of the sandbox.';
COMMENT ON COLUMN attached_address.created IS 'Whether this call created the reservation; false: its owner already had it.';

-- schema/allocation/held_by_lasting_owner.sql
CREATE OR REPLACE FUNCTION held_by_lasting_owner(
    kind owner_kind, wanted_pool integer, wanted_network integer, cluster text, namespace text, name text, interface text,
    wanted inet, wanted_slot integer, last_slot integer, firsts inet[], lasts inet[], networks text[], cidrs cidr[],
    taken text[])
RETURNS inet
LANGUAGE sql STABLE
-- As held_by_owner() and held_in_other_range() for pods. An address whose owner an operator chose counts whatever its slot.
RETURN (SELECT r.address FROM rowhouse.reservations r
         WHERE r.owner_namespace = namespace AND r.owner_name = held_by_lasting_owner.name
           AND r.owner_interface = interface AND r.owner_cluster = held_by_lasting_owner.cluster
           AND r.owner_kind = kind AND r.address = coalesce(wanted, r.address)
           AND r.network_id || ' ' || host(r.address) <> ALL (taken)
           AND CASE WHEN r.pool_id = wanted_pool
                    THEN wanted IS NOT NULL OR r.slot = wanted_slot OR r.policy_source = 'operator' AND r.slot > last_slot
                    ELSE r.network_id = wanted_network
                         AND (SELECT true FROM unnest(firsts, lasts) AS s (first, last)
                               WHERE r.address BETWEEN s.first AND s.last LIMIT 1)
                         AND NOT EXISTS (SELECT FROM unnest(networks, cidrs) AS own (network, cidr), rowhouse.pools p
                                          WHERE p.id = r.pool_id AND own.network = p.network_name AND own.cidr = p.cidr) END
         ORDER BY r.pool_id <> wanted_pool, r.slot <> wanted_slot, r.slot, r.address LIMIT 1);
COMMENT ON FUNCTION held_by_lasting_owner IS
    'The address that an owner other than a pod holds in a pool, or in a range that is no longer in the configuration.';

-- schema/allocation/refuse_second_sandbox.sql
CREATE OR REPLACE FUNCTION refuse_second_sandbox(
    of_network integer, held inet, of_kind owner_kind, of_namespace text, of_name text, of_container text, of_node text,
    of_uid text, range_no integer)
RETURNS void
LANGUAGE plpgsql AS $$
-- A workload has one sandbox at a time, and so has a claim of plain pods. A later sandbox of the same pod (uid) on the same
-- node replaces the earlier one; any other may still run. The caller has locked the reservation.
DECLARE
    other attachments;
BEGIN
    SELECT * INTO other FROM attachments a
     WHERE a.network_id = of_network AND a.address = held AND a.container_id <> of_container
       AND (a.node, a.pod_uid) IS DISTINCT FROM (of_node, of_uid) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'address % of % %/% is in use by sandbox % on node "%"',
            host(held), of_kind, of_namespace, of_name, other.container_id, other.node
            USING ERRCODE = error_code('address_taken'), DETAIL = range_no,
                  HINT = 'It is free again once that pod has ended. If its node is down, the controller waits until the node is back or fenced.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_second_sandbox IS 'Raises address_taken if another sandbox uses the address of an owner that may have one only.';

-- schema/allocation/refuse_former_object.sql
CREATE OR REPLACE FUNCTION refuse_former_object(
    of_cluster text, of_kind owner_kind, of_namespace text, of_name text, new_kind text, new_name text, new_uid text)
RETURNS void
LANGUAGE plpgsql AS $$
-- The object of an owner was deleted and created again under its name. The controller releases what belonged to the former
-- object: it compares the uid with the API server's own list, but the caller's may be older. The caller has locked the row.
DECLARE
    used text;
BEGIN
    IF EXISTS (SELECT FROM reservations r
                WHERE r.owner_namespace = of_namespace AND r.owner_name = of_name AND r.owner_kind = of_kind
                  AND r.owner_cluster = of_cluster AND r.policy_source = 'nad') THEN
        SELECT format('pod "%s" on node "%s" still uses %s', a.pod_name, a.node, host(a.address)) INTO used
          FROM reservations r JOIN attachments a ON a.network_id = r.network_id AND a.address = r.address
         WHERE r.owner_namespace = of_namespace AND r.owner_name = of_name AND r.owner_kind = of_kind
           AND r.owner_cluster = of_cluster AND r.policy_source = 'nad' LIMIT 1;
        RAISE EXCEPTION '% %/% was deleted and created again, and the addresses of the former one are not released yet%',
            new_kind, of_namespace, new_name, coalesce(': ' || used, '')
            USING ERRCODE = error_code('try_again'),
                  HINT = 'The controller releases them within 20 seconds of the end of their last pod. The runtime repeats the call.';
    END IF;
    UPDATE owner_objects o SET object_kind = new_kind, object_name = new_name, object_uid = new_uid
     WHERE o.cluster = of_cluster AND o.owner_kind = of_kind AND o.namespace = of_namespace AND o.name = of_name;
END $$;
COMMENT ON FUNCTION refuse_former_object IS 'Raises try_again while addresses of a former Kubernetes object of the same name are held.';

-- schema/allocation/refuse_second_attachment.sql
CREATE OR REPLACE FUNCTION refuse_second_attachment(of_network integer, held inet, of_container text, of_node text, of_uid text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A claim may have several sandboxes if its pods are those of a machine, which only the pods say.
DECLARE
    owner reservations;
BEGIN
    SELECT * INTO owner FROM reservations r
     WHERE r.network_id = of_network AND r.address = held AND r.owner_kind = 'workload' FOR UPDATE;
    IF FOUND THEN
        PERFORM refuse_second_sandbox(of_network, held, owner.owner_kind, owner.owner_namespace, owner.owner_name, of_container,
                                      of_node, of_uid, 1);
    END IF;
END $$;
COMMENT ON FUNCTION refuse_second_attachment IS 'Raises address_taken if a manual attachment would be the second one of a workload.';

-- schema/allocation/attachment_by_hand.sql
CREATE OR REPLACE FUNCTION attachment_by_hand() RETURNS trigger
LANGUAGE plpgsql AS $$
-- Each ADD fires it: without a SET clause, and with the check in a function of its own, it costs an ADD less than 1 %.
BEGIN
    IF coalesce(current_setting('rowhouse.command', true), '') = '' THEN
        PERFORM rowhouse.refuse_second_attachment(NEW.network_id, NEW.address, NEW.container_id, NEW.node, NEW.pod_uid);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION attachment_by_hand() IS 'Trigger: a manual statement cannot give a workload a second sandbox.';

CREATE OR REPLACE TRIGGER attachments_second AFTER INSERT OR UPDATE OF network_id, address, container_id, node, pod_uid ON attachments
    FOR EACH ROW EXECUTE FUNCTION attachment_by_hand();

-- schema/allocation/record_attachments.sql
CREATE OR REPLACE FUNCTION record_attachments(
    of_network integer, held inet, of_cluster text DEFAULT NULL, of_container text DEFAULT NULL, of_interface text DEFAULT NULL,
    of_node text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql AS $$
-- Called before attachments end: all of an address, or those of one sandbox. The tenure of a pod has its one sandbox already.
-- The caller has locked the reservation.
BEGIN
    INSERT INTO past_attachments (tenure_id, during, cluster, container_id, interface, node, pod_name, pod_uid, mac, end_reason)
    SELECT r.tenure_id, tstzrange(least(a.attached_at, clock_timestamp()), clock_timestamp(), '[]'), a.cluster, a.container_id,
           a.interface, a.node, a.pod_name, a.pod_uid, a.mac, current_reason()
      FROM reservations r JOIN attachments a ON a.network_id = r.network_id AND a.address = r.address
     WHERE r.network_id = of_network AND r.address = held AND r.owner_kind NOT IN ('pod', 'static')
       AND a.cluster = coalesce(of_cluster, a.cluster) AND a.container_id = coalesce(of_container, a.container_id)
       AND a.interface = coalesce(of_interface, a.interface) AND a.node = coalesce(of_node, a.node);
END $$;
COMMENT ON FUNCTION record_attachments IS 'Records attachments of an owner that outlives its sandboxes in the history, before they end.';

-- schema/allocation/attach_owner.sql
-- Errors: as attach_v1, and address_taken if the owner may have one sandbox only and has another one.

CREATE OR REPLACE FUNCTION attach_owner(
    kind owner_kind, cluster text, namespace text, holder text, holder_interface text,
    node text, container_id text, interface text, cni_network text, pod text, uid text, is_sticky boolean, ttl interval,
    networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[],
    slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean,
    gateway_ranges integer[], gateway_addresses inet[], reuse_delay interval, bound_node text, placement text,
    mac macaddr DEFAULT NULL, candidate_ranges integer[] DEFAULT '{}', may_share boolean DEFAULT false,
    candidate_names text[] DEFAULT '{}')
RETURNS SETOF attached_address
LANGUAGE plpgsql
AS $$
-- The part of an ADD that serves every call, called by attach_v1 and attach_v2. holder and holder_interface name the owner;
-- interface is that of the sandbox, and pod its pod ('': the pod is the owner). mac: the one that the runtime requested.
#variable_conflict use_column
<<result>>
DECLARE
    ordinal  integer;
    network_name text;
    cidr     cidr;
    address  inet;
    gateway  inet;
    created  boolean;
    rival    text;
    single   boolean;
    the_pool integer;
    space    integer;
    held     inet;
    is_due   boolean;
    drained  boolean;
    slot_no  integer;
    changed  boolean;
    firsts   inet[];
    lasts    inet[];
    own      inet;
    low      inet;
    high     inet;
    owner    text;
    is_alone boolean;
    is_kept  boolean;
    is_own   boolean;
    rounds   integer;
    is_shunned boolean;
    elsewhere text;
    taken    text[];
    spaces   integer[];
    used     inet[];
    is_unnoted boolean;
    unnoted  text[];
BEGIN
    single := cardinality(cidrs) = 1;
    owner := owner_key(cluster, namespace, holder, holder_interface);
    taken := '{}';
    spaces := '{}';
    used := '{}';
    unnoted := '{}';

    IF bound_node IS NOT NULL THEN
        SELECT a.node INTO elsewhere FROM attachments a
         WHERE a.cluster = attach_owner.cluster AND a.container_id = attach_owner.container_id
           AND a.interface = attach_owner.interface AND a.node NOT IN ('', bound_node) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'sandbox % belongs to node "%", but the token is for node "%"',
                attach_owner.container_id, elsewhere, bound_node
                USING ERRCODE = error_code('not_allowed'), HINT = 'A node''s token is valid only for sandboxes of its own node.';
        END IF;
    END IF;

    IF cardinality(gateway_addresses) > 0 THEN
        PERFORM learn_gateways(attach_owner.cni_network, networks, cidrs, pool_names, isolated, gateway_ranges, gateway_addresses);
    END IF;

    -- All calls take their ranges in one order, so that no two wait for each other.
    FOREACH ordinal IN ARRAY CASE WHEN single THEN '{1}'::integer[]
                                  ELSE ARRAY(SELECT i FROM generate_subscripts(cidrs, 1) AS i
                                              ORDER BY networks[i], pool_names[i], cidrs[i], i) END LOOP
        IF pool_names[ordinal] IS NOT NULL THEN
            SELECT p.network_name, p.cidr, p.gateway, n.alias_since IS NOT NULL
                   AND (n.last_used_at IS NULL OR n.last_used_at < now() - interval '1 minute')
              INTO network_name, cidr, gateway, is_unnoted
              FROM pool_names n JOIN pools p ON p.id = n.pool_id WHERE n.name = pool_names[ordinal];
            IF NOT FOUND THEN
                RAISE EXCEPTION 'there is no pool named "%"', pool_names[ordinal]
                    USING ERRCODE = error_code('invalid_config'), DETAIL = ordinal,
                          HINT = 'Create it with `rowhouse pool create CIDR --name`; `rowhouse pool list` shows the existing pools.';
            END IF;
            networks[ordinal] := network_name;
            cidrs[ordinal] := cidr;
            IF is_unnoted THEN
                unnoted := unnoted || pool_names[ordinal];
            END IF;
        ELSE
            gateway := NULL;
        END IF;
        is_shunned := false;
        rival := NULL;
        rounds := 0;

        LOOP
            -- An endless search would keep its locks, so let the caller repeat the call.
            rounds := rounds + 1;
            IF rounds > 1000 THEN
                RAISE EXCEPTION 'pool % changed 1000 times during the search for an address', cidrs[ordinal] USING ERRCODE = '40001';
            END IF;
            -- 1. The pool, and whether a reservation or a quarantine has expired.
            SELECT p.id, p.network_id, p.network_name, p.cidr, p.drained, p.window_first, p.window_last,
                   p.isolated AND NOT attach_owner.isolated[ordinal] AND pool_names[ordinal] IS NULL,
                   -- (ORDER BY keeps these two on the indexes that hold nothing but what will come due, and
                   -- now() makes a condition of them; the volatile clock_timestamp() would read them whole)
                   EXISTS (SELECT FROM reservations r
                            WHERE r.network_id = p.network_id AND r.expires_at <= now()
                            ORDER BY r.expires_at LIMIT 1)
                   OR EXISTS (SELECT FROM free_ranges f
                               WHERE f.network_id = p.network_id AND f.quarantined AND f.free_from <= now()
                               ORDER BY f.free_from LIMIT 1)
              INTO the_pool, space, network_name, cidr, drained, low, high, is_alone, is_due
              FROM pools p WHERE p.network_name = networks[ordinal] AND p.cidr = cidrs[ordinal];
            IF NOT FOUND THEN
                PERFORM ensure_pool(networks[ordinal], cidrs[ordinal], attach_owner.isolated[ordinal]);
                CONTINUE;
            END IF;
            IF is_alone THEN
                RAISE EXCEPTION 'pool % is isolated, but this configuration shares its addresses', cidr
                    USING ERRCODE = error_code('isolated_pool'), DETAIL = ordinal;
            END IF;

            IF pool_names[ordinal] IS NOT NULL THEN
                SELECT array_agg(w.first_address ORDER BY w.first_address), array_agg(w.last_address ORDER BY w.first_address)
                  INTO firsts, lasts FROM pools p, pool_window(p) w WHERE p.id = the_pool;
                IF ordinal = ANY (candidate_ranges) AND candidate_names = '{}' THEN
                    SELECT array_agg(greatest(w.first, c.first) ORDER BY c.first), array_agg(least(w.last, c.last) ORDER BY c.first)
                      INTO firsts, lasts
                      FROM unnest(firsts, lasts) AS w (first, last)
                      JOIN unnest(segment_ranges, segment_firsts, segment_lasts) AS c (range_no, first, last)
                        ON c.range_no = ordinal AND c.first <= w.last AND c.last >= w.first;
                END IF;
            ELSIF single THEN
                firsts := segment_firsts;
                lasts := segment_lasts;
            ELSE
                firsts := ARRAY(SELECT segment_firsts[i] FROM generate_subscripts(segment_ranges, 1) AS i
                                 WHERE segment_ranges[i] = ordinal ORDER BY i);
                lasts := ARRAY(SELECT segment_lasts[i] FROM generate_subscripts(segment_ranges, 1) AS i
                                WHERE segment_ranges[i] = ordinal ORDER BY i);
            END IF;
            IF pool_names[ordinal] IS NULL AND (low IS NOT NULL OR high IS NOT NULL) THEN
                -- An operator's window also holds for NADs that spell the range.
                SELECT s.firsts, s.lasts INTO firsts, lasts FROM clip_segments(low, high, firsts, lasts) s;
            END IF;

            -- 2. An address that this sandbox or its owner already holds.
            IF kind <> 'pod' THEN
                held := held_by_lasting_owner(kind, the_pool, space, cluster, namespace, holder, holder_interface, requested[ordinal],
                                              slots[ordinal], (SELECT max(s) FROM unnest(slots) AS s), firsts, lasts, networks, cidrs,
                                              taken);
                is_own := false;
            ELSE
                held := held_by_sandbox(the_pool, cluster, namespace, holder, container_id, interface, bound_node, requested[ordinal],
                                        slots[ordinal], CASE WHEN strict THEN '{}' ELSE taken END);
                is_own := held IS NOT NULL;
            END IF;
            IF held IS NULL AND NOT is_shunned AND kind = 'pod' THEN
                held := held_by_owner(the_pool, cluster, namespace, holder, interface, requested[ordinal], slots[ordinal],
                                      (SELECT max(s) FROM unnest(slots) AS s), CASE WHEN strict THEN '{}' ELSE taken END);
                IF held IS NULL AND NOT strict THEN
                    held := held_in_other_range(space, cluster, namespace, holder, interface, requested[ordinal], firsts, lasts,
                                                networks, cidrs, taken);
                END IF;
            END IF;
            IF held IS NOT NULL THEN
                SELECT r.address, r.sticky OR r.policy_source = 'operator',
                       (r.node, r.container_id, r.owner_uid, r.expires_at, r.pool_id) IS DISTINCT FROM
                       (attach_owner.node, attach_owner.container_id, uid, NULL::timestamptz, the_pool)
                  INTO address, is_kept, changed FROM reservations r
                 WHERE r.network_id = space AND r.address = held AND r.owner_kind = kind
                   AND r.owner_namespace = namespace AND r.owner_name = holder AND r.owner_interface = holder_interface
                   AND r.owner_cluster = cluster FOR UPDATE;
                created := NOT FOUND;
                CONTINUE WHEN created;
                IF kind IN ('workload', 'claim') AND NOT may_share THEN
                    PERFORM refuse_second_sandbox(space, held, kind, namespace, holder, container_id, node, uid, ordinal);
                END IF;
                -- (An address of this sandbox was checked when it was attached.)
                IF bound_node IS NOT NULL AND NOT is_own AND placement <> 'join' THEN
                    SELECT a.node INTO elsewhere FROM attachments a
                     WHERE a.network_id = space AND a.address = held AND a.node <> bound_node LIMIT 1;
                    IF FOUND THEN
                        IF placement = 'ask' THEN
                            RAISE EXCEPTION 'address % of % %/% is attached on node "%"', host(held), replace(kind::text, '_', ' '), namespace, holder, elsewhere
                                USING ERRCODE = error_code('attached_elsewhere'), DETAIL = ordinal;
                        ELSIF is_kept OR requested[ordinal] IS NOT NULL THEN
                            RAISE EXCEPTION 'address % of % %/% is still attached on node "%", and it could not be verified that the pod runs on node "%"',
                                host(held), replace(kind::text, '_', ' '), namespace, holder, elsewhere, bound_node
                                USING ERRCODE = error_code('attached_elsewhere'), DETAIL = ordinal,
                                      HINT = 'The controller ends the old attachment once the pod or its node is gone. `rowhouse doctor` shows whether the server may read pods.';
                        END IF;
                        is_shunned := true;
                        CONTINUE;
                    END IF;
                END IF;
                EXIT;
            END IF;
            created := true;
            PERFORM refuse_held_pool(the_pool, cidr, ordinal);
            IF drained THEN
                RAISE EXCEPTION 'pool % is drained and assigns no new addresses', cidr
                    USING ERRCODE = error_code('pool_exhausted'), DETAIL = ordinal, HINT = '`rowhouse pool undrain` lets it assign addresses again.';
            END IF;
            IF is_due THEN
                PERFORM release_expired(space, 1000);
                PERFORM end_quarantines(space, 1000);
            END IF;

            IF ordinal = ANY (candidate_ranges) AND firsts IS NULL THEN
                RAISE EXCEPTION 'no candidate is inside the window of pool %', cidr
                    USING ERRCODE = error_code('address_outside_ranges'), DETAIL = ordinal,
                          HINT = 'Name candidates inside the window, or widen the window.';
            END IF;
            IF ordinal = ANY (candidate_ranges) AND candidate_names <> '{}' THEN
                SELECT s.firsts, s.lasts INTO firsts, lasts FROM in_named_ranges(space, cidr, candidate_names, ordinal, firsts, lasts) s;
            END IF;
            IF slice_sizes[ordinal] IS NOT NULL THEN
                SELECT s.firsts, s.lasts INTO firsts, lasts
                  FROM in_slice(the_pool, cluster, node, slice_sizes[ordinal], firsts, lasts) s;
            END IF;

            -- The previous owner of a quarantined address is exempt from the quarantine.
            own := quarantined_for(space, owner, requested[ordinal], firsts, lasts);
            IF own IS NOT NULL THEN
                CONTINUE WHEN NOT end_quarantine_of(space, own);
                firsts := ARRAY[own];
                lasts := ARRAY[own];
            END IF;

            slot_no := slots[ordinal];
            IF requested[ordinal] IS NOT NULL THEN
                -- 3a. The requested address, if it can be assigned.
                -- (Without an interface, an owner of another kind with the same name does not count as the same owner.)
                PERFORM refuse_request(the_pool, requested[ordinal], firsts, lasts, ordinal, cluster, namespace, holder,
                                       CASE WHEN NOT EXISTS (SELECT FROM reservations r
                                                              WHERE r.network_id = space AND r.address = requested[ordinal]
                                                                AND r.owner_kind <> kind) THEN holder_interface END);
                IF space || ' ' || host(requested[ordinal]) = ANY (taken) THEN
                    RAISE EXCEPTION 'requested address % was assigned to another range of this call', host(requested[ordinal])
                        USING ERRCODE = error_code('address_taken'), DETAIL = ordinal,
                              HINT = 'Request another address, or remove one of the ranges.';
                END IF;
                -- Its run is locked before its reservation is created, in the same order as by all callers.
                -- (An address for requests only is in no run: the primary key of reservations decides.)
                address := CASE WHEN is_on_request(space, requested[ordinal]) THEN requested[ordinal]
                                ELSE (claim_addresses(space, ARRAY[requested[ordinal]], ARRAY[requested[ordinal]], 1))[1] END;
                CONTINUE WHEN address IS NULL;
                SELECT coalesce(max(r.slot) + 1, slot_no) INTO slot_no FROM reservations r
                 WHERE r.owner_namespace = namespace AND r.owner_name = holder AND r.pool_id = the_pool
                   AND r.owner_interface = holder_interface AND r.owner_cluster = cluster AND r.owner_kind = kind;
            ELSE
                -- 3b. A free address.
                address := (claim_addresses(space, firsts, lasts, 1))[1];
                IF ordinal = ANY (candidate_ranges) THEN
                    -- They are requests, so they may be in a range for requests only.
                    own := first_on_request(space, firsts, lasts);
                    IF own < address OR address IS NULL THEN
                        address := own;
                    END IF;
                END IF;
                IF strict AND kind = 'pod' THEN
                    -- As upstream, an address that this pod holds in an overlapping range counts as free.
                    SELECT min(r.address) INTO own FROM reservations r
                     WHERE r.owner_namespace = namespace AND r.owner_name = holder AND r.owner_cluster = cluster
                       AND r.owner_kind = kind AND r.network_id = space AND r.pool_id <> the_pool
                       AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (f, l) WHERE r.address BETWEEN f AND l);
                    IF (own < address OR address IS NULL) AND bound_node IS NOT NULL AND placement <> 'join' THEN
                        -- Only the configuration selects strict mode, so it must not affect addresses of another node.
                        SELECT a.node INTO elsewhere FROM attachments a
                         WHERE a.network_id = space AND a.address = own AND a.node <> bound_node LIMIT 1;
                        IF FOUND AND placement = 'ask' THEN
                            RAISE EXCEPTION 'address % of pod %/% is attached on node "%"', host(own), namespace, holder, elsewhere
                                USING ERRCODE = error_code('attached_elsewhere'), DETAIL = ordinal;
                        ELSIF FOUND THEN
                            own := NULL;
                        END IF;
                    END IF;
                    IF own < address OR address IS NULL THEN
                        address := own;
                        changed := true;
                        created := own IS NULL;
                        EXIT WHEN NOT created;
                    END IF;
                END IF;
                IF address IS NULL THEN
                    CONTINUE WHEN await_due(space, firsts, lasts);
                    -- A concurrent call of the same pod got the last address.
                    CONTINUE WHEN EXISTS (SELECT FROM reservations r
                                           WHERE r.owner_namespace = namespace AND r.owner_name = holder AND r.pool_id = the_pool
                                             AND r.owner_interface = holder_interface AND r.owner_cluster = cluster
                                             AND r.owner_kind = kind AND r.slot = slots[ordinal]
                                             AND r.network_id || ' ' || host(r.address) <> ALL (taken)) AND NOT is_shunned;
                    -- 4. No address; the whole call is rolled back.
                    IF ordinal = ANY (candidate_ranges) THEN
                        PERFORM refuse_candidates(space, firsts, lasts, ordinal);
                    END IF;
                    PERFORM refuse_exhausted(space, cidr, firsts, lasts, ordinal);
                END IF;
                SELECT CASE WHEN bool_or(r.slot = slots[ordinal]) THEN max(r.slot) + 1 ELSE slots[ordinal] END
                  INTO slot_no FROM reservations r
                 WHERE r.owner_namespace = namespace AND r.owner_name = holder AND r.pool_id = the_pool
                   AND r.owner_interface = holder_interface AND r.owner_cluster = cluster AND r.owner_kind = kind
                   AND (is_shunned OR taken <> '{}');
                slot_no := coalesce(slot_no, slots[ordinal]);
            END IF;
            WITH made AS (
                INSERT INTO reservations AS r (network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name,
                                               owner_interface, owner_uid, slot, sticky, sticky_ttl, reuse_delay, node, container_id)
                VALUES (space, address, the_pool, kind, cluster, namespace, holder, holder_interface, uid, slot_no, is_sticky, ttl,
                        attach_owner.reuse_delay, node, container_id)
                ON CONFLICT DO NOTHING
                RETURNING r.network_id, r.address),
            used AS (
                INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid, pod_name,
                                         mac)
                SELECT cluster, container_id, interface, made.network_id, made.address, node, cni_network, uid, pod,
                       attach_owner.mac
                  FROM made)
            SELECT made.address INTO held FROM made;
            EXIT WHEN FOUND;
            PERFORM withdraw_reserved(space, address);
            -- Another call of the same owner was faster, or the requested address was taken meanwhile: look again.
        END LOOP;

        IF NOT created THEN
            IF changed THEN
                UPDATE reservations r
                   SET node = attach_owner.node, container_id = attach_owner.container_id, owner_uid = uid, expires_at = NULL,
                       pool_id = the_pool,
                       slot = CASE WHEN r.pool_id = the_pool THEN r.slot
                                   ELSE (SELECT coalesce(max(o.slot) + 1, slots[ordinal]) FROM reservations o
                                          WHERE o.owner_namespace = namespace AND o.owner_name = holder AND o.pool_id = the_pool
                                            -- (In strict mode the reservation may be of another interface.)
                                            AND o.owner_interface = r.owner_interface AND o.owner_cluster = cluster) END
                 WHERE r.network_id = space AND r.address = result.address;
            END IF;
            INSERT INTO attachments AS a (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid, pod_name, mac)
            VALUES (cluster, container_id, interface, space, address, node, cni_network, uid, pod, attach_owner.mac)
            ON CONFLICT (cluster, container_id, interface, network_id, address) DO UPDATE
               SET node = excluded.node, pod_uid = coalesce(excluded.pod_uid, a.pod_uid), cni_network = excluded.cni_network,
                   mac = coalesce(excluded.mac, a.mac)
             WHERE (a.node, a.cni_network) <> (excluded.node, excluded.cni_network) OR a.pod_uid IS NULL
                OR a.mac IS DISTINCT FROM coalesce(excluded.mac, a.mac);
            SELECT 'node "' || a.node || '", uid ' || a.pod_uid INTO rival FROM attachments a
             WHERE kind = 'pod' AND a.network_id = space AND a.address = result.address AND a.pod_uid <> uid AND a.node <> attach_owner.node
               AND a.attached_at > clock_timestamp() - interval '10 minutes' LIMIT 1;
            spaces := spaces || space;
            used := used || address;
        END IF;
        IF mac IS NOT NULL THEN
            UPDATE tenures t SET mac = attach_owner.mac FROM reservations r
             WHERE r.network_id = space AND r.address = result.address AND t.id = r.tenure_id
               AND t.mac IS DISTINCT FROM attach_owner.mac;
        END IF;
        taken := taken || (space || ' ' || host(address));
        RETURN NEXT (ordinal, network_name, cidr, address, gateway, created, rival)::attached_address;
    END LOOP;
    IF used <> '{}' AND uid IS NOT NULL THEN
        PERFORM end_replaced_sandboxes(cluster, interface, node, uid, container_id, spaces, used);
    END IF;
    IF unnoted <> '{}' THEN
        PERFORM note_alias_use(unnoted);
    END IF;
END $$;
COMMENT ON FUNCTION attach_owner IS 'The general path of an ADD: one address from each range for an owner of any kind, all or nothing.';

-- schema/allocation/attach_v1.sql
-- Errors: pool_exhausted (also: every slice is assigned), address_taken, address_outside_ranges, quota_exceeded,
-- invalid_config (no such pool), attached_elsewhere (verify where the pod runs; if that was done: try again),
-- isolated_pool (the pool must join the shared space first), not_allowed (the sandbox belongs to another node), try_again
-- (new addresses are held back until the running pods have been read). DETAIL holds the ordinal of the range.

CREATE OR REPLACE FUNCTION attach_v1(
    cluster text, node text, container_id text, interface text, cni_network text,
    namespace text, pod text, uid text, is_sticky boolean, ttl interval,
    networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[],
    slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean,
    max_wait integer DEFAULT 3000, gateway_ranges integer[] DEFAULT '{}', gateway_addresses inet[] DEFAULT '{}',
    reuse_delay interval DEFAULT NULL, bound_node text DEFAULT NULL, placement text DEFAULT 'ask')
RETURNS SETOF attached_address
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s' -- max_wait, below; what the caller has set is there again afterwards
-- Statistics of a table that was just empty must not lead a hot query off its index. Before PostgreSQL 18, a disabled
-- plan node adds 1e10 to the cost. With JIT, this alone would have the plan compiled, in hundreds of milliseconds.
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_sort = off
SET enable_bitmapscan = off
AS $$
-- Few statements on purpose: starting one costs as much as an index look-up.
--
-- bound_node is the node that the caller's token is for; NULL: it may act for every node. If the owner is attached on
-- another node, placement says what is known about the pod: 'ask': nothing yet (error attached_elsewhere); 'join': it runs
-- on the caller's node; 'avoid': that could not be verified, so addresses of the other node are not touched.
--
-- rival is the node and uid of another pod that also uses the address, and started recently: two clusters without
-- names may have pods of the same name.
#variable_conflict use_column
<<result>>
DECLARE
    address  inet;
    -- Not a SET clause: only a superuser may name a parameter of our own there. (One expression for all, see is_careful()
    -- for the last: each that reads or writes a setting takes a snapshot.) max_wait is milliseconds, for each lock.
    settings text[] := ARRAY[coalesce(current_setting('rowhouse.command', true), ''),
                             set_config('rowhouse.command', 'ADD', true),
                             set_config('lock_timeout', max_wait::text, true),
                             current_setting('rowhouse.careful', true)];
    command  text;
    choice   record; -- of choose_run()
    the_tenure bigint;
    low      inet;
    high     inet;
    is_usual boolean;
BEGIN
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;

    -- 0. The usual call in three statements: one range of a plain pool, and the first unlocked run ends within the
    -- range. All other calls continue below, and so do calls that find no such run, or whose owner already holds an
    -- address of the pool (a unique constraint detects this).
    -- (Nothing in the first condition that depends on the database: evaluating it would take a snapshot of its own.)
    is_usual := settings[4] IS DISTINCT FROM 'on' AND cardinality(cidrs) = 1 AND NOT strict AND cardinality(segment_firsts) = 1
                AND slots[1] = 0 AND requested[1] IS NULL AND pool_names[1] IS NULL AND slice_sizes[1] IS NULL AND (reuse_delay = '0') IS NOT false;
    IF is_usual AND cardinality(gateway_addresses) > 0 THEN
        is_usual := knows_gateways(attach_v1.cni_network, networks[1], cidrs[1], gateway_addresses);
    END IF;
    IF is_usual THEN
        low := segment_firsts[1];
        high := segment_lasts[1];
        SELECT p.pool_id, p.network_id, run.address::host_address AS address, run.run_first, run.run_last, run.run_row INTO choice
          FROM plain_pools p, LATERAL choose_run(p.network_id, low, high, high) AS run
         WHERE p.network_name = networks[1] AND p.cidr = cidrs[1] AND (NOT p.isolated OR attach_v1.isolated[1])
           AND run.step = 1 AND run.free_from <= clock_timestamp()
           AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = p.network_id AND r.expires_at <= now()
                            ORDER BY r.expires_at LIMIT 1);
        IF FOUND THEN
            -- It does itself what reservation_made() does for every other INSERT, which finds the tenure open. (Statements
            -- of their own: as parts of one statement, each would pass its row through two more plan nodes. The address
            -- is a host_address already, so that its rule is checked once.)
            the_tenure := nextval('tenures_id_seq');
            INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                                 owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
            VALUES (the_tenure, choice.network_id, choice.address, choice.pool_id, tstzrange(clock_timestamp(), NULL), 'pod',
                    cluster, namespace, pod, interface, uid, node, container_id, current_actor(), 'ADD');
            INSERT INTO reservations (network_id, address, pool_id, owner_cluster, owner_namespace, owner_name, owner_interface,
                                      owner_uid, slot, sticky, sticky_ttl, reuse_delay, node, container_id, tenure_id)
            VALUES (choice.network_id, choice.address, choice.pool_id, cluster, namespace, pod, interface,
                    uid, slots[1], is_sticky, ttl, attach_v1.reuse_delay, node, container_id, the_tenure)
            ON CONFLICT DO NOTHING;
            IF FOUND THEN
                INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
                VALUES (cluster, container_id, interface, choice.network_id, choice.address, node, cni_network, uid);
                address := choice.address;
                IF address = choice.run_first AND address < choice.run_last THEN
                    UPDATE free_ranges f SET first = address + 1 WHERE f.ctid = choice.run_row; -- it is locked, so it is still there
                ELSIF address = choice.run_first THEN
                    DELETE FROM free_ranges f WHERE f.ctid = choice.run_row;
                ELSE
                    PERFORM take_run(choice.network_id, address, address);
                END IF;
                RETURN NEXT (1, networks[1], cidrs[1], address, NULL, true, NULL)::attached_address;
                command := set_config('rowhouse.command', settings[1], true);
                RETURN;
            END IF;
            DELETE FROM tenures t WHERE t.id = the_tenure;
        END IF;
    END IF;

    RETURN QUERY SELECT * FROM attach_owner(
        'pod', cluster, namespace, pod, interface, node, container_id, interface, cni_network, '', uid, is_sticky, ttl,
        networks, cidrs, pool_names, isolated, requested, slots, slice_sizes, segment_ranges, segment_firsts, segment_lasts,
        strict, gateway_ranges, gateway_addresses, reuse_delay, bound_node, placement);
    command := set_config('rowhouse.command', settings[1], true);
END $$;
COMMENT ON FUNCTION attach_v1 IS 'CNI ADD: one address from each range for one interface of a pod, all or nothing.';

-- schema/allocation/attach_v2.sql
-- Errors: as attach_v1, and address_taken if the owner may have one sandbox only and has another one.

CREATE OR REPLACE FUNCTION attach_v2(
    kind owner_kind, owner_name text, owner_interface text, object_kind text, object_name text,
    cluster text, node text, container_id text, interface text, cni_network text,
    namespace text, pod text, uid text, is_sticky boolean, ttl interval,
    networks text[], cidrs cidr[], pool_names text[], isolated boolean[], requested inet[], slots integer[],
    slice_sizes integer[], segment_ranges integer[], segment_firsts inet[], segment_lasts inet[], strict boolean,
    max_wait integer DEFAULT 3000, gateway_ranges integer[] DEFAULT '{}', gateway_addresses inet[] DEFAULT '{}',
    reuse_delay interval DEFAULT NULL, bound_node text DEFAULT NULL, placement text DEFAULT 'ask',
    mac macaddr DEFAULT NULL, candidate_ranges integer[] DEFAULT '{}', may_share boolean DEFAULT false,
    object_uid text DEFAULT NULL, candidate_names text[] DEFAULT '{}',
    object_observed boolean DEFAULT false)
RETURNS SETOF attached_address
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_sort = off
SET enable_bitmapscan = off
AS $$
-- candidate_ranges: the ordinals of ranges whose segments are candidates, any of which will do; for a pool by name, the
-- address must be in its window as well. candidate_names: of ranges for requests that limit these segments.
--
-- may_share: a claim may have several sandboxes at once: those of a virtual machine, which migrates.
--
-- For owners that outlive a pod, and for pods whose call attach_v1 does not know all of. object_kind and object_name: the
-- Kubernetes object whose existence keeps the address; NULL: none, so the address stays until it expires or is released.
-- object_uid: an object of another uid does not inherit its addresses; NULL: its name alone counts. object_observed: it comes
-- from a watch, which may be late. That will do for a new owner; another sandbox of a known one is refused with
-- unconfirmed_object, for its addresses may belong to a former object. The caller reads the object, and repeats the call.
#variable_conflict use_variable
DECLARE
    settings text[] := ARRAY[coalesce(current_setting('rowhouse.command', true), ''),
                             set_config('rowhouse.command', 'ADD', true),
                             set_config('lock_timeout', max_wait::text, true),
                             current_setting('rowhouse.careful', true)];
    command  text;
    choice   record; -- of choose_run()
    the_tenure bigint;
    is_usual boolean;
    is_known boolean := false;
BEGIN
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    IF object_kind IS NOT NULL THEN
        -- First, because it locks the row: release_owners_v1() and renew_owners_v1() then see this call's reservations.
        PERFORM FROM owner_objects o
          WHERE o.cluster = attach_v2.cluster AND o.owner_kind = kind AND o.namespace = attach_v2.namespace AND o.name = owner_name
            AND o.object_kind = attach_v2.object_kind AND o.object_name = attach_v2.object_name
            AND (o.object_uid = attach_v2.object_uid OR attach_v2.object_uid IS NULL)
            FOR UPDATE;
        is_known := FOUND;
        IF NOT is_known THEN
            INSERT INTO owner_objects AS o (cluster, owner_kind, namespace, name, object_kind, object_name, object_uid)
            VALUES (cluster, kind, namespace, owner_name, object_kind, object_name, object_uid)
            ON CONFLICT ON CONSTRAINT owner_objects_pkey DO UPDATE
               SET object_kind = excluded.object_kind, object_name = excluded.object_name,
                   object_uid = coalesce(excluded.object_uid, o.object_uid)
             WHERE o.object_uid = excluded.object_uid OR o.object_uid IS NULL OR excluded.object_uid IS NULL;
            is_known := NOT FOUND;
            IF is_known AND NOT object_observed THEN
                PERFORM refuse_former_object(cluster, kind, namespace, owner_name, object_kind, object_name, object_uid);
            END IF;
        END IF;
    END IF;

    -- The first address of an owner, from one range of a plain pool, as in attach_v1().
    is_usual := NOT (is_known AND object_observed) AND settings[4] IS DISTINCT FROM 'on' AND kind <> 'pod' AND cardinality(cidrs) = 1 AND NOT strict
                AND cardinality(segment_firsts) = 1 AND candidate_ranges = '{}' AND slots[1] = 0 AND requested[1] IS NULL
                AND pool_names[1] IS NULL AND slice_sizes[1] IS NULL AND (reuse_delay = '0') IS NOT false;
    IF is_usual AND cardinality(gateway_addresses) > 0 THEN
        is_usual := knows_gateways(cni_network, networks[1], cidrs[1], gateway_addresses);
    END IF;
    IF is_usual THEN
        SELECT p.pool_id, p.network_id, run.address::host_address AS address, run.run_first, run.run_last, run.run_row INTO choice
          FROM plain_pools p, LATERAL choose_run(p.network_id, segment_firsts[1], segment_lasts[1], segment_lasts[1]) AS run
         WHERE p.network_name = networks[1] AND p.cidr = cidrs[1] AND (NOT p.isolated OR attach_v2.isolated[1])
           AND NOT EXISTS (SELECT FROM reservations r
                            WHERE r.owner_namespace = namespace AND r.owner_name = attach_v2.owner_name
                              AND r.owner_interface = attach_v2.owner_interface AND r.owner_cluster = cluster AND r.owner_kind = kind)
           AND run.step = 1 AND run.free_from <= clock_timestamp()
           AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = p.network_id AND r.expires_at <= now()
                            ORDER BY r.expires_at LIMIT 1);
        is_usual := FOUND;
    END IF;
    IF is_usual THEN
        the_tenure := nextval('tenures_id_seq');
        INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                             owner_interface, owner_uid, node, container_id, mac, started_by, start_reason)
        VALUES (the_tenure, choice.network_id, choice.address, choice.pool_id, tstzrange(clock_timestamp(), NULL), kind,
                cluster, namespace, owner_name, owner_interface, uid, node, container_id, mac, current_actor(), 'ADD');
        INSERT INTO reservations (network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name,
                                  owner_interface, owner_uid, slot, sticky, sticky_ttl, reuse_delay, node, container_id, tenure_id)
        VALUES (choice.network_id, choice.address, choice.pool_id, kind, cluster, namespace, owner_name, owner_interface,
                uid, 0, is_sticky, ttl, reuse_delay, node, container_id, the_tenure)
        ON CONFLICT DO NOTHING;
        is_usual := FOUND;
        IF NOT is_usual THEN
            DELETE FROM tenures t WHERE t.id = the_tenure;
        END IF;
    END IF;
    IF is_usual THEN
        INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid, pod_name, mac)
        VALUES (cluster, container_id, interface, choice.network_id, choice.address, node, cni_network, uid, pod, mac);
        IF choice.address = choice.run_first AND choice.address < choice.run_last THEN
            UPDATE free_ranges f SET first = choice.address + 1 WHERE f.ctid = choice.run_row; -- it is locked, so it is still there
        ELSIF choice.address = choice.run_first THEN
            DELETE FROM free_ranges f WHERE f.ctid = choice.run_row;
        ELSE
            PERFORM take_run(choice.network_id, choice.address, choice.address);
        END IF;
        RETURN NEXT (1, networks[1], cidrs[1], choice.address, NULL, true, NULL)::attached_address;
    ELSE
        IF is_known AND object_observed
           AND NOT EXISTS (SELECT FROM attachments a
                            WHERE a.cluster = attach_v2.cluster AND a.container_id = attach_v2.container_id
                              AND a.interface = attach_v2.interface) THEN
            RAISE EXCEPTION '% %/% must be read again before another sandbox uses its addresses', object_kind, namespace, object_name
                USING ERRCODE = error_code('unconfirmed_object'), HINT = 'The server reads it, and repeats the call.';
        END IF;
        RETURN QUERY SELECT * FROM attach_owner(
            kind, cluster, namespace, owner_name, owner_interface, node, container_id, interface, cni_network,
            CASE WHEN kind = 'pod' THEN '' ELSE pod END, uid, is_sticky, ttl,
            networks, cidrs, pool_names, isolated, requested, slots, slice_sizes, segment_ranges, segment_firsts, segment_lasts,
            strict, gateway_ranges, gateway_addresses, reuse_delay, bound_node, placement, mac, candidate_ranges, may_share,
            candidate_names);
    END IF;
    command := set_config('rowhouse.command', settings[1], true);
END $$;
COMMENT ON FUNCTION attach_v2 IS 'CNI ADD for an owner of any kind, with a requested MAC address or candidates: one address from each range, all or nothing.';

-- schema/allocation/attach_many_v1.sql
CREATE OR REPLACE FUNCTION attach_many_v1(
    clusters text[], nodes text[], container_ids text[], interfaces text[], cni_networks text[],
    namespaces text[], pods text[], uids text[], network text, cidr cidr, firsts inet[], lasts inet[],
    max_wait integer DEFAULT 3000, gateway_addresses inet[] DEFAULT '{}', is_isolated boolean DEFAULT false, reuse_delay interval DEFAULT NULL)
RETURNS TABLE (ordinal integer, address inet)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_sort = off
SET enable_bitmapscan = off
-- The planner does not know the number of calls: use one index look-up for each.
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Many plain calls of attach_v1() for one pool at once: one range, pods that are not sticky, no requested addresses.
-- Returns a row for each served call, and a row without an address for each call that met only locked runs: such a
-- call may join the next batch, because this one made progress. A call without a row must use attach_v1(), which
-- finds what an owner already holds, and the reason why no address is free. So a call never fails because of
-- another one. The function waits for a lock only while it holds none, or for the same owner. If there are
-- gateway_addresses, all calls belong to one CNI network.
#variable_conflict use_column
DECLARE
    previous_command text := coalesce(current_setting('rowhouse.command', true), '');
    the_pool integer;
    space    integer;
    wanting  integer[];
    claimed  inet[];
    start    inet;
    stop     inet;
BEGIN
    PERFORM set_config('rowhouse.command', 'ADD', true), set_config('lock_timeout', max_wait::text, true);
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    SELECT p.id, p.network_id, p.window_first, p.window_last INTO the_pool, space, start, stop FROM pools p
     WHERE p.network_name = attach_many_v1.network AND p.cidr = attach_many_v1.cidr AND NOT p.drained
       AND (NOT p.isolated OR is_isolated) AND NOT EXISTS (SELECT FROM assignment_hold)
       AND NOT EXISTS (SELECT FROM unnest(gateway_addresses) AS own_gateway (address)
                        WHERE NOT EXISTS (SELECT FROM gateways g
                                           WHERE g.pool_id = p.id AND g.address = own_gateway.address
                                             AND g.cni_network = cni_networks[1]))
       AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = p.network_id AND r.expires_at <= now()
                        ORDER BY r.expires_at LIMIT 1)
       AND NOT EXISTS (SELECT FROM free_ranges f WHERE f.network_id = p.network_id AND f.quarantined AND f.free_from <= now()
                        ORDER BY f.free_from LIMIT 1);
    IF FOUND THEN
        IF start IS NOT NULL OR stop IS NOT NULL THEN
            SELECT s.firsts, s.lasts INTO firsts, lasts FROM clip_segments(start, stop, firsts, lasts) s;
        END IF;
        wanting := ARRAY(
            SELECT n FROM generate_subscripts(pods, 1) AS n
             WHERE (SELECT r.slot FROM reservations r
                     WHERE r.owner_namespace = namespaces[n] AND r.owner_name = pods[n] AND r.owner_interface = interfaces[n]
                       AND r.owner_cluster = clusters[n] AND r.network_id + 0 = space LIMIT 1) IS NULL
               AND (SELECT true FROM free_ranges f
                     WHERE f.quarantined AND f.previous_owner = owner_key(clusters[n], namespaces[n], pods[n], interfaces[n])
                       AND f.network_id + 0 = space LIMIT 1) IS NULL);
        claimed := '{}';
        IF wanting <> '{}' THEN
            claimed := claim_addresses(space, firsts, lasts, cardinality(wanting));
        END IF;
        RETURN QUERY
            WITH given AS (
                SELECT n, a AS address FROM unnest(wanting, claimed) AS pair (n, a) WHERE n IS NOT NULL AND a IS NOT NULL),
            made AS (
                INSERT INTO reservations AS r (network_id, address, pool_id, owner_cluster, owner_namespace, owner_name,
                                               owner_interface, owner_uid, reuse_delay, node, container_id)
                SELECT space, given.address, the_pool, clusters[given.n], namespaces[given.n], pods[given.n],
                       interfaces[given.n], uids[given.n], attach_many_v1.reuse_delay, nodes[given.n], container_ids[given.n]
                  FROM given
                ON CONFLICT DO NOTHING
                RETURNING r.address),
            used AS (
                INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
                SELECT clusters[given.n], container_ids[given.n], interfaces[given.n], space, given.address, nodes[given.n],
                       cni_networks[given.n], uids[given.n]
                  FROM made JOIN given ON given.address = made.address)
            SELECT given.n, given.address FROM made JOIN given ON given.address = made.address;
        IF claimed <> '{}' THEN
            RETURN QUERY SELECT wanting[i], NULL::inet FROM generate_series(cardinality(claimed) + 1, cardinality(wanting)) AS i;
        END IF;
    END IF;
    PERFORM set_config('rowhouse.command', previous_command, true);
END $$;
COMMENT ON FUNCTION attach_many_v1 IS 'CNI ADD for many pods on one pool at once: serves the calls that need only a free address.';

-- schema/allocation/detach_many_v1.sql
CREATE OR REPLACE FUNCTION detach_many_v1(clusters text[], container_ids text[], interfaces text[], only_nodes text[], reason text,
                               max_wait integer DEFAULT 3000, only_uids text[] DEFAULT NULL)
RETURNS TABLE (ordinal integer, network_id integer, address inet, released boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_sort = off
SET enable_bitmapscan = off
-- The planner does not know the number of calls: use one index look-up for each.
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Ends the attachments of sandboxes' interfaces. The end of the last attachment releases the reservation, unless it is
-- sticky. A call that finds nothing succeeds. An attachment of another node than only_nodes stays, because a
-- container id is not a secret and must not release the address of another node's pod.
#variable_conflict use_column
DECLARE
    -- Not a SET clause: only a superuser may name a parameter of our own there. (And no PERFORM, which is a statement.)
    settings text[] := ARRAY[coalesce(current_setting('rowhouse.command', true), ''),
                             set_config('rowhouse.command', reason, true),
                             set_config('lock_timeout', max_wait::text, true)];
    command text;
    held    record;
    kept    reservations;
    other   attachments;
    gone    integer[];
    spaces  integer[];
    used    inet[];
BEGIN
    -- Before a reservation is looked up: while an isolated pool joins the shared space, its reservations move to another
    -- network, and a row lock that waited for that would find nothing to release.
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    FOR n IN 1 .. coalesce(cardinality(container_ids), 0) LOOP
        -- The reservation is locked first, so that no other call can decide whether this was its last attachment.
        FOR held IN
            SELECT r.network_id, r.address, r.owner_kind
              FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
             WHERE a.cluster = clusters[n] AND a.container_id = container_ids[n] AND a.interface = interfaces[n]
               AND a.node = coalesce(only_nodes[n], a.node)
               AND (only_uids[n] IS NULL OR coalesce(a.pod_uid, r.owner_uid) = only_uids[n])
             ORDER BY a.network_id, a.address FOR UPDATE OF r
        LOOP
            IF held.owner_kind <> 'pod' THEN
                PERFORM record_attachments(held.network_id, held.address, clusters[n], container_ids[n], interfaces[n], only_nodes[n]);
            END IF;
            DELETE FROM attachments a
             WHERE a.cluster = clusters[n] AND a.container_id = container_ids[n] AND a.interface = interfaces[n]
               AND a.network_id = held.network_id AND a.address = held.address AND a.node = coalesce(only_nodes[n], a.node);
            IF FOUND THEN
                gone := gone || n;
                spaces := spaces || held.network_id;
                used := used || held.address::inet;
            END IF;
        END LOOP;
    END LOOP;
    IF cardinality(used) = 1 THEN
        -- The usual case for one address: as for many below, at two thirds of the cost.
        ordinal := gone[1];
        network_id := spaces[1];
        address := used[1];
        DELETE FROM reservations r
         WHERE r.network_id = spaces[1] AND r.address = used[1] AND r.owner_kind = 'pod' AND NOT r.sticky
           AND NOT EXISTS (SELECT FROM attachments a WHERE a.network_id = spaces[1] AND a.address = used[1]);
        released := FOUND;
        RETURN NEXT;
    ELSIF used IS NOT NULL THEN
        -- The usual case, once for all: no other sandbox uses the address, and it is not kept. (Both arrays
        -- narrow the index down; that the pair is one of ours is then a matter of few rows.)
        RETURN QUERY
            WITH freed AS (
                DELETE FROM reservations r
                 WHERE r.network_id = ANY (spaces) AND r.address = ANY (used)
                   AND (SELECT true FROM unnest(spaces, used) AS call (network_id, address)
                         WHERE call.network_id = r.network_id AND call.address = r.address LIMIT 1)
                   AND r.owner_kind = 'pod' AND NOT r.sticky
                   AND (SELECT a.cluster FROM attachments a
                         WHERE a.network_id = r.network_id AND a.address = r.address LIMIT 1) IS NULL
                RETURNING r.network_id, r.address)
            -- Of several calls that ended attachments of one address, the last one released it.
            SELECT call.n, call.network_id, call.address,
                   freed.address IS NOT NULL
                   AND row_number() OVER (PARTITION BY call.network_id, call.address ORDER BY call.n DESC) = 1
              FROM unnest(gone, spaces, used) AS call (n, network_id, address)
              LEFT JOIN freed ON freed.network_id = call.network_id AND freed.address = call.address;
    END IF;
    IF used IS NOT NULL AND released IS NOT true THEN
        FOR kept IN
            SELECT r.* FROM reservations r
             WHERE r.network_id = ANY (spaces) AND r.address = ANY (used)
               AND (SELECT true FROM unnest(spaces, used) AS call (network_id, address)
                     WHERE call.network_id = r.network_id AND call.address = r.address LIMIT 1)
        LOOP
            SELECT * INTO other FROM attachments a
             WHERE a.network_id = kept.network_id AND a.address = kept.address
             ORDER BY a.attached_at DESC LIMIT 1;
            IF FOUND THEN
                UPDATE reservations r SET node = other.node, container_id = other.container_id
                 WHERE r.network_id = kept.network_id AND r.address = kept.address
                   AND (r.node, r.container_id) <> (other.node, other.container_id);
            ELSE
                UPDATE reservations r
                   SET node = '', container_id = '', expires_at = clock_timestamp() + kept.sticky_ttl
                 WHERE r.network_id = kept.network_id AND r.address = kept.address;
            END IF;
        END LOOP;
    END IF;
    command := set_config('rowhouse.command', settings[1], true);
END $$;
COMMENT ON FUNCTION detach_many_v1 IS
    'CNI DEL of many calls at once: ends the attachments of each sandbox''s interface, and releases addresses that no other sandbox uses.';

-- schema/allocation/available_v1.sql
CREATE OR REPLACE FUNCTION available_v1(networks text[], cidrs cidr[], pool_names text[], segment_ranges integer[],
                             segment_firsts inet[], segment_lasts inet[])
RETURNS TABLE (ordinal integer, cidr cidr, available boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_sort = off
SET enable_bitmapscan = off
AS $$
-- For CNI STATUS: which ranges could assign an address now. A pool that does not exist yet is completely free.
#variable_conflict use_column
DECLARE
    pool   pools;
    firsts inet[];
    lasts  inet[];
BEGIN
    FOR range_no IN 1 .. coalesce(cardinality(cidrs), 0) LOOP
        ordinal := range_no;
        IF pool_names[ordinal] IS NULL THEN
            SELECT * INTO pool FROM pools p WHERE p.network_name = networks[ordinal] AND p.cidr = cidrs[ordinal];
            firsts := ARRAY(SELECT segment_firsts[i] FROM generate_subscripts(segment_ranges, 1) AS i
                             WHERE segment_ranges[i] = ordinal ORDER BY i);
            lasts := ARRAY(SELECT segment_lasts[i] FROM generate_subscripts(segment_ranges, 1) AS i
                            WHERE segment_ranges[i] = ordinal ORDER BY i);
            IF pool.window_first IS NOT NULL OR pool.window_last IS NOT NULL THEN
                SELECT s.firsts, s.lasts INTO firsts, lasts FROM clip_segments(pool.window_first, pool.window_last, firsts, lasts) s;
            END IF;
            available := pool.id IS NULL;
        ELSE
            SELECT p.* INTO pool FROM pool_names n JOIN pools p ON p.id = n.pool_id WHERE n.name = pool_names[ordinal];
            IF NOT FOUND THEN
                RAISE EXCEPTION 'there is no pool named "%"', pool_names[ordinal]
                    USING ERRCODE = error_code('invalid_config'), DETAIL = ordinal,
                          HINT = 'Create it with `rowhouse pool create CIDR --name`; `rowhouse pool list` shows the existing pools.';
            END IF;
            SELECT array_agg(w.first_address ORDER BY w.first_address), array_agg(w.last_address ORDER BY w.first_address)
              INTO firsts, lasts FROM pool_window(pool) w;
            available := false;
        END IF;
        cidr := coalesce(pool.cidr, cidrs[ordinal]);
        available := available OR NOT pool.drained AND free_or_due(pool.network_id, firsts, lasts);
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION available_v1 IS 'CNI STATUS: which ranges could assign an address now.';

-- schema/allocation/refuse_withheld.sql
CREATE OR REPLACE FUNCTION refuse_withheld(of_network integer, wanted inet, range_no integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    why text := why_withheld(of_network, wanted);
BEGIN
    RAISE EXCEPTION 'requested address % is %', host(wanted), why
        USING ERRCODE = error_code('address_outside_ranges'),
              DETAIL = jsonb_build_object('range', range_no, 'held_by', why,
                                          'message', 'requested address ' || host(wanted) || ' is not assigned to pods'),
              HINT = 'Request another address. Operators see the reason: `rowhouse explain ' || host(wanted) || '`.';
END $$;
COMMENT ON FUNCTION refuse_withheld IS 'Raises address_outside_ranges: a requested address is excluded, a gateway, or for requests only.';

-- schema/allocation/refuse_request.sql
CREATE OR REPLACE FUNCTION refuse_request(wanted_pool integer, wanted inet, firsts inet[], lasts inet[], range_no integer,
                               cluster text, namespace text, name text, interface text)
RETURNS void
LANGUAGE plpgsql AS $$
-- Raises the reason why a requested address cannot be assigned. Returns if it can be assigned now, or if the same
-- owner has just got it.
DECLARE
    pool    pools;
    holder  reservations;
    held_by text;
BEGIN
    SELECT * INTO pool FROM pools WHERE id = wanted_pool;
    IF is_withheld(pool.network_id, wanted) AND NOT is_on_request(pool.network_id, wanted)
       AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted) THEN
        PERFORM refuse_withheld(pool.network_id, wanted, range_no);
    END IF;
    IF NOT coalesce((SELECT bool_or(wanted BETWEEN f AND l) FROM unnest(firsts, lasts) AS s (f, l)), false) THEN
        RAISE EXCEPTION 'requested address % is outside the window of pool %', host(wanted), pool.cidr
            USING ERRCODE = error_code('address_outside_ranges'), DETAIL = range_no,
                  HINT = 'Request an address inside the window, or widen the window.';
    END IF;
    LOOP
        SELECT * INTO holder FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted;
        EXIT WHEN await_due(pool.network_id, ARRAY[wanted], ARRAY[wanted]);
        EXIT WHEN (holder.pool_id, holder.owner_cluster, holder.owner_namespace, holder.owner_name, holder.owner_interface)
                = (wanted_pool, cluster, namespace, name, interface);
        IF holder.address IS NOT NULL THEN
            held_by := concat_ws('/', nullif(holder.owner_namespace, ''), holder.owner_name)
                || CASE WHEN holder.owner_cluster <> coalesce(cluster, '') AND holder.owner_cluster <> ''
                        THEN ' of cluster "' || holder.owner_cluster || '"' ELSE '' END;
            RAISE EXCEPTION 'requested address % is in use by %', host(wanted), held_by
                USING ERRCODE = error_code('address_taken'),
                      DETAIL = jsonb_build_object('range', range_no, 'held_by', held_by,
                                                  'owners', jsonb_build_array(jsonb_build_array(holder.owner_cluster, holder.owner_namespace)),
                                                  'message', 'requested address ' || host(wanted) || ' is in use'
                                                             || CASE WHEN holder.owner_namespace NOT IN ('', namespace) THEN ' in another namespace' ELSE '' END),
                      HINT = 'Request another address, or have its owner release it. Operators see the owner: `rowhouse explain ' || host(wanted) || '`.';
        END IF;
        IF NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted) THEN
            IF is_on_request(pool.network_id, wanted) THEN
                EXIT WHEN NOT EXISTS (SELECT FROM free_ranges f
                                       WHERE f.network_id = pool.network_id AND f.quarantined AND f.last = wanted);
            ELSIF is_withheld(pool.network_id, wanted) THEN
                PERFORM refuse_withheld(pool.network_id, wanted, range_no);
            END IF;
            RAISE EXCEPTION 'requested address % is in quarantine', host(wanted)
                USING ERRCODE = error_code('address_taken'), DETAIL = range_no,
                      HINT = 'Request another address; `rowhouse explain` shows when this one is free.';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION refuse_request IS 'Raises the reason why a requested address cannot be assigned.';

-- schema/allocation/refuse_exhausted.sql
CREATE OR REPLACE FUNCTION refuse_exhausted(wanted_network integer, wanted cidr, firsts inet[], lasts inet[], range_no integer,
                                 progress text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises pool_exhausted; the message says if the reuse delay is the only reason. "progress" is what a manual reservation could get.
DECLARE
    counted   CONSTANT integer := 1000;
    addresses integer;
    next_free timestamptz;
BEGIN
    SELECT f.free_from INTO next_free FROM free_ranges f
     WHERE f.network_id = wanted_network AND f.quarantined AND NOT is_withheld(f.network_id, f.first)
       AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (first, last) WHERE f.first BETWEEN s.first AND s.last)
     ORDER BY f.free_from LIMIT 1;
    IF FOUND THEN
        -- The cost of a refusal must not grow with the number of quarantined addresses.
        SELECT count(*) INTO addresses FROM (
            SELECT FROM unnest(firsts, lasts) AS s (first, last),
                   LATERAL (SELECT FROM free_ranges f
                             WHERE f.network_id = wanted_network AND f.quarantined AND f.last BETWEEN s.first AND s.last
                             ORDER BY f.last LIMIT counted + 1) AS quarantined
             LIMIT counted + 1) AS first_ones;
        RAISE EXCEPTION 'no free address in pool %: % in quarantine, the next is free at %', concat_ws(': ', wanted::text, progress),
            CASE WHEN addresses > counted THEN 'more than ' || counted ELSE addresses::text END,
            to_char(next_free AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
            USING ERRCODE = error_code('pool_exhausted'), DETAIL = range_no,
                  HINT = 'Wait until then, shorten the reuse delay of the pool or the NAD, or widen the range.';
    END IF;
    IF progress IS NOT NULL THEN
        RAISE EXCEPTION 'no free address in pool %: %', wanted, progress
            USING ERRCODE = error_code('pool_exhausted'), HINT = 'Widen its window, create a pool with a larger CIDR, or release unused addresses.';
    END IF;
    RAISE EXCEPTION 'no free address in pool %', wanted USING ERRCODE = error_code('pool_exhausted'), DETAIL = range_no;
END $$;
COMMENT ON FUNCTION refuse_exhausted IS 'Raises the error that no address of some segments is free.';

-- schema/allocation/refuse_candidates.sql
CREATE OR REPLACE FUNCTION refuse_candidates(of_network integer, firsts inet[], lasts inet[], range_no integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    total   numeric := (SELECT sum(address_count(s.first, s.last)) FROM unnest(firsts, lasts) AS s (first, last));
    taken   text := CASE total WHEN 1 THEN 'the only candidate is taken' ELSE 'all ' || total || ' candidates are taken' END;
    held_by text;
    owners  jsonb;
BEGIN
    SELECT string_agg(concat(host(r.address), ' is in use by ',
                             concat_ws('/', nullif(r.owner_namespace, ''), r.owner_name)), ', ' ORDER BY r.address),
           coalesce(jsonb_agg(DISTINCT jsonb_build_array(r.owner_cluster, r.owner_namespace)), '[]')
      INTO held_by, owners
      FROM (SELECT one.* FROM unnest(firsts, lasts) AS s (first, last)
             CROSS JOIN LATERAL (SELECT * FROM reservations r
                                  WHERE r.network_id = of_network AND r.address BETWEEN s.first AND s.last
                                  ORDER BY r.address LIMIT 3) AS one
             ORDER BY one.address LIMIT 3) AS r;
    held_by := concat(coalesce(held_by, 'quarantined or excluded'), CASE WHEN total > 3 THEN ', …' END);
    RAISE EXCEPTION '%: %', taken, held_by
        USING ERRCODE = error_code('address_taken'),
              DETAIL = jsonb_build_object('range', range_no, 'message', taken, 'held_by', held_by, 'owners', owners),
              HINT = 'Add candidates, or release one of them. Operators see their owners: `rowhouse event list`.';
END $$;
COMMENT ON FUNCTION refuse_candidates(integer, inet[], inet[], integer) IS 'Raises address_taken: every candidate of a range is taken.';

-- schema/allocation/in_named_ranges.sql
CREATE OR REPLACE FUNCTION in_named_ranges(
    of_network integer, cidr cidr, names text[], range_no integer, INOUT firsts inet[], INOUT lasts inet[])
LANGUAGE plpgsql STABLE AS $$
-- Names of the other family only do not limit a range: a call may have ranges of both.
DECLARE
    unknown text;
    found_firsts inet[];
    found_lasts  inet[];
BEGIN
    SELECT n.name INTO unknown FROM unnest(names) AS n (name)
     WHERE NOT EXISTS (SELECT FROM exclusions e WHERE e.network_id = of_network AND e.name = n.name) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the network of % has no range for requests named "%"', cidr, unknown
            USING ERRCODE = error_code('invalid_config'), DETAIL = range_no,
                  HINT = 'Create it with `rowhouse exclusion create --requests-only --name`; `rowhouse exclusion list` shows the existing ones.';
    END IF;
    IF NOT EXISTS (SELECT FROM exclusions e
                    WHERE e.network_id = of_network AND e.name = ANY (names) AND family(e.first) = family(cidr)) THEN
        RETURN;
    END IF;
    SELECT array_agg(greatest(s.first, e.first)::inet ORDER BY e.first), array_agg(least(s.last, e.last)::inet ORDER BY e.first)
      INTO found_firsts, found_lasts
      FROM unnest(firsts, lasts) AS s (first, last)
      JOIN exclusions e ON e.network_id = of_network AND e.name = ANY (names) AND e.last >= s.first AND e.first <= s.last;
    IF found_firsts IS NULL THEN
        RAISE EXCEPTION 'no address named % is in the range of %', array_to_string(names, ' or '), cidr
            USING ERRCODE = error_code('address_outside_ranges'), DETAIL = range_no,
                  HINT = 'Name a range for requests inside it: `rowhouse exclusion list` shows them.';
    END IF;
    firsts := found_firsts;
    lasts := found_lasts;
END $$;
COMMENT ON FUNCTION in_named_ranges IS 'The parts of some segments that are in ranges for requests with one of some names.';

-- schema/allocation/refuse_foreign_pool.sql
CREATE OR REPLACE FUNCTION refuse_foreign_pool(of_network integer, of_pool integer, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- The allocator takes an address from its own pool; a user may mistype the pool.
BEGIN
    IF NOT EXISTS (SELECT FROM pools WHERE id = of_pool AND network_id = of_network AND wanted <<= cidr) THEN
        RAISE EXCEPTION 'pool_id % is not a pool of network % that contains %', of_pool, of_network, host(wanted)
            USING ERRCODE = 'foreign_key_violation';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_foreign_pool(integer, integer, inet) IS 'Raises an error unless a pool of a network contains an address.';

-- schema/allocation/check_quotas.sql
CREATE OR REPLACE FUNCTION check_quotas(holder text, of_pool integer) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises quota_exceeded if a namespace holds more than its quota. Locks the row of the quota, so that two allocations
-- cannot both take its last address.
DECLARE
    quota quotas;
BEGIN
    FOR quota IN
        SELECT * FROM quotas q WHERE q.namespace = holder
           AND (q.pool_id IS NULL OR q.pool_id = of_pool) ORDER BY q.id FOR NO KEY UPDATE
    LOOP
        IF (SELECT count(*) FROM (
                SELECT FROM reservations r
                 WHERE r.owner_namespace = quota.namespace AND (quota.pool_id IS NULL OR r.pool_id = quota.pool_id)
                 LIMIT quota.addresses + 1) AS counted) > quota.addresses THEN
            RAISE EXCEPTION 'namespace "%" may hold %', quota.namespace,
                            concat(quota.addresses, CASE quota.addresses WHEN 1 THEN ' address' ELSE ' addresses' END,
                                   (SELECT ' in pool ' || p.cidr FROM pools p WHERE p.id = quota.pool_id))
                USING ERRCODE = error_code('quota_exceeded'), HINT = 'Raise the quota, or release unused addresses.';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION check_quotas(text, integer) IS 'Raises quota_exceeded if a namespace holds more addresses of a pool than its quota allows.';

-- schema/allocation/is_careful.sql
CREATE OR REPLACE FUNCTION is_careful() RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce(current_setting('rowhouse.careful', true), '') = 'on';
COMMENT ON FUNCTION is_careful() IS
    'Whether the call is a repetition that corrects history and free space first, because they refused it.';

-- schema/allocation/is_forced.sql
CREATE OR REPLACE FUNCTION is_forced() RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce(current_setting('rowhouse.force', true), '') = 'on';
COMMENT ON FUNCTION is_forced() IS
    'Whether the caller forces a change that affects running sandboxes or takes a gateway: SET rowhouse.force = ''on''.';

-- schema/allocation/refuse_attached.sql
CREATE OR REPLACE FUNCTION refuse_attached(change text, of_network integer, firsts inet[], lasts inet[], of_pool integer DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql AS $$
-- Raises in_the_way if a sandbox uses an address of these segments (of one pool, or of any), unless the change is forced.
DECLARE
    used    bigint;
    example text;
BEGIN
    IF is_forced() THEN
        RETURN;
    END IF;
    SELECT count(*), (array_agg(concat(host(r.address), ' (', nullif(r.owner_namespace, '') || '/', r.owner_name, ' on node ',
                                       coalesce(nullif(r.node, ''), 'unknown'), ')') ORDER BY r.address))[1]
      INTO used, example
      FROM unnest(firsts, lasts) AS s (first, last)
      JOIN reservations r ON r.network_id = of_network AND r.address BETWEEN s.first AND s.last
     WHERE (of_pool IS NULL OR r.pool_id = of_pool)
       AND EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address);
    IF used > 0 THEN
        RAISE EXCEPTION '% affects % that running sandboxes use: %', change,
                        CASE used WHEN 1 THEN '1 address' ELSE used || ' addresses' END,
                        example || CASE WHEN used > 1 THEN ', …' ELSE '' END
            USING ERRCODE = error_code('in_the_way'), HINT = 'Delete these pods first, or pass `force`.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_attached IS 'Raises in_the_way if a change affects addresses that running sandboxes use, unless it is forced.';

-- schema/allocation/reservation_made.sql
CREATE OR REPLACE FUNCTION reservation_made() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Once for all rows of a statement, so that several addresses cost little more than one.
DECLARE
    run        record;
    free_since timestamptz;
    is_limited boolean;
BEGIN
    -- The usual ADD opens the tenure in the statement that makes the reservation, and takes the address out of the free
    -- space next: all that is to be done for a plain pool. (A manual INSERT is always handled here.)
    IF current_reason() = 'ADD' AND NOT EXISTS (SELECT FROM made m WHERE (SELECT t.id FROM tenures t WHERE t.id = m.tenure_id) IS NULL) THEN
        RETURN NULL;
    END IF;
    -- An ADD relies on free_from, and is repeated in careful mode if the history refuses it. All others check first.
    IF current_reason() <> 'ADD' OR is_careful() THEN
        PERFORM settle_tenures(m.network_id, m.address, clock_timestamp())
           FROM made m
          CROSS JOIN LATERAL (SELECT FROM tenures_of(m.network_id, m.address) t
                               WHERE t.during && tstzrange(clock_timestamp(), NULL) LIMIT 1) AS in_the_way;
    END IF;
    -- The usual case in one statement: the first addresses of a run that ends within its block of 64.
    -- (Distinct addresses of one family: the sum cannot leave it.) The clock is read after the run is
    -- locked: now() may lie before the previous owner's end.
    WITH given AS (
        SELECT min(network_id) AS network_id, min(address) AS first, max(address) AS last
          FROM made
        HAVING min(network_id) = max(network_id)
           AND CASE WHEN family(min(address)) = family(max(address))
                    THEN min(address) + (count(*) - 1) = max(address) END),
    taken AS (
        UPDATE free_ranges f SET first = given.last + 1 FROM given
         WHERE f.network_id = given.network_id AND NOT f.quarantined AND f.first = given.first
           AND f.last > given.last AND f.last <= last_address(block_of(given.last))
           AND f.free_from <= clock_timestamp()
        RETURNING f.last),
    opened AS (
        INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                             owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
        SELECT m.tenure_id, m.network_id, m.address, m.pool_id,
               tstzrange(clock_timestamp(), NULL), m.owner_kind,
               m.owner_cluster, m.owner_namespace, m.owner_name, m.owner_interface, m.owner_uid,
               m.node, m.container_id, current_actor(), current_reason()
          FROM taken, made m)
    SELECT EXISTS (SELECT FROM quotas) INTO is_limited FROM taken;
    IF NOT FOUND THEN
        is_limited := EXISTS (SELECT FROM quotas);
        FOR run IN
            SELECT m.network_id, min(m.address) AS first, max(m.address) AS last
              FROM (SELECT l.network_id, l.address,
                           count(*) FILTER (WHERE l.previous IS NULL OR CASE WHEN family(l.previous) = family(l.address)
                                                                             THEN l.previous + 1 <> l.address ELSE true END)
                           OVER (PARTITION BY l.network_id ORDER BY l.address) AS number
                      FROM (SELECT made.network_id, made.address,
                                   lag(made.address) OVER (PARTITION BY made.network_id ORDER BY made.address) AS previous
                              FROM made) AS l) AS m
             GROUP BY m.network_id, m.number ORDER BY m.network_id, first
        LOOP
            PERFORM admit_gateways(run.network_id, run.first, run.last);
            PERFORM admit_requested(run.network_id, run.first, run.last);
            free_since := take_run(run.network_id, run.first, run.last);
            IF free_since > clock_timestamp() THEN
                -- The clock was set back since a previous owner left.
                PERFORM settle_tenures(m.network_id, m.address, clock_timestamp())
                   FROM made m WHERE m.network_id = run.network_id AND m.address BETWEEN run.first AND run.last;
            END IF;
            INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                                 owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
            SELECT m.tenure_id, m.network_id, m.address, m.pool_id,
                   tstzrange(clock_timestamp(), NULL), m.owner_kind,
                   m.owner_cluster, m.owner_namespace, m.owner_name, m.owner_interface, m.owner_uid,
                   m.node, m.container_id, current_actor(), current_reason()
              FROM made m WHERE m.network_id = run.network_id AND m.address BETWEEN run.first AND run.last;
        END LOOP;
    END IF;
    IF EXISTS (SELECT FROM made m WHERE m.slot > 0) THEN
        DELETE FROM plain_pools c WHERE c.pool_id IN (SELECT m.pool_id FROM made m WHERE m.slot > 0);
    END IF;
    IF is_limited THEN
        PERFORM check_quotas(m.owner_namespace, m.pool_id) FROM (SELECT DISTINCT owner_namespace, pool_id FROM made) AS m;
    END IF;
    IF current_reason() = 'SQL' THEN
        PERFORM refuse_foreign_pool(m.network_id, m.pool_id, m.address) FROM made m;
        PERFORM record_changes('reservation.create', NULL, array_agg(b.after ORDER BY b.number))
           FROM (SELECT to_jsonb(m) AS after, m.network_id, m.owner_cluster,
                        row_number() OVER (PARTITION BY m.network_id, m.owner_cluster ORDER BY m.address) - 1 AS number
                   FROM made m) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION reservation_made() IS 'Trigger: updates free space, history and audit log for new reservations.';

-- schema/allocation/reservation_released.sql
CREATE OR REPLACE FUNCTION reservation_released() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Once for all rows of a statement.
DECLARE
    released record;
    is_free  boolean;
    moment   timestamptz := clock_timestamp();
    by_hand  boolean := current_reason() = 'SQL';
    run      free_ranges; -- addresses that follow each other, not yet in the free space
BEGIN
    FOR released IN
        -- An open tenure that becomes shorter meets no other one.
        WITH closed AS (
            UPDATE tenures t
               SET during = tstzrange(lower(t.during), moment), ended_by = current_actor(), end_reason = current_reason()
             -- (an array, because a transition table has no statistics, and a join with it may read all tenures)
             WHERE t.id = ANY (ARRAY(SELECT g.tenure_id FROM gone g))
               AND upper_inf(t.during) AND lower(t.during) < moment
            RETURNING t.id)
        -- (For the others, the clock was set back or the tenure was removed: a release succeeds anyway.)
        SELECT g.network_id, g.address, closed.id IS NOT NULL AS is_closed, is_careful() AS is_careful,
               greatest((SELECT p.reuse_delay FROM pools p WHERE p.id = g.pool_id), g.reuse_delay) AS delay,
               owner_key(g.owner_cluster, g.owner_namespace, g.owner_name, g.owner_interface) AS owner
          FROM gone g LEFT JOIN closed ON closed.id = g.tenure_id
         ORDER BY g.network_id, g.address
    LOOP
        IF NOT released.is_closed THEN
            PERFORM settle_tenures(released.network_id, released.address, moment);
        END IF;
        IF by_hand AND NOT released.is_careful AND coalesce(released.delay, '0') = '0' THEN
            -- A statement may release 100,000 addresses: neighbors return as one run, because each single return would read
            -- the dead rows of all earlier ones in this transaction.
            CONTINUE WHEN is_withheld(released.network_id, released.address);
            IF run.last IS NULL OR run.network_id <> released.network_id OR family(run.last) <> family(released.address)
               OR run.last + 1 <> released.address THEN
                IF run.last IS NOT NULL THEN
                    PERFORM free_run(run.network_id, run.first, run.last, moment);
                END IF;
                run.network_id := released.network_id;
                run.first := released.address;
            END IF;
            run.last := released.address;
        ELSIF NOT released.is_careful THEN
            -- (An assignment, because PERFORM would be another statement.)
            is_free := give_back(released.network_id, released.address, moment, released.delay, released.owner);
        ELSE
            BEGIN
                PERFORM give_back(released.network_id, released.address, moment, released.delay, released.owner);
            EXCEPTION WHEN integrity_constraint_violation THEN
                -- A release succeeds even if the free space is damaged: integrity_problems has the address.
                PERFORM record_change('free_range.refuse', host(released.address), NULL, jsonb_build_object('error', SQLERRM));
            END;
        END IF;
    END LOOP;
    IF run.last IS NOT NULL THEN
        PERFORM free_run(run.network_id, run.first, run.last, moment);
    END IF;
    IF by_hand THEN
        PERFORM record_changes('reservation.delete', array_agg(b.before ORDER BY b.number), NULL)
           FROM (SELECT to_jsonb(g) AS before, g.network_id, g.owner_cluster,
                        row_number() OVER (PARTITION BY g.network_id, g.owner_cluster ORDER BY g.address) - 1 AS number
                   FROM gone g) AS b
          GROUP BY b.network_id, b.owner_cluster, b.number / 1000;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION reservation_released() IS 'Trigger: updates free space, history and audit log for deleted reservations.';

-- schema/allocation/reservation_changed.sql
CREATE OR REPLACE FUNCTION reservation_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A change of owner or address starts another tenure; so does a change of sandbox, but not for an owner that outlives its
-- sandboxes: past_attachments has those.
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF current_reason() = 'SQL'
       AND (NEW.network_id, NEW.address, NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface)
           <> (OLD.network_id, OLD.address, OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface) THEN
        PERFORM refuse_attached('the change of ' || host(OLD.address), OLD.network_id, ARRAY[OLD.address]::inet[], ARRAY[OLD.address]::inet[]);
        IF (NEW.network_id, NEW.address) = (OLD.network_id, OLD.address) THEN
            -- The old owner's sandboxes no longer use it. (The audit log has the change of owner, not each of them.)
            PERFORM set_config('rowhouse.command', 'FORCE', true);
            DELETE FROM attachments a WHERE a.network_id = OLD.network_id AND a.address = OLD.address;
            PERFORM set_config('rowhouse.command', '', true);
            NEW.node := '';
            NEW.container_id := '';
        END IF;
    END IF;
    IF NEW.owner_kind = 'workload' AND NEW.container_id NOT IN ('', OLD.container_id) THEN
        PERFORM refuse_second_sandbox(NEW.network_id, NEW.address, NEW.owner_kind, NEW.owner_namespace, NEW.owner_name, NEW.container_id, NEW.node,
                                      NEW.owner_uid, 1);
    END IF;
    IF (NEW.network_id, NEW.address, NEW.pool_id, NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name,
        NEW.owner_interface)
       IS DISTINCT FROM
       (OLD.network_id, OLD.address, OLD.pool_id, OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name,
        OLD.owner_interface)
       OR NEW.owner_kind IN ('pod', 'static')
          AND (NEW.owner_uid, NEW.node, NEW.container_id) IS DISTINCT FROM (OLD.owner_uid, OLD.node, OLD.container_id)
       OR NOT EXISTS (SELECT FROM tenures t WHERE t.id = OLD.tenure_id AND upper_inf(t.during)
                         AND t.network_id = OLD.network_id AND t.address = OLD.address) THEN
        UPDATE tenures
           SET during = tstzrange(lower(during), moment), ended_by = current_actor(), end_reason = current_reason()
         WHERE id = OLD.tenure_id AND network_id = OLD.network_id AND address = OLD.address
           AND upper_inf(during) AND lower(during) < moment;
        IF NOT FOUND THEN
            -- The clock was set back, or the tenure no longer exists: the change succeeds anyway.
            PERFORM settle_tenures(OLD.network_id, OLD.address, moment);
        END IF;
        NEW.tenure_id := nextval('tenures_id_seq');
        IF (NEW.network_id, NEW.address) <> (OLD.network_id, OLD.address) THEN
            PERFORM admit_gateways(NEW.network_id, NEW.address, NEW.address);
            PERFORM admit_requested(NEW.network_id, NEW.address, NEW.address);
            PERFORM take_run(NEW.network_id, NEW.address, NEW.address);
            moment := clock_timestamp();
            PERFORM settle_tenures(NEW.network_id, NEW.address, moment);
        END IF;
        INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                             owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
        VALUES (NEW.tenure_id, NEW.network_id, NEW.address, NEW.pool_id, tstzrange(moment, NULL), NEW.owner_kind,
                NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface, NEW.owner_uid,
                NEW.node, NEW.container_id, current_actor(), current_reason());
    ELSIF (NEW.owner_uid, NEW.node, NEW.container_id) IS DISTINCT FROM (OLD.owner_uid, OLD.node, OLD.container_id) THEN
        UPDATE tenures SET owner_uid = NEW.owner_uid, node = NEW.node, container_id = NEW.container_id WHERE id = NEW.tenure_id;
    END IF;
    IF NEW.slot > 0 AND (NEW.slot, NEW.pool_id) <> (OLD.slot, OLD.pool_id) THEN
        DELETE FROM plain_pools c WHERE c.pool_id = NEW.pool_id;
    END IF;
    IF current_reason() = 'SQL' THEN
        PERFORM refuse_foreign_pool(NEW.network_id, NEW.pool_id, NEW.address);
        PERFORM record_change(CASE WHEN (NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface)
                                         <> (OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface)
                                   THEN 'reservation.reassign' ELSE 'reservation.update' END,
                              host(OLD.address), to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION reservation_changed() IS 'Trigger: updates history and audit log after a change of a reservation.';

-- schema/allocation/reservation_moved.sql
CREATE OR REPLACE FUNCTION reservation_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Frees the old address of a moved reservation, as a release does.
BEGIN
    PERFORM give_back(OLD.network_id, OLD.address, clock_timestamp(),
                      (SELECT greatest(p.reuse_delay, OLD.reuse_delay) FROM pools p WHERE p.id = OLD.pool_id),
                      owner_key(OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION reservation_moved() IS 'Trigger: returns the old address of a moved reservation to the free space.';

-- schema/administration/current_reservations.sql
DROP VIEW stale_reservations;
CREATE OR REPLACE VIEW current_reservations AS
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

-- schema/administration/stale_reservations.sql
CREATE OR REPLACE VIEW stale_reservations AS
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

-- schema/administration/explain_address.sql
CREATE OR REPLACE FUNCTION explain_address(wanted_network text, wanted inet, of_space integer DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Why an address is assigned or not: its state, and what in the database makes it so. The pool that explains it is its
-- reservation's own, or else the smallest that holds it. What one pool's window leaves out another may assign.
-- of_space: the id of one of the networks of this name, where isolated pools have several.
DECLARE
    pool     pools;
    giver    pools;
    held     current_reservations;
    run      free_ranges;
    keeper   owner_objects;
    earlier  address_history;
    facts    jsonb := jsonb_build_object('network', wanted_network, 'address', host(wanted));
BEGIN
    wanted := set_masklen(wanted, CASE family(wanted) WHEN 4 THEN 32 ELSE 128 END);
    SELECT p.* INTO pool FROM pools p
      LEFT JOIN reservations r ON r.network_id = p.network_id AND r.address = wanted
     WHERE p.network_name = wanted_network AND p.cidr >>= wanted AND p.network_id = coalesce(of_space, p.network_id)
     ORDER BY coalesce(r.pool_id = p.id, false) DESC, r.pool_id IS NOT NULL DESC, masklen(p.cidr) DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN facts || jsonb_build_object('state', 'unknown', 'because', 'no pool of this network holds the address');
    END IF;
    SELECT p.* INTO giver FROM pools p
     WHERE p.network_id = pool.network_id AND p.cidr >>= wanted
       AND EXISTS (SELECT FROM pool_window(p) w WHERE wanted BETWEEN w.first_address AND w.last_address)
     ORDER BY p.drained, p.id = pool.id DESC, masklen(p.cidr) DESC LIMIT 1;
    facts := facts || jsonb_build_object('pool', pool.cidr, 'pool_name', pool.name, 'drained', pool.drained,
        'is_gateway', EXISTS (SELECT FROM gateways g WHERE g.network_id = pool.network_id AND g.address = wanted),
        'in_window', EXISTS (SELECT FROM pool_window(pool) w WHERE wanted BETWEEN w.first_address AND w.last_address));
    SELECT * INTO earlier FROM address_history h
     WHERE h.network_id = pool.network_id AND h.address = wanted AND h.held_until IS NOT NULL
     ORDER BY h.held_from DESC LIMIT 1;
    IF FOUND THEN
        facts := facts || jsonb_build_object('last_owner', earlier.namespace || '/' || earlier.name,
            'last_released', earlier.held_until, 'last_end_reason', earlier.end_reason);
    END IF;
    SELECT * INTO held FROM current_reservations c WHERE c.network_id = pool.network_id AND c.address = wanted;
    IF FOUND THEN
        SELECT * INTO keeper FROM owner_objects o
         WHERE o.cluster = held.cluster AND o.owner_kind = held.owner_kind AND o.namespace = held.namespace AND o.name = held.name;
        RETURN facts || jsonb_build_object('state', CASE WHEN held.attachments > 0 THEN 'in use' ELSE 'reserved' END,
            'because', concat(CASE WHEN held.attachments > 0 THEN concat('sandbox ', coalesce(nullif(held.container_id, ''), '(not known yet)'), ' on node ',
                                               coalesce(nullif(held.node, ''), '(not known yet)'), ' uses it')
                                   WHEN keeper.object_name IS NOT NULL AND held.expires_at IS NULL
                                   THEN concat('kept while ', keeper.object_kind, ' ', held.namespace, '/', keeper.object_name, ' exists')
                                   WHEN held.expires_at IS NOT NULL THEN 'kept for its owner until ' || held.expires_at
                                   ELSE 'kept for its owner until it is released' END,
                              '; it is also ' || why_withheld(pool.network_id, wanted)),
            'owner', held.namespace || '/' || held.name, 'owner_kind', held.owner_kind, 'interface', held.interface, 'cluster', held.cluster, 'since', held.reserved_at,
            'description', held.description, 'mac', held.mac);
    END IF;
    IF is_on_request(pool.network_id, wanted)
       AND NOT EXISTS (SELECT FROM free_ranges f
                        WHERE f.network_id = pool.network_id AND f.quarantined AND f.last = wanted) THEN
        RETURN facts || jsonb_build_object('state', 'on request',
            'because', 'assigned only to a call that requests it: it is ' || why_withheld(pool.network_id, wanted));
    END IF;
    IF is_withheld(pool.network_id, wanted) AND NOT is_on_request(pool.network_id, wanted) THEN
        RETURN facts || jsonb_build_object('state', CASE WHEN EXISTS (SELECT FROM exclusions e WHERE e.network_id = pool.network_id AND e.first <= wanted AND e.last >= wanted
                                                                              AND NOT e.requests_only) THEN 'excluded' ELSE 'gateway' END,
            'because', 'never assigned: it is ' || why_withheld(pool.network_id, wanted));
    END IF;
    IF giver.id IS NULL THEN
        RETURN facts || jsonb_build_object('state', 'outside', 'because',
            CASE WHEN wanted < first_usable(pool.cidr)
                 THEN 'never assigned: it is the network address of the pool (unless the network configuration has use_all)'
                 WHEN wanted > last_usable(pool.cidr)
                 THEN 'never assigned: it is the ' || CASE family(wanted) WHEN 4 THEN 'broadcast' ELSE 'last' END
                      || ' address of the pool (unless the network configuration has use_all)'
                 ELSE 'never assigned: it is outside the window of the pool' END);
    END IF;
    SELECT * INTO run FROM free_ranges f
     WHERE f.network_id = pool.network_id AND f.first <= wanted AND f.last >= wanted LIMIT 1;
    IF run.quarantined THEN
        RETURN facts || jsonb_build_object('state', 'quarantined', 'because', 'released; reused from ' || run.free_from || ' on');
    END IF;
    RETURN facts || jsonb_build_object('state', 'free', 'because',
        CASE WHEN giver.drained THEN 'free, but the pool is drained'
             WHEN giver.id <> pool.id AND (facts->>'in_window')::boolean
             THEN 'free; pool ' || pool.cidr || ' is drained, assigned by pool ' || giver.cidr
             WHEN giver.id <> pool.id THEN 'free; outside the window of pool ' || pool.cidr || ', assigned by pool ' || giver.cidr
             ELSE (SELECT CASE count(*) WHEN 0 THEN 'free; no free range of the pool comes before it'
                                        WHEN 1 THEN 'free; 1 free range of the pool comes before it'
                                        ELSE 'free; ' || count(*) || ' free ranges of the pool come before it' END
                     FROM free_ranges f
                    WHERE f.network_id = pool.network_id AND NOT f.quarantined AND f.last < wanted
                      AND f.last >= first_address(pool.cidr)
                      AND EXISTS (SELECT FROM pool_window(pool) w WHERE f.last >= w.first_address AND f.first <= w.last_address)) END);
END $$;
COMMENT ON FUNCTION explain_address(text, inet, integer) IS 'Why an address is assigned or not.';

-- schema/administration/reserve_v2.sql
-- Errors: pool_exhausted, address_taken, address_outside_ranges, not_found, in_the_way, invalid_config.

CREATE OR REPLACE FUNCTION reserve_v2(
    actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer,
    kind owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text,
    force boolean DEFAULT false, new_labels jsonb DEFAULT NULL)
RETURNS TABLE (network_id integer, address inet)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
AS $$
-- Reserves the given addresses, or (wanted NULL) the lowest free ones, all or nothing. Manual reservations stay until
-- they are released or expire. A pod of that name gets them with its ADD. Gateways, network and broadcast addresses
-- need force.
#variable_conflict use_column
DECLARE
    pool    pools;
    firsts  inet[];
    lasts   inet[];
    slot_no integer;
    made    reservations;
    previous_force text := coalesce(current_setting('rowhouse.force', true), '');
BEGIN
    PERFORM refuse_owner(kind, cluster, namespace, interface);
    PERFORM act_as(actor, request_id), set_config('rowhouse.command', 'API', true),
            set_config('rowhouse.force', CASE WHEN force THEN 'on' ELSE '' END, true);
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    SELECT * INTO pool FROM pools p WHERE p.id = wanted_pool;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no pool %', wanted_pool
            USING ERRCODE = error_code('not_found'), HINT = '`rowhouse pool list` lists the existing ones.';
    END IF;
    SELECT array_agg(w.first_address ORDER BY w.first_address), array_agg(w.last_address ORDER BY w.first_address)
      INTO firsts, lasts FROM pool_window(pool) w;
    PERFORM release_expired(pool.network_id, 1000);
    PERFORM end_quarantines(pool.network_id, 1000);
    FOR i IN 1 .. coalesce(cardinality(wanted), how_many) LOOP
        LOOP
            IF wanted IS NOT NULL THEN
                IF NOT wanted[i] <<= pool.cidr THEN
                    RAISE EXCEPTION 'address % is outside pool %', host(wanted[i]), pool.cidr
                        USING ERRCODE = error_code('address_outside_ranges'), HINT = 'Request an address of this pool, or use the pool that contains it.';
                END IF;
                IF NOT force THEN
                    PERFORM refuse_special(pool, wanted[i]);
                END IF;
                IF force AND is_withheld(pool.network_id, wanted[i]) AND NOT is_on_request(pool.network_id, wanted[i])
                   AND NOT is_kept_out(pool.network_id, wanted[i]) THEN
                    -- A gateway: admit_gateways() lets the reservation take it, and the network is locked for that first.
                    PERFORM FROM networks n WHERE n.id = pool.network_id FOR NO KEY UPDATE;
                    CONTINUE WHEN NOT is_withheld(pool.network_id, wanted[i]);
                    PERFORM refuse_taken(pool.network_id, wanted[i], i);
                    PERFORM refuse_quarantined(pool.network_id, wanted[i], i);
                    address := wanted[i];
                ELSE
                    PERFORM refuse_request(pool.id, wanted[i], ARRAY[first_address(pool.cidr)], ARRAY[last_address(pool.cidr)], i,
                                           NULL, NULL, NULL, NULL);
                    address := CASE WHEN is_on_request(pool.network_id, wanted[i]) THEN wanted[i]
                                    ELSE (claim_addresses(pool.network_id, ARRAY[wanted[i]], ARRAY[wanted[i]], 1))[1] END;
                    CONTINUE WHEN address IS NULL;
                END IF;
            ELSE
                IF pool.drained THEN
                    RAISE EXCEPTION 'pool % is drained and assigns no new addresses', pool.cidr
                        USING ERRCODE = error_code('pool_exhausted'), HINT = '`rowhouse pool undrain` lets it assign addresses again.';
                END IF;
                address := (claim_addresses(pool.network_id, firsts, lasts, 1))[1];
                IF address IS NULL THEN
                    CONTINUE WHEN await_due(pool.network_id, firsts, lasts);
                    PERFORM refuse_exhausted(pool.network_id, pool.cidr, firsts, lasts, i, i - 1 || ' of ' || how_many || ' could be had');
                END IF;
            END IF;
            SELECT coalesce(max(r.slot) + 1, 0) INTO slot_no FROM reservations r
             WHERE r.owner_namespace = namespace AND r.owner_name = name AND r.pool_id = pool.id
               AND r.owner_interface = interface AND r.owner_cluster = cluster;
            INSERT INTO reservations AS r (network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name,
                                           owner_interface, slot, sticky, sticky_ttl, policy_source, expires_at, description, labels)
            VALUES (pool.network_id, address, pool.id, kind, cluster, namespace, name, interface, slot_no, true, ttl,
                    'operator', clock_timestamp() + ttl, why, nullif(new_labels, '{}'))
            ON CONFLICT DO NOTHING RETURNING r.* INTO made;
            EXIT WHEN FOUND;
            PERFORM withdraw_reserved(pool.network_id, address);
        END LOOP;
        PERFORM record_change('reservation.create', host(made.address), NULL, to_jsonb(made));
        network_id := pool.network_id;
        RETURN NEXT;
    END LOOP;
    PERFORM set_config('rowhouse.force', previous_force, true);
END $$;
COMMENT ON FUNCTION reserve_v2 IS 'Reserves addresses manually, with labels: given ones, or the lowest free ones; all or nothing.';

-- schema/administration/reserve_v1.sql
-- Errors: pool_exhausted, address_taken, address_outside_ranges, not_found, in_the_way.

CREATE OR REPLACE FUNCTION reserve_v1(
    actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer,
    kind owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text,
    force boolean DEFAULT false)
RETURNS TABLE (network_id integer, address inet)
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
    SELECT * FROM reserve_v2($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
$$;
COMMENT ON FUNCTION reserve_v1 IS 'Reserves addresses manually, as reserve_v2: for servers of the release before it.';

-- schema/administration/release_v1.sql
CREATE OR REPLACE FUNCTION release_v1(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean)
RETURNS SETOF reservations
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Releases one reservation; one that a sandbox uses only if even_attached.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    held    reservations;
    used    attachments;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'address % is not reserved', host(wanted)
            USING ERRCODE = error_code('not_found'), HINT = '`rowhouse explain` shows its state.';
    END IF;
    SELECT * INTO used FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted LIMIT 1;
    IF FOUND AND NOT even_attached THEN
        RAISE EXCEPTION 'address % is in use by sandbox % on node %', host(wanted), used.container_id, used.node
            USING ERRCODE = error_code('in_the_way'),
                  HINT = 'A running pod would keep using it. Delete the pod, or pass `force` if the sandbox is gone.';
    END IF;
    PERFORM record_attachments(wanted_network, wanted);
    DELETE FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted;
    PERFORM record_change('reservation.delete', host(wanted), to_jsonb(held), NULL);
    RETURN NEXT held;
END $$;
COMMENT ON FUNCTION release_v1 IS 'Releases one reservation.';

-- schema/administration/release_v2.sql
-- The address may get another owner after a page was loaded and before the user clicks.

CREATE OR REPLACE FUNCTION release_v2(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean,
                           expected_tenure bigint)
RETURNS SETOF reservations
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- As release_v1; raises outdated unless the tenure is the expected one (NULL: any).
DECLARE
    held reservations;
BEGIN
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF FOUND AND held.tenure_id <> expected_tenure THEN
        RAISE EXCEPTION 'address % now has another owner: %', host(wanted),
            concat_ws('/', nullif(held.owner_namespace, ''), held.owner_name)
            USING ERRCODE = error_code('outdated'), HINT = 'Check the new owner, and release the address again if that is still right.';
    END IF;
    RETURN QUERY SELECT * FROM release_v1(actor, request_id, wanted_network, wanted, even_attached);
END $$;
COMMENT ON FUNCTION release_v2 IS 'Releases one reservation, unless it has another tenure than the caller has seen.';

-- schema/administration/reassign_v1.sql
CREATE OR REPLACE FUNCTION reassign_v1(actor text, request_id text, wanted_network integer, wanted inet,
                            kind owner_kind, cluster text, namespace text, name text, interface text,
                            force boolean DEFAULT false)
RETURNS SETOF reservations
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Gives a reservation to another owner; the history shows both. It becomes a manual one, and stays until it is released.
-- If a sandbox uses it, this needs force, and ends its attachments: the sandbox's DEL then changes nothing.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    held    reservations;
    made    reservations;
    used    attachments;
    slot_no integer;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'address % is not reserved', host(wanted)
            USING ERRCODE = error_code('not_found'), HINT = '`rowhouse explain` shows its state.';
    END IF;
    SELECT * INTO used FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted LIMIT 1;
    IF FOUND AND NOT force THEN
        RAISE EXCEPTION 'address % is in use by sandbox % on node %', host(wanted), used.container_id, used.node
            USING ERRCODE = error_code('in_the_way'),
                  HINT = 'A running pod would keep using it. Delete the pod, or pass `force` if the sandbox is gone.';
    END IF;
    PERFORM record_attachments(wanted_network, wanted);
    DELETE FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted;
    SELECT coalesce(max(r.slot) + 1, 0) INTO slot_no FROM reservations r
     WHERE r.owner_namespace = namespace AND r.owner_name = name AND r.pool_id = held.pool_id
       AND r.owner_interface = interface AND r.owner_cluster = cluster;
    UPDATE reservations r
       SET owner_kind = kind, owner_cluster = cluster, owner_namespace = namespace, owner_name = name,
           owner_interface = interface, owner_uid = NULL, slot = slot_no, node = '', container_id = '',
           policy_source = 'operator', sticky = true, sticky_ttl = NULL, expires_at = NULL
     WHERE r.network_id = wanted_network AND r.address = wanted
    RETURNING r.* INTO made;
    PERFORM check_quotas(made.owner_namespace, made.pool_id);
    PERFORM record_change('reservation.reassign', host(wanted), to_jsonb(held), to_jsonb(made));
    RETURN NEXT made;
END $$;
COMMENT ON FUNCTION reassign_v1 IS 'Gives a reservation to another owner.';

-- schema/administration/edit_v1.sql
CREATE OR REPLACE FUNCTION edit_v1(actor text, request_id text, wanted_network integer, wanted inet, new_description text,
                        changes_ttl boolean, new_ttl interval, new_labels jsonb DEFAULT NULL,
                        label_changes jsonb DEFAULT NULL)
RETURNS SETOF reservations
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Changes what an operator may change of a reservation while its owner keeps it: the description and the labels (NULL: as
-- they are), and with changes_ttl how long it stays without a sandbox (NULL: until it is released). It is then a manual reservation.
-- label_changes sets single labels, or removes them (null); the others stay, so two callers do not undo each other.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    held    reservations;
    made    reservations;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'address % is not reserved', host(wanted)
            USING ERRCODE = error_code('not_found'), HINT = '`rowhouse explain` shows its state.';
    END IF;
    made := held;
    made.description := coalesce(new_description, held.description);
    made.labels := nullif(jsonb_strip_nulls(coalesce(new_labels, held.labels, '{}') || coalesce(label_changes, '{}')), '{}');
    IF (SELECT count(*) FROM jsonb_object_keys(made.labels)) > 64 THEN
        RAISE EXCEPTION 'the reservation of % would have more than 64 labels', host(wanted)
            USING ERRCODE = error_code('in_the_way'), HINT = 'Remove labels that it no longer needs.';
    END IF;
    IF changes_ttl THEN
        made.policy_source := 'operator';
        made.sticky := true;
        made.sticky_ttl := new_ttl;
        made.expires_at := CASE WHEN NOT EXISTS (SELECT FROM attachments a
                                                  WHERE a.network_id = wanted_network AND a.address = wanted)
                                THEN clock_timestamp() + new_ttl END;
    END IF;
    IF made IS DISTINCT FROM held THEN
        UPDATE reservations r
           SET description = made.description, policy_source = made.policy_source, sticky = made.sticky,
               sticky_ttl = made.sticky_ttl, expires_at = made.expires_at, labels = made.labels
         WHERE r.network_id = wanted_network AND r.address = wanted;
        PERFORM record_change('reservation.update', host(wanted), to_jsonb(held), to_jsonb(made));
    END IF;
    RETURN NEXT made;
END $$;
COMMENT ON FUNCTION edit_v1 IS 'Changes the description and the labels of a reservation, and how long it stays without a sandbox.';

-- schema/administration/label_v1.sql
CREATE OR REPLACE FUNCTION label_v1(actor text, request_id text, wanted_network integer, wanted inet, expected_tenure bigint,
                         added jsonb, removed text[])
RETURNS SETOF reservations
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Removes labels of a reservation by their keys, then adds others; the rest stays as it is when the call has the row, so
-- that two calls at once both take effect. Raises outdated unless the tenure is the expected one (NULL: any).
DECLARE
    held reservations;
BEGIN
    SELECT * INTO held FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted FOR UPDATE;
    IF FOUND AND held.tenure_id <> expected_tenure THEN
        RAISE EXCEPTION 'address % now has another owner: %', host(wanted),
            concat_ws('/', nullif(held.owner_namespace, ''), held.owner_name)
            USING ERRCODE = error_code('outdated'), HINT = 'Check the new owner, and set the labels again if that is still right.';
    END IF;
    RETURN QUERY SELECT * FROM edit_v1(actor, request_id, wanted_network, wanted, NULL, false, NULL,
                                       (coalesce(held.labels, '{}') - removed) || added);
END $$;
COMMENT ON FUNCTION label_v1 IS 'Adds and removes labels of a reservation, unless it has another tenure than the caller has seen.';

-- schema/administration/limit_saved_views.sql
CREATE OR REPLACE FUNCTION limit_saved_views() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    -- Two views of one author that are saved at once are counted one after the other.
    PERFORM pg_advisory_xact_lock(hashtextextended('rowhouse.saved_views ' || NEW.author, 0));
    IF (SELECT count(*) FROM saved_views v WHERE v.author = NEW.author) >= 100 THEN
        RAISE EXCEPTION '"%" already has 100 saved views', NEW.author
            USING ERRCODE = error_code('in_the_way'), HINT = 'Delete one that is no longer needed.';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION limit_saved_views() IS 'Trigger: refuses more than 100 saved views of one author.';

CREATE OR REPLACE TRIGGER saved_views_limit BEFORE INSERT ON saved_views
    FOR EACH ROW EXECUTE FUNCTION limit_saved_views();

-- schema/administration/refuse_owner.sql
CREATE OR REPLACE FUNCTION refuse_owner(kind owner_kind, cluster text, namespace text, interface text) RETURNS void
LANGUAGE plpgsql AS $$
-- What identifies an owner that an operator or a team names: a pod by its cluster, namespace, name and interface, as its
-- ADD does; any other by its name, and by a namespace if it belongs to a team.
BEGIN
    IF kind = 'pod' AND '' IN (namespace, interface) THEN
        RAISE EXCEPTION 'a pod needs a namespace and an interface'
            USING ERRCODE = error_code('invalid_config'), HINT = 'Its ADD names both.';
    ELSIF kind = 'static' AND (cluster, interface) <> ('', '') THEN
        RAISE EXCEPTION 'an owner that is not a pod has no cluster and no interface'
            USING ERRCODE = error_code('invalid_config'), HINT = 'Omit them, or reserve for a pod.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_owner IS 'Raises invalid_config for an owner without what identifies it, or with what only a pod has.';

-- schema/administration/special_use.sql
CREATE OR REPLACE FUNCTION special_use(pool pools, wanted inet) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp
RETURN CASE
    -- It is refused for another reason.
    WHEN EXISTS (SELECT FROM rowhouse.reservations r WHERE r.network_id = (pool).network_id AND r.address = wanted)
         OR rowhouse.is_kept_out((pool).network_id, wanted) THEN NULL
    WHEN rowhouse.is_withheld((pool).network_id, wanted) AND NOT rowhouse.is_on_request((pool).network_id, wanted)
    THEN rowhouse.why_withheld((pool).network_id, wanted)
    WHEN wanted >= coalesce((pool).window_first, rowhouse.first_usable((pool).cidr))
         AND wanted <= coalesce((pool).window_last, rowhouse.last_usable((pool).cidr)) THEN NULL
    WHEN wanted < rowhouse.first_usable((pool).cidr) THEN 'the network address of pool ' || (pool).cidr
    WHEN wanted > rowhouse.last_usable((pool).cidr) AND family(wanted) = 4 THEN 'the broadcast address of pool ' || (pool).cidr
    WHEN wanted > rowhouse.last_usable((pool).cidr) THEN 'the last address of pool ' || (pool).cidr END;
COMMENT ON FUNCTION special_use(pools, inet) IS
    'What an address is for, if only force reserves it: a gateway, or the network or broadcast address of the pool; NULL: nothing special.';

-- schema/administration/refuse_special.sql
CREATE OR REPLACE FUNCTION refuse_special(pool pools, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises in_the_way for addresses that need force: a gateway, and the network and broadcast address of a pool whose
-- window does not contain them.
DECLARE
    what text := special_use(pool, wanted);
BEGIN
    IF what IS NOT NULL THEN
        RAISE EXCEPTION 'address % is %', host(wanted), what
            USING ERRCODE = error_code('in_the_way'), HINT = 'To reserve it anyway, pass `force`.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_special(pools, inet) IS 'Raises in_the_way for a gateway, a network address or a broadcast address.';

-- schema/administration/hold_v1.sql
CREATE OR REPLACE FUNCTION hold_v1(actor text, request_id text, why text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- From now on an ADD gets a new address only from pools that have been read since (import_read_v1). False: a hold exists.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    made    assignment_hold;
BEGIN
    PERFORM act_as(actor, request_id);
    -- Waits until running ADDs have ended.
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO assignment_hold (reason, actor) VALUES (why, actor) ON CONFLICT DO NOTHING RETURNING * INTO made;
    IF FOUND THEN
        PERFORM record_change('assignment_hold.create', why, NULL, to_jsonb(made));
    END IF;
    RETURN made.id IS NOT NULL;
END $$;
COMMENT ON FUNCTION hold_v1(text, text, text) IS 'Withholds new addresses until the running pods have been read.';

-- schema/administration/resume_v1.sql
CREATE OR REPLACE FUNCTION resume_v1(actor text, request_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    ended   assignment_hold;
BEGIN
    PERFORM act_as(actor, request_id);
    DELETE FROM assignment_hold RETURNING * INTO ended;
    DELETE FROM assignment_hold_pools;
    IF ended.id IS NOT NULL THEN
        PERFORM record_change('assignment_hold.delete', ended.reason, to_jsonb(ended), NULL);
    END IF;
    RETURN ended.id IS NOT NULL;
END $$;
COMMENT ON FUNCTION resume_v1(text, text) IS 'Ends a hold: every pool assigns addresses again. Returns false if there was none.';

-- schema/administration/integrity_problems.sql
CREATE OR REPLACE VIEW integrity_problems AS
WITH covered AS (
    SELECT p.network_id, range_agg(address_span(first_address(p.cidr), last_address(p.cidr))) AS spans
      FROM pools p GROUP BY p.network_id),
held AS (
    SELECT network_id, range_agg(span) AS spans
      FROM (SELECT network_id, address_span(first, last) AS span FROM free_ranges
             WHERE first <= last AND family(first) = family(last)
            UNION ALL SELECT network_id, address_span(address, address) FROM reservations
            UNION ALL SELECT network_id, address_span(first, last) FROM exclusions
            UNION ALL SELECT network_id, address_span(address, address) FROM gateways) AS every
     GROUP BY network_id),
problems AS (
    SELECT 'reserved address is also free' AS problem, r.network_id, r.address::inet AS address
      FROM reservations r JOIN free_ranges f
        ON f.network_id = r.network_id AND r.address BETWEEN f.first AND f.last
    UNION ALL
    SELECT 'free range is no run of addresses', f.network_id, f.first::inet
      FROM free_ranges f WHERE f.first > f.last OR family(f.first) <> family(f.last)
    UNION ALL
    SELECT 'free ranges overlap', f.network_id, f.first
      FROM (SELECT network_id, first, max(last::inet) OVER (PARTITION BY network_id ORDER BY first, last
                                                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
              FROM free_ranges) AS f
     WHERE f.earlier >= f.first
    UNION ALL
    SELECT 'address kept out of use is free', f.network_id, greatest(f.first, e.first)
      FROM free_ranges f JOIN exclusions e
        ON e.network_id = f.network_id AND e.last >= f.first AND e.first <= f.last AND NOT f.quarantined
    UNION ALL
    SELECT 'gateway is free', g.network_id, g.address
      FROM gateways g JOIN free_ranges f
        ON f.network_id = g.network_id AND g.address BETWEEN f.first AND f.last AND NOT f.quarantined
    UNION ALL
    SELECT 'pool taken for plain', p.network_id, first_address(p.cidr)
      FROM plain_pools c JOIN pools p ON p.id = c.pool_id
     WHERE NOT is_plain(p) OR (c.network_name, c.cidr, c.network_id, c.isolated) <> (p.network_name, p.cidr, p.network_id, p.isolated)
    UNION ALL
    SELECT 'pool and gateway disagree', p.network_id, host(p.gateway)::inet
      FROM pools p
     WHERE p.gateway IS NOT NULL
       AND NOT EXISTS (SELECT FROM gateways g WHERE g.pool_id = p.id AND g.network_id = p.network_id
                          AND g.address = host(p.gateway)::inet AND g.cni_network IS NULL)
    UNION ALL
    SELECT 'free address in no pool', f.network_id, f.first
      FROM free_ranges f LEFT JOIN covered c ON c.network_id = f.network_id
     WHERE NOT f.quarantined AND f.first <= f.last AND family(f.first) = family(f.last)
       AND NOT coalesce(address_span(f.first, f.last) <@ c.spans, false)
    UNION ALL
    SELECT 'pool address neither free nor reserved', lost.network_id, lower(lost.span)
      FROM (SELECT c.network_id, unnest(c.spans - coalesce(h.spans, '{}')) AS span
              FROM covered c LEFT JOIN held h ON h.network_id = c.network_id) AS lost
    UNION ALL
    SELECT 'reservation in no pool', r.network_id, r.address
      FROM reservations r
     WHERE NOT EXISTS (SELECT FROM pools p WHERE p.network_id = r.network_id AND r.address <<= p.cidr)
    UNION ALL
    SELECT 'reservation without an open tenure of its owner', r.network_id, r.address
      FROM reservations r LEFT JOIN tenures t ON t.id = r.tenure_id
     WHERE t.id IS NULL OR NOT is_open_tenure(t, r)
    UNION ALL
    SELECT 'open tenure without a reservation', t.network_id, t.address
      FROM tenures t LEFT JOIN reservations r ON r.tenure_id = t.id
     WHERE upper_inf(t.during) AND r.address IS NULL
    UNION ALL
    SELECT 'tenure begins or ends in the future', t.network_id, t.address
      FROM tenures t
     WHERE lower(t.during) > clock_timestamp() OR upper(t.during) > clock_timestamp())
SELECT p.problem, p.network_id, p.address,
       CASE p.problem WHEN 'reservation in no pool' THEN 'Make a pool that holds the address, or release it.'
                      ELSE 'Run `rowhouse db repair`.' END AS repair
  FROM problems p;
COMMENT ON VIEW integrity_problems IS
    'Violations of the schema''s guarantees, with a repair for each. Empty unless the clock was set back or triggers were disabled.';
COMMENT ON COLUMN integrity_problems.problem IS 'The inconsistency.';
COMMENT ON COLUMN integrity_problems.network_id IS 'The network: networks.id.';
COMMENT ON COLUMN integrity_problems.address IS 'The address, or the first one of the run.';
COMMENT ON COLUMN integrity_problems.repair IS 'How to repair it.';

-- schema/administration/repair_v1.sql
CREATE OR REPLACE FUNCTION repair_v1(actor text, request_id text)
RETURNS TABLE (change text, of_network integer, run_first inet, run_last inet)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '10s'
SET jit = off
AS $$
-- Repairs what integrity_problems shows, and returns each change. Reservations are the source of truth and do not change.
-- History follows them, and free space is what pools contain without reserved, withheld and quarantined addresses.
-- Allocations wait meanwhile, as for a change of a pool (see wait_for_reservations).
DECLARE
    command  text := set_config('rowhouse.command', 'REPAIR', true);
    moment   timestamptz;
    one      record;
    bad      free_ranges[];
    again    free_ranges[];
    rest     free_ranges;
    reserved inetmultirange;
    quiet    inetmultirange;
    missing  inetmultirange;
    pieces   inetmultirange;
    piece    inetrange;
BEGIN
    PERFORM act_as(actor, request_id);
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    PERFORM FROM networks ORDER BY id FOR NO KEY UPDATE;
    moment := clock_timestamp();

    -- 1. History.
    FOR one IN
        SELECT DISTINCT t.network_id, t.address, own.id AS kept
          FROM tenures t
          LEFT JOIN reservations r ON r.network_id = t.network_id AND r.address = t.address
          LEFT JOIN tenures own ON own.id = r.tenure_id AND is_open_tenure(own, r)
         WHERE upper_inf(t.during) AND t.id IS DISTINCT FROM own.id
            OR lower(t.during) > moment OR upper(t.during) > moment
         ORDER BY t.network_id, t.address
    LOOP
        PERFORM settle_tenures(one.network_id, one.address, moment, one.kept);
        change := 'tenure corrected'; of_network := one.network_id; run_first := one.address; run_last := one.address;
        RETURN NEXT;
    END LOOP;
    FOR one IN
        -- The trigger opens the tenure.
        UPDATE reservations r SET tenure_id = r.tenure_id
         WHERE NOT EXISTS (SELECT FROM tenures t WHERE t.id = r.tenure_id AND is_open_tenure(t, r))
        RETURNING r.network_id, r.address, r.tenure_id
    LOOP
        PERFORM record_change('tenure.open', host(one.address), NULL, to_jsonb(t)) FROM tenures t WHERE t.id = one.tenure_id;
        change := 'tenure opened'; of_network := one.network_id; run_first := one.address; run_last := one.address;
        RETURN NEXT;
    END LOOP;

    -- 2. Free space, for each network and family.
    FOR one IN
        SELECT p.network_id, family(p.cidr) AS family FROM pools p
        UNION SELECT f.network_id, family(f.first) FROM free_ranges f ORDER BY 1, 2
    LOOP
        of_network := one.network_id;
        again := '{}';
        SELECT coalesce(range_agg(address_span(r.address, r.address)), '{}') INTO reserved FROM reservations r
         WHERE r.network_id = one.network_id AND family(r.address) = one.family;

        -- Invalid runs, and quarantined ones that are reserved or overlap; the remaining parts are added again.
        WITH runs AS (
            SELECT f.quarantined, f.first, f.last,
                   max(f.last::inet) OVER (ORDER BY f.first, f.last ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) >= f.first
                   OR lead(f.first::inet) OVER (ORDER BY f.first, f.last) <= f.last AS overlaps
              FROM free_ranges f
             WHERE f.network_id = one.network_id AND f.quarantined AND family(f.first) = one.family),
        gone AS (
            DELETE FROM free_ranges f
             WHERE f.network_id = one.network_id AND family(f.first) = one.family
               AND (f.first > f.last OR family(f.last) <> one.family
                    OR EXISTS (SELECT FROM runs WHERE f.quarantined AND runs.last = f.last
                                  AND (coalesce(runs.overlaps, false) OR address_span(runs.first, runs.last) && reserved)))
            RETURNING f.*)
        SELECT coalesce(array_agg(gone::free_ranges ORDER BY gone.free_from DESC, gone.first), '{}') INTO bad FROM gone;
        SELECT coalesce(range_agg(address_span(f.first, f.last)), '{}') INTO quiet FROM free_ranges f
         WHERE f.network_id = one.network_id AND f.quarantined AND family(f.first) = one.family;
        FOREACH rest IN ARRAY bad LOOP
            PERFORM record_change('free_range.correct', host(rest.first) || '-' || host(rest.last), to_jsonb(rest), NULL);
            change := 'free range removed'; run_first := rest.first; run_last := rest.last;
            RETURN NEXT;
            CONTINUE WHEN NOT rest.quarantined OR rest.first > rest.last OR family(rest.first) <> family(rest.last);
            pieces := inetmultirange(address_span(rest.first, rest.last)) - reserved - quiet;
            FOR piece IN SELECT unnest(pieces) LOOP
                rest.first := lower(piece);
                rest.last := span_last(piece);
                again := again || rest;
            END LOOP;
            quiet := quiet + pieces;
        END LOOP;

        -- Runs that hold what is not free.
        SELECT coalesce(range_agg(address_span(first_address(p.cidr), last_address(p.cidr))), '{}') - reserved - quiet
               - coalesce((SELECT range_agg(address_span(e.first, e.last)) FROM exclusions e
                            WHERE e.network_id = one.network_id AND family(e.first) = one.family), '{}')
               - coalesce((SELECT range_agg(address_span(g.address, g.address)) FROM gateways g
                            WHERE g.network_id = one.network_id AND family(g.address) = one.family), '{}')
          INTO missing FROM pools p WHERE p.network_id = one.network_id AND family(p.cidr) = one.family;
        FOR rest IN
            WITH runs AS (
                SELECT f.first, f.last,
                       max(f.last::inet) OVER (ORDER BY f.first, f.last ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) >= f.first
                       OR lead(f.first::inet) OVER (ORDER BY f.first, f.last) <= f.last AS overlaps
                  FROM free_ranges f
                 WHERE f.network_id = one.network_id AND NOT f.quarantined AND family(f.first) = one.family)
            DELETE FROM free_ranges f USING runs
             WHERE f.network_id = one.network_id AND NOT f.quarantined AND f.last = runs.last
               AND (coalesce(runs.overlaps, false) OR NOT address_span(runs.first, runs.last) <@ missing)
            RETURNING f.*
        LOOP
            PERFORM record_change('free_range.correct', host(rest.first) || '-' || host(rest.last), to_jsonb(rest), NULL);
            change := 'free range removed'; run_first := rest.first; run_last := rest.last;
            RETURN NEXT;
        END LOOP;
        FOREACH rest IN ARRAY again LOOP
            INSERT INTO free_ranges SELECT rest.*;
            PERFORM record_change('free_range.correct', host(rest.first) || '-' || host(rest.last), NULL, to_jsonb(rest));
            change := 'quarantine added'; run_first := rest.first; run_last := rest.last;
            RETURN NEXT;
        END LOOP;
        SELECT missing - coalesce(range_agg(address_span(f.first, f.last)), '{}') INTO missing FROM free_ranges f
         WHERE f.network_id = one.network_id AND NOT f.quarantined AND family(f.first) = one.family;

        -- Missing addresses, first those just released from a pool with a reuse delay.
        IF NOT isempty(missing) AND EXISTS (SELECT FROM pools p WHERE p.network_id = one.network_id AND p.reuse_delay > '0') THEN
            FOR rest IN
                INSERT INTO free_ranges (network_id, quarantined, first, last, free_from, previous_owner)
                SELECT DISTINCT ON (t.address) one.network_id, true, t.address, t.address, upper(t.during) + p.reuse_delay,
                       owner_key(t.owner_cluster, t.owner_namespace, t.owner_name, t.owner_interface)
                  FROM tenures t JOIN pools p ON p.id = t.pool_id
                 WHERE t.network_id = one.network_id AND family(t.address) = one.family AND p.reuse_delay > '0'
                   AND upper(t.during) + p.reuse_delay > moment AND address_span(t.address, t.address) <@ missing
                 ORDER BY t.address, upper(t.during) DESC
                RETURNING *
            LOOP
                PERFORM record_change('free_range.correct', host(rest.first) || '-' || host(rest.last), NULL, to_jsonb(rest));
                missing := missing - inetmultirange(address_span(rest.first, rest.last));
                change := 'quarantine added'; run_first := rest.first; run_last := rest.last;
                RETURN NEXT;
            END LOOP;
        END IF;
        FOR rest IN
            INSERT INTO free_ranges (network_id, first, last, free_from)
            SELECT one.network_id, lower(gap.span), span_last(gap.span), moment FROM (SELECT unnest(missing) AS span) AS gap
            RETURNING *
        LOOP
            PERFORM record_change('free_range.correct', host(rest.first) || '-' || host(rest.last), NULL, to_jsonb(rest));
            change := 'free range added'; run_first := rest.first; run_last := rest.last;
            RETURN NEXT;
        END LOOP;
    END LOOP;

    -- 3. Gateways of pools; the triggers take them out of the free space.
    FOR one IN
        INSERT INTO gateways (network_id, address, pool_id)
        SELECT p.network_id, host(p.gateway)::inet, p.id FROM pools p
         WHERE p.gateway IS NOT NULL
           AND NOT EXISTS (SELECT FROM gateways g WHERE g.pool_id = p.id AND g.cni_network IS NULL
                              AND g.address = host(p.gateway)::inet)
        RETURNING network_id, address
    LOOP
        change := 'gateway added'; of_network := one.network_id; run_first := one.address; run_last := one.address;
        RETURN NEXT;
    END LOOP;

    -- 4. Which pools are plain.
    FOR one IN SELECT i.network_id, i.address FROM integrity_problems i WHERE i.problem = 'pool taken for plain' LOOP
        change := 'plain pool corrected'; of_network := one.network_id; run_first := one.address; run_last := one.address;
        RETURN NEXT;
    END LOOP;
    PERFORM choose_plain_pools();
END $$;
COMMENT ON FUNCTION repair_v1(text, text) IS
    'Repairs history and free space to match reservations, pools, exclusions and gateways; returns each change.';

-- schema/administration/serves_code_of.sql
CREATE OR REPLACE FUNCTION serves_code_of(revision text) RETURNS boolean
LANGUAGE sql STABLE
-- From the oldest revision whose code still works, to the current one. A revision that breaks old code replaces this function.
RETURN revision BETWEEN 'r0001' AND (SELECT v.version_num FROM rowhouse.alembic_version v);
COMMENT ON FUNCTION serves_code_of(text) IS 'Whether code that was written for a revision works on this schema, during a roll-out.';

-- schema/requests/current_requests.sql
CREATE OR REPLACE VIEW current_requests AS
SELECT r.id, CASE WHEN r.state = 'pending' AND r.expires_at <= statement_timestamp() THEN 'expired' ELSE r.state END AS state,
       p.network_id, p.network_name AS network, r.pool_id, r.cidr AS pool, p.name AS pool_name,
       r.owner_kind, r.owner_cluster AS cluster, r.owner_namespace AS namespace, r.owner_name AS name,
       r.owner_interface AS interface, r.addresses, r.how_many, r.ttl, r.description, r.labels,
       r.requested_by, r.requested_at, r.expires_at, r.decided_by, r.decided_at, r.reason, r.granted,
       CASE WHEN r.state = 'pending' THEN
           ARRAY(SELECT a.address FROM unnest(r.addresses) AS a (address)
                  WHERE EXISTS (SELECT FROM reservations o WHERE o.network_id = p.network_id AND o.address = a.address)
                     OR EXISTS (SELECT FROM free_ranges f
                                 WHERE f.network_id = p.network_id AND f.quarantined AND f.last = a.address
                                   AND f.free_from > statement_timestamp()))
           ELSE '{}' END AS not_free,
       CASE WHEN r.state = 'pending' THEN
           ARRAY(SELECT concat(host(a.address), ' is ', special_use(p, a.address)) FROM unnest(r.addresses) AS a (address)
                  WHERE special_use(p, a.address) IS NOT NULL)
           ELSE '{}' END AS needs_force
  FROM requests r LEFT JOIN pools p ON p.id = r.pool_id;
COMMENT ON VIEW current_requests IS 'Requests with their pools, and their state by the clock of the database.';
COMMENT ON COLUMN current_requests.id IS 'ID of the request.';
COMMENT ON COLUMN current_requests.state IS 'State: pending, approved, declined, withdrawn or expired.';
COMMENT ON COLUMN current_requests.network_id IS 'The network of the pool; NULL: the pool was deleted.';
COMMENT ON COLUMN current_requests.network IS 'Name of the network; '''' is the default network. NULL: the pool was deleted.';
COMMENT ON COLUMN current_requests.pool_id IS 'The pool; NULL: it was deleted.';
COMMENT ON COLUMN current_requests.pool IS 'CIDR of the pool.';
COMMENT ON COLUMN current_requests.pool_name IS 'Name of the pool; NULL: it has none, or was deleted.';
COMMENT ON COLUMN current_requests.owner_kind IS 'Kind of the owner.';
COMMENT ON COLUMN current_requests.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN current_requests.namespace IS 'Namespace of the owner.';
COMMENT ON COLUMN current_requests.name IS 'Name of the owner.';
COMMENT ON COLUMN current_requests.interface IS 'Interface of the pod; '''' if the owner has none.';
COMMENT ON COLUMN current_requests.addresses IS 'The requested addresses; NULL: the lowest free ones.';
COMMENT ON COLUMN current_requests.how_many IS 'The number of addresses.';
COMMENT ON COLUMN current_requests.ttl IS 'How long the reservation stays without a sandbox; NULL: until it is released.';
COMMENT ON COLUMN current_requests.description IS 'What the addresses are for; '''' if the team said nothing.';
COMMENT ON COLUMN current_requests.labels IS 'Labels of the reservations; NULL: none.';
COMMENT ON COLUMN current_requests.requested_by IS 'The caller that sent the request.';
COMMENT ON COLUMN current_requests.requested_at IS 'When it was sent.';
COMMENT ON COLUMN current_requests.expires_at IS 'When it expires unless it is decided before.';
COMMENT ON COLUMN current_requests.decided_by IS 'The caller that ended it; NULL: none did.';
COMMENT ON COLUMN current_requests.decided_at IS 'When it ended; NULL: no caller ended it.';
COMMENT ON COLUMN current_requests.reason IS 'Why it was declined or withdrawn; '''' if no reason was given.';
COMMENT ON COLUMN current_requests.granted IS 'The reserved addresses; NULL: it is not approved.';
COMMENT ON COLUMN current_requests.not_free IS
    'Of addresses, while the request is pending: those that are in use or in quarantine now, so that it cannot be approved yet.';
COMMENT ON COLUMN current_requests.needs_force IS
    'Why an approval now needs force, one text for each such address: it has become a gateway, or the window has changed.';

-- schema/requests/request_moves.sql
CREATE OR REPLACE FUNCTION request_moves() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A request begins as pending, and ends once. What was asked for never changes; a deleted pool leaves no ID behind.
DECLARE
    decision CONSTANT text[] := ARRAY['state', 'decided_by', 'decided_at', 'reason', 'granted'];
    before   jsonb;
    after    jsonb := to_jsonb(NEW) - 'pool_id';
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'pending' THEN
            RAISE EXCEPTION 'a new request is pending, not %', NEW.state USING ERRCODE = error_code('in_the_way');
        END IF;
        RETURN NEW;
    END IF;
    before := to_jsonb(OLD) - 'pool_id';
    IF NEW.pool_id IS DISTINCT FROM OLD.pool_id AND NEW.pool_id IS NOT NULL
       OR before - decision <> after - decision THEN
        RAISE EXCEPTION 'what request % asks for cannot change', OLD.id
            USING ERRCODE = error_code('in_the_way'), HINT = 'Withdraw it, and send another request.';
    END IF;
    IF before <> after AND OLD.state <> 'pending' THEN
        RAISE EXCEPTION 'request % is already %', OLD.id, OLD.state USING ERRCODE = error_code('in_the_way');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION request_moves() IS 'Trigger: a request begins as pending and ends once; what it asks for never changes.';

CREATE OR REPLACE TRIGGER requests_move BEFORE INSERT OR UPDATE ON requests
    FOR EACH ROW EXECUTE FUNCTION request_moves();

-- schema/requests/request_changed.sql
CREATE OR REPLACE FUNCTION request_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- The row has both names: who asked, and who decided.
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    verb   text := CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'DELETE' THEN 'delete' ELSE 'update' END;
BEGIN
    IF TG_OP = 'DELETE' AND current_reason() = 'PRUNE' THEN
        RETURN NULL; -- prune_requests_v1() writes one entry for all of them
    END IF;
    IF before->>'state' <> after->>'state' THEN
        verb := CASE after->>'state' WHEN 'approved' THEN 'approve' WHEN 'declined' THEN 'decline'
                                     WHEN 'withdrawn' THEN 'withdraw' ELSE 'expire' END;
    END IF;
    PERFORM record_change('request.' || verb, coalesce(after, before)->>'id', before, after);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION request_changed() IS 'Trigger: records a request, and how it ended, in the audit log.';

CREATE OR REPLACE TRIGGER requests_change AFTER INSERT OR UPDATE OR DELETE ON requests
    FOR EACH ROW EXECUTE FUNCTION request_changed();

-- schema/requests/check_requested.sql
CREATE OR REPLACE FUNCTION check_requested(holder text, of_pool integer) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises quota_exceeded if what a namespace holds and what its pending requests ask for are more than its quota. Locks
-- the row of the quota, as check_quotas() does, so that two requests cannot both ask for its last address.
DECLARE
    quota quotas;
    held  bigint;
    asked bigint;
BEGIN
    FOR quota IN
        SELECT * FROM quotas q WHERE q.namespace = holder
           AND (q.pool_id IS NULL OR q.pool_id = of_pool) ORDER BY q.id FOR NO KEY UPDATE
    LOOP
        SELECT count(*) INTO held FROM reservations r
         WHERE r.owner_namespace = holder AND (quota.pool_id IS NULL OR r.pool_id = quota.pool_id);
        SELECT coalesce(sum(r.how_many), 0) INTO asked FROM current_requests r
         WHERE r.namespace = holder AND r.state = 'pending' AND (quota.pool_id IS NULL OR r.pool_id = quota.pool_id);
        IF held + asked > quota.addresses THEN
            RAISE EXCEPTION 'namespace "%" holds % and requests %, but may hold at most %', holder, held, asked,
                            concat(quota.addresses, (SELECT ' in pool ' || p.cidr FROM pools p WHERE p.id = quota.pool_id))
                USING ERRCODE = error_code('quota_exceeded'),
                      HINT = 'Request fewer addresses, release unused ones or withdraw a request, or ask an administrator to raise the quota.';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION check_requested(text, integer) IS
    'Raises quota_exceeded if a namespace holds and requests more addresses of a pool than its quota allows.';

-- schema/requests/expire_requests.sql
CREATE OR REPLACE FUNCTION expire_requests() RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    UPDATE requests r
       SET state = 'expired', decided_by = 'rowhouse', decided_at = clock_timestamp()
     WHERE r.id IN (SELECT o.id FROM requests o WHERE o.state = 'pending' AND o.expires_at <= clock_timestamp()
                     ORDER BY o.expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);
END;
COMMENT ON FUNCTION expire_requests() IS
    'Ends pending requests that have expired. Each new request and each decision calls it; current_requests does not wait for it.';

-- schema/requests/refuse_hopeless.sql
CREATE OR REPLACE FUNCTION refuse_hopeless(pool pools, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises the reason why no operator could approve a request for an address. An address that is only in use now, by a
-- sandbox or for a time to live, may be free by then. Names no owner: the caller may be a team.
DECLARE
    what text := coalesce(special_use(pool, wanted),
                          CASE WHEN is_kept_out(pool.network_id, wanted) THEN why_withheld(pool.network_id, wanted) END);
BEGIN
    IF NOT wanted <<= pool.cidr THEN
        RAISE EXCEPTION 'address % is outside pool %', host(wanted), pool.cidr
            USING ERRCODE = error_code('address_outside_ranges'), HINT = 'Request an address of this pool, or use the pool that contains it.';
    END IF;
    IF what IS NOT NULL THEN
        RAISE EXCEPTION 'address % is %', host(wanted), what
            USING ERRCODE = error_code('address_outside_ranges'), HINT = 'Request another address, or a number of addresses without naming them.';
    END IF;
    IF EXISTS (SELECT FROM reservations r
                WHERE r.network_id = pool.network_id AND r.address = wanted AND r.sticky AND r.sticky_ttl IS NULL AND r.expires_at IS NULL) THEN
        RAISE EXCEPTION 'address % is reserved until its owner releases it', host(wanted)
            USING ERRCODE = error_code('address_taken'), HINT = 'Request another address, or a number of addresses without naming them.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_hopeless(pools, inet) IS 'Raises the reason why a request for an address could never be approved.';

-- schema/requests/request_v1.sql
-- Errors: not_found, address_outside_ranges, address_taken, quota_exceeded, invalid_config.

CREATE OR REPLACE FUNCTION request_v1(
    actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer,
    kind owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text,
    new_labels jsonb, valid interval)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Asks an operator for the given addresses, or (wanted NULL) for the lowest free ones. It reserves nothing, so an
-- address may be taken meanwhile.
#variable_conflict use_variable
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    pool    pools;
    made    integer;
BEGIN
    PERFORM refuse_owner(kind, cluster, namespace, interface);
    PERFORM act_as(actor, request_id);
    PERFORM expire_requests();
    SELECT * INTO pool FROM pools p WHERE p.id = wanted_pool FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no pool %', wanted_pool
            USING ERRCODE = error_code('not_found'), HINT = '`rowhouse pool list` lists the existing ones.';
    END IF;
    PERFORM refuse_hopeless(pool, a.address) FROM unnest(wanted) AS a (address);
    INSERT INTO requests (pool_id, cidr, owner_kind, owner_cluster, owner_namespace, owner_name, owner_interface,
                          addresses, how_many, ttl, description, labels, requested_by, expires_at)
    VALUES (pool.id, pool.cidr, kind, cluster, namespace, name, interface, wanted, coalesce(cardinality(wanted), how_many),
            ttl, why, nullif(new_labels, '{}'), actor, clock_timestamp() + valid)
    RETURNING id INTO made;
    PERFORM check_requested(namespace, pool.id);
    RETURN made;
END $$;
COMMENT ON FUNCTION request_v1 IS 'Asks an operator for addresses, within the quota of the namespace; returns the ID of the request.';

-- schema/requests/decide_request_v1.sql
-- Errors: not_found, in_the_way, outdated, and those of reserve_v2.

CREATE OR REPLACE FUNCTION decide_request_v1(actor text, request_id text, wanted integer, decision text, why text,
                                  force boolean DEFAULT false)
RETURNS SETOF requests
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Ends a request: approved (it reserves the addresses, in this transaction), declined or withdrawn. A repetition changes
-- nothing, so an approval never reserves twice. force: as in reserve_v2, such as for an address that has become a gateway.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    asked   requests;
    got     inet[];
BEGIN
    PERFORM act_as(actor, request_id);
    -- Before the row is locked, in the order of a change of the pool: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    SELECT * INTO asked FROM requests r WHERE r.id = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no request %', wanted
            USING ERRCODE = error_code('not_found'), HINT = '`rowhouse request list` lists the existing ones.';
    END IF;
    IF asked.state = decision THEN
        RETURN NEXT asked;
        RETURN;
    END IF;
    IF asked.state <> 'pending' THEN
        RAISE EXCEPTION 'request % was already % by %', wanted, asked.state, asked.decided_by
            USING ERRCODE = error_code('in_the_way'), HINT = 'Send another request.';
    END IF;
    IF asked.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'request % has expired', wanted
            USING ERRCODE = error_code('in_the_way'), HINT = 'Send another request.';
    END IF;
    IF decision = 'approved' THEN
        IF asked.pool_id IS NULL THEN
            RAISE EXCEPTION 'pool % of request % was deleted', asked.cidr, wanted
                USING ERRCODE = error_code('not_found'), HINT = 'Decline the request.';
        END IF;
        SELECT array_agg(made.address ORDER BY made.address) INTO got
          FROM reserve_v2(actor, request_id, asked.pool_id, asked.addresses, asked.how_many, asked.owner_kind,
                          asked.owner_cluster, asked.owner_namespace, asked.owner_name, asked.owner_interface,
                          asked.ttl, asked.description, force, asked.labels) AS made;
    END IF;
    UPDATE requests r
       SET state = decision, decided_by = actor, decided_at = clock_timestamp(), reason = why, granted = got
     WHERE r.id = wanted
    RETURNING * INTO asked;
    PERFORM expire_requests();
    RETURN NEXT asked;
END $$;
COMMENT ON FUNCTION decide_request_v1(text, text, integer, text, text, boolean) IS
    'Approves a request and reserves its addresses, declines or withdraws it; a repetition changes nothing.';

-- schema/requests/prune_requests_v1.sql
CREATE OR REPLACE FUNCTION prune_requests_v1(actor text, older_than interval, at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- Removes one batch of requests that ended longer ago than this, at least a day; returns their number. The audit log
-- keeps how each of them ended, and has one entry for the batch.
DECLARE
    command text := coalesce(current_setting('rowhouse.command', true), '');
    pruned  integer;
BEGIN
    PERFORM act_as(actor, ''), set_config('rowhouse.command', 'PRUNE', true);
    PERFORM expire_requests();
    DELETE FROM requests r
     WHERE r.id IN (SELECT o.id FROM requests o
                     WHERE o.state <> 'pending' AND o.decided_at < clock_timestamp() - greatest(older_than, interval '1 day')
                     ORDER BY o.decided_at LIMIT at_most FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS pruned = ROW_COUNT;
    IF pruned > 0 THEN
        PERFORM record_change('request.prune', 'requests', NULL,
                              jsonb_build_object('pruned', pruned, 'ended_before', clock_timestamp() - greatest(older_than, interval '1 day')));
    END IF;
    PERFORM set_config('rowhouse.command', command, true);
    RETURN pruned;
END $$;
COMMENT ON FUNCTION prune_requests_v1 IS 'Removes one small batch of requests that ended before a time.';

-- schema/controller/sandboxes_v1.sql
CREATE OR REPLACE FUNCTION sandboxes_v1(of_cluster text, after_container text, after_interface text, at_most integer,
                             of_namespace text DEFAULT NULL, of_pod text DEFAULT NULL)
RETURNS TABLE (container_id text, interface text, node text, network text, address inet, attached_at timestamptz,
               age interval, pod_uid text, namespace text, pod text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- The sandboxes of a cluster, page by page in the order of container and interface; or those of one pod that holds its
-- addresses by its own name. Includes attachments of sticky and lasting owners, because an attachment must end with its pod.
#variable_conflict use_column
BEGIN
    IF of_pod IS NOT NULL THEN
        RETURN QUERY
            SELECT a.container_id, a.interface, a.node, n.name, a.address::inet, a.attached_at,
                   clock_timestamp() - a.attached_at, coalesce(a.pod_uid, r.owner_uid), r.owner_namespace, of_pod
              FROM reservations r
              JOIN attachments a ON r.network_id = a.network_id AND r.address = a.address
              JOIN networks n ON n.id = a.network_id
             WHERE r.owner_namespace = of_namespace AND r.owner_name = of_pod AND a.cluster = of_cluster
               AND r.owner_kind IN ('pod', 'workload')
             ORDER BY a.container_id, a.interface, a.address;
    ELSE
        RETURN QUERY
            SELECT a.container_id, a.interface, a.node, n.name, a.address::inet, a.attached_at,
                   clock_timestamp() - a.attached_at, coalesce(a.pod_uid, r.owner_uid), r.owner_namespace,
                   coalesce(nullif(a.pod_name, ''), r.owner_name)
              FROM attachments a
              JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
              JOIN networks n ON n.id = a.network_id
             WHERE a.cluster = of_cluster AND r.owner_kind <> 'static'
               AND (a.container_id, a.interface) > (after_container, after_interface)
             -- (all addresses of the last sandbox)
             ORDER BY a.container_id, a.interface FETCH FIRST at_most ROWS WITH TIES;
    END IF;
END $$;
COMMENT ON FUNCTION sandboxes_v1 IS 'A page of the sandboxes of a cluster that use addresses.';

-- schema/controller/note_event.sql
CREATE OR REPLACE FUNCTION note_event(of_reason text, of_cluster text, of_namespace text, of_pod text, of_interface text, of_node text,
                           new_message text, new_held_by text, more bigint) RETURNS void
LANGUAGE plpgsql AS $$
-- What goes on without a pause of an hour is one event.
BEGIN
    UPDATE events e SET times = e.times + more, message = new_message, held_by = new_held_by, node = of_node, last_at = clock_timestamp()
     WHERE e.id = (SELECT max(k.id) FROM events k
                    WHERE k.namespace = of_namespace AND k.pod = of_pod AND k.cluster = of_cluster
                      AND k.interface = of_interface AND k.reason = of_reason)
       AND e.last_at > clock_timestamp() - interval '1 hour';
    IF NOT FOUND THEN
        INSERT INTO events (reason, message, held_by, cluster, namespace, pod, interface, node, times)
        VALUES (of_reason, new_message, new_held_by, of_cluster, of_namespace, of_pod, of_interface, of_node, more);
    END IF;
END $$;
COMMENT ON FUNCTION note_event IS 'Stores an event about an interface of a pod, or counts it if it goes on.';

-- schema/controller/note_released.sql
CREATE OR REPLACE FUNCTION note_released(of_reason text, of_cluster text, of_namespace text, of_name text, released inet[], because text)
RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    -- A row of its own, because an update could wait for another session while this one holds locks of reservations.
    INSERT INTO events (reason, message, cluster, namespace, pod)
    SELECT of_reason,
           concat('released ', cardinality(released), CASE WHEN cardinality(released) = 1 THEN ' address: ' ELSE ' addresses: ' END,
                  (SELECT string_agg(host(a.address), ', ' ORDER BY a.address)
                     FROM (SELECT r.address FROM unnest(released) AS r (address) ORDER BY r.address LIMIT 10) AS a),
                  ' and ' || nullif(greatest(cardinality(released) - 10, 0), 0) || ' more', '; ', because),
           of_cluster, of_namespace, of_name;
END;
COMMENT ON FUNCTION note_released(text, text, text, text, inet[], text) IS
    'Stores an event about an owner whose addresses were released, with their number and the first ten.';

-- schema/controller/allocation_failure_noted.sql
CREATE OR REPLACE FUNCTION allocation_failure_noted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- The controller takes the row away; the event stays.
BEGIN
    PERFORM note_event(NEW.reason, NEW.cluster, NEW.namespace, NEW.pod, NEW.interface, NEW.node,
                       coalesce(NEW.event_message, NEW.message), NEW.held_by,
                       NEW.times - CASE WHEN TG_OP = 'UPDATE' THEN OLD.times ELSE 0 END);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION allocation_failure_noted() IS 'Trigger: stores an event for a refused ADD or a warning.';

CREATE OR REPLACE TRIGGER allocation_failures_noted AFTER INSERT OR UPDATE ON allocation_failures
    FOR EACH ROW EXECUTE FUNCTION allocation_failure_noted();

-- schema/controller/reclaim_v1.sql
CREATE OR REPLACE FUNCTION reclaim_v1(actor text, of_cluster text, of_container text, of_interface text, of_node text, of_uid text,
                           seen_at timestamptz)
RETURNS TABLE (network_id integer, address inet, released boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- Ends the attachments of one sandbox's interface, as its DEL would, if they have not changed since they were read.
-- An attachment made since stays, even of the same name, and so does one of another node or pod (uid) with the same
-- container id. A sticky owner keeps the address.
#variable_conflict use_column
DECLARE
    pod   record;
    freed text[] := '{}';
BEGIN
    PERFORM act_as(actor, '');
    -- The reservation is locked first, as in all functions, so that nothing changes after this check.
    PERFORM FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
      WHERE a.cluster = of_cluster AND a.container_id = of_container AND a.interface = of_interface AND a.node = of_node
        AND (of_uid IS NULL OR coalesce(a.pod_uid, r.owner_uid) = of_uid)
      ORDER BY a.network_id, a.address FOR UPDATE OF r;
    IF EXISTS (SELECT FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
                WHERE a.cluster = of_cluster AND a.container_id = of_container AND a.interface = of_interface AND a.node = of_node
                  AND (of_uid IS NULL OR coalesce(a.pod_uid, r.owner_uid) = of_uid)
                  AND a.attached_at > seen_at) THEN
        RETURN;
    END IF;
    SELECT r.owner_namespace AS namespace, coalesce(nullif(a.pod_name, ''), r.owner_name) AS name INTO pod
      FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
     WHERE a.cluster = of_cluster AND a.container_id = of_container AND a.interface = of_interface LIMIT 1;
    FOR network_id, address, released IN
        SELECT d.network_id, d.address, d.released
          FROM detach_many_v1(ARRAY[of_cluster], ARRAY[of_container], ARRAY[of_interface], ARRAY[of_node], 'RECONCILE',
                            only_uids => ARRAY[of_uid]) AS d
    LOOP
        RETURN NEXT;
        freed := freed || CASE WHEN released THEN ARRAY[host(address)] ELSE '{}' END;
    END LOOP;
    IF freed <> '{}' THEN
        PERFORM note_event('Reclaimed', of_cluster, pod.namespace, pod.name, of_interface, of_node,
                           'the controller released ' || array_to_string(freed, ', ') || ': its pod is gone, and no DEL came', '', 1);
    END IF;
END $$;
COMMENT ON FUNCTION reclaim_v1 IS 'Releases the addresses of a sandbox whose pod is gone, unless they changed since they were read.';

-- schema/controller/idle_owners_v1.sql
CREATE OR REPLACE FUNCTION idle_owners_v1(of_cluster text, after_kind owner_kind, after_namespace text, after_name text, at_most integer)
RETURNS TABLE (kind owner_kind, namespace text, name text, object_kind text, object_name text, object_uid text,
               is_idle boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- Owners of a cluster whose addresses a Kubernetes object keeps, page by page. is_idle: no sandbox uses at least one of its
-- addresses, or it has none any longer. The caller continues after the last row.
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT o.owner_kind, o.namespace, o.name, o.object_kind, o.object_name, o.object_uid,
               NOT EXISTS (SELECT FROM reservations r
                            WHERE r.owner_namespace = o.namespace AND r.owner_name = o.name AND r.owner_kind = o.owner_kind
                              AND r.owner_cluster = o.cluster)
               OR EXISTS (SELECT FROM reservations r
                           WHERE r.owner_namespace = o.namespace AND r.owner_name = o.name AND r.owner_kind = o.owner_kind
                             AND r.owner_cluster = o.cluster
                             AND NOT EXISTS (SELECT FROM attachments a
                                              WHERE a.network_id = r.network_id AND a.address = r.address))
          FROM owner_objects o
         WHERE o.cluster = of_cluster
           AND (after_kind IS NULL OR (o.owner_kind, o.namespace, o.name) > (after_kind, after_namespace, after_name))
         ORDER BY o.owner_kind, o.namespace, o.name LIMIT at_most;
END $$;
COMMENT ON FUNCTION idle_owners_v1 IS 'A page of the owners whose addresses a Kubernetes object keeps, for the controller.';

-- schema/controller/release_owners_v1.sql
CREATE OR REPLACE FUNCTION release_owners_v1(actor text, of_cluster text, kinds owner_kind[], namespaces text[], names text[],
                                  object_kinds text[], object_names text[], object_uids text[])
RETURNS TABLE (ordinal integer, address inet)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Releases the addresses of owners whose objects are gone, except those that a sandbox uses and those that an operator
-- reserved; an event for each owner says so. Leaves an owner that has another object meanwhile. ordinal: the position of
-- the owner in the arrays, from 1.
#variable_conflict use_column
DECLARE
    command text := coalesce(current_setting('rowhouse.command', true), '');
    gone    integer[];
    owner   record;
BEGIN
    PERFORM act_as(actor, ''), set_config('rowhouse.command', 'RECONCILE', true);
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    -- Locked in the order of attach_v2() and renew_owners_v1(), and before the statement that looks for attachments.
    gone := ARRAY(
        SELECT asked.number FROM (
            SELECT owner.number FROM owner_objects o
              JOIN unnest(kinds, namespaces, names, object_kinds, object_names, object_uids) WITH ORDINALITY
                     AS owner (kind, namespace, name, object_kind, object_name, object_uid, number)
                ON o.owner_kind = owner.kind AND o.namespace = owner.namespace AND o.name = owner.name
               AND o.object_kind = owner.object_kind AND o.object_name = owner.object_name
               AND o.object_uid IS NOT DISTINCT FROM owner.object_uid
             WHERE o.cluster = of_cluster
             ORDER BY o.owner_kind, o.namespace, o.name FOR UPDATE OF o) AS asked);
    PERFORM FROM reservations r JOIN unnest(gone) AS g (number)
                   ON r.owner_namespace = namespaces[g.number] AND r.owner_name = names[g.number] AND r.owner_kind = kinds[g.number]
      WHERE r.owner_cluster = of_cluster
      ORDER BY r.network_id, r.address FOR UPDATE OF r;
    FOR owner IN
        WITH released AS (
            DELETE FROM reservations r USING unnest(gone) AS g (number)
             WHERE r.owner_namespace = namespaces[g.number] AND r.owner_name = names[g.number] AND r.owner_kind = kinds[g.number]
               AND r.owner_cluster = of_cluster AND r.policy_source = 'nad'
               AND NOT EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address)
            RETURNING g.number, r.address::inet AS address)
        SELECT d.number, array_agg(d.address) AS addresses FROM released d GROUP BY d.number ORDER BY d.number
    LOOP
        PERFORM note_released('OwnerGone', of_cluster, namespaces[owner.number], names[owner.number], owner.addresses,
                              format('%s %s is gone', object_kinds[owner.number], object_names[owner.number]));
        RETURN QUERY SELECT owner.number, freed.address FROM unnest(owner.addresses) AS freed (address);
    END LOOP;
    DELETE FROM owner_objects o USING unnest(gone) AS g (number)
     WHERE o.cluster = of_cluster AND o.owner_kind = kinds[g.number] AND o.namespace = namespaces[g.number]
       AND o.name = names[g.number]
       AND NOT EXISTS (SELECT FROM reservations r
                        WHERE r.owner_namespace = o.namespace AND r.owner_name = o.name AND r.owner_kind = o.owner_kind
                          AND r.owner_cluster = of_cluster AND r.policy_source = 'nad');
    PERFORM set_config('rowhouse.command', command, true);
END $$;
COMMENT ON FUNCTION release_owners_v1 IS 'Releases the unused addresses of owners whose Kubernetes objects are gone.';

-- schema/controller/renew_owners_v1.sql
CREATE OR REPLACE FUNCTION renew_owners_v1(actor text, of_cluster text, kinds owner_kind[], namespaces text[], names text[], exist boolean)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- exist: the objects of these owners exist, so their addresses do not expire. Otherwise the controller cannot know: an
-- address that no sandbox uses expires after its sticky_ttl, counted from now. Returns how many addresses changed.
#variable_conflict use_column
DECLARE
    command text := coalesce(current_setting('rowhouse.command', true), '');
    changed integer;
BEGIN
    PERFORM act_as(actor, ''), set_config('rowhouse.command', 'RECONCILE', true);
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    -- Locked in the order of attach_v2(), and before the statements that look for attachments and reservations.
    PERFORM FROM owner_objects o JOIN unnest(kinds, namespaces, names) AS owner (kind, namespace, name)
                   ON o.owner_kind = owner.kind AND o.namespace = owner.namespace AND o.name = owner.name
      WHERE o.cluster = of_cluster
      ORDER BY o.owner_kind, o.namespace, o.name FOR UPDATE OF o;
    PERFORM FROM reservations r JOIN unnest(kinds, namespaces, names) AS owner (kind, namespace, name)
                   ON r.owner_namespace = owner.namespace AND r.owner_name = owner.name AND r.owner_kind = owner.kind
      WHERE r.owner_cluster = of_cluster
      ORDER BY r.network_id, r.address FOR UPDATE OF r;
    UPDATE reservations r
       SET expires_at = CASE WHEN NOT exist THEN clock_timestamp() + r.sticky_ttl END
      FROM unnest(kinds, namespaces, names) AS owner (kind, namespace, name)
     WHERE r.owner_namespace = owner.namespace AND r.owner_name = owner.name AND r.owner_kind = owner.kind
       AND r.owner_cluster = of_cluster AND r.policy_source = 'nad' AND r.sticky_ttl IS NOT NULL
       AND (r.expires_at IS NULL) = NOT exist
       AND NOT EXISTS (SELECT FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address);
    GET DIAGNOSTICS changed = ROW_COUNT;
    DELETE FROM owner_objects o USING unnest(kinds, namespaces, names) AS owner (kind, namespace, name)
     WHERE o.cluster = of_cluster AND o.owner_kind = owner.kind AND o.namespace = owner.namespace AND o.name = owner.name
       AND NOT EXISTS (SELECT FROM reservations r
                        WHERE r.owner_namespace = o.namespace AND r.owner_name = o.name AND r.owner_kind = o.owner_kind
                          AND r.owner_cluster = of_cluster);
    PERFORM set_config('rowhouse.command', command, true);
    RETURN changed;
END $$;
COMMENT ON FUNCTION renew_owners_v1 IS 'Stops or starts the expiry of unused addresses whose owners a Kubernetes object keeps.';

-- schema/controller/note_allocation_failures_v2.sql
CREATE OR REPLACE FUNCTION note_allocation_failures_v2(
    clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[],
    uids text[], messages text[], counts bigint[], reasons text[], event_messages text[], holders text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '1s'
AS $$
BEGIN
    -- In a fixed order, so that two servers do not deadlock.
    INSERT INTO allocation_failures AS r
           (cluster, namespace, pod, interface, node, pod_uid, message, times, reason, event_message, held_by)
    SELECT n.* FROM unnest(clusters, namespaces, pods, interfaces, nodes, uids, messages, counts, reasons, event_messages, holders)
                 AS n (cluster, namespace, pod, interface, node, pod_uid, message, times, reason, event_message, held_by)
     ORDER BY n.cluster, n.namespace, n.pod, n.interface, n.reason
    ON CONFLICT (cluster, namespace, pod, interface, reason) DO UPDATE
       SET node = excluded.node, pod_uid = excluded.pod_uid, message = excluded.message,
           event_message = excluded.event_message, held_by = excluded.held_by,
           times = r.times + excluded.times, last_at = clock_timestamp();
    -- A cluster may have no controller that takes them.
    DELETE FROM allocation_failures WHERE last_at < clock_timestamp() - interval '1 hour';
END $$;
COMMENT ON FUNCTION note_allocation_failures_v2 IS 'Stores refused ADDs for the controller; deletes those older than an hour.';

-- schema/controller/note_allocation_failures_v1.sql
CREATE OR REPLACE FUNCTION note_allocation_failures_v1(
    clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[],
    uids text[], messages text[], counts bigint[], reasons text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '1s'
AS $$
-- Called by servers of version 0.1.0. Their messages may name owners of other namespaces, so teams see no part of them.
BEGIN
    PERFORM note_allocation_failures_v2(
        clusters, namespaces, pods, interfaces, nodes, uids, messages, counts, reasons,
        array_fill('an operator can see the reason'::text, ARRAY[cardinality(messages)]), messages);
END $$;
COMMENT ON FUNCTION note_allocation_failures_v1 IS 'As note_allocation_failures_v2, for servers of the previous release.';

-- schema/controller/take_allocation_failures_v1.sql
CREATE OR REPLACE FUNCTION take_allocation_failures_v1(of_cluster text, at_most integer) RETURNS SETOF allocation_failures
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    DELETE FROM allocation_failures AS r WHERE (r.cluster, r.namespace, r.pod, r.interface, r.reason) IN (
        SELECT w.cluster, w.namespace, w.pod, w.interface, w.reason FROM allocation_failures w
         WHERE w.cluster = of_cluster ORDER BY w.namespace, w.pod, w.interface, w.reason LIMIT at_most FOR UPDATE SKIP LOCKED)
    RETURNING r.*;
END;
COMMENT ON FUNCTION take_allocation_failures_v1 IS 'Takes the refused ADDs of a cluster, for events.';

-- schema/controller/gateway_in_use.sql
CREATE OR REPLACE FUNCTION gateway_in_use() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Reports a pod that runs with the address of a router: it keeps using the address until its DEL.
BEGIN
    PERFORM note_allocation_failures_v2(array_agg(a.cluster), array_agg(r.owner_namespace), array_agg(r.owner_name), array_agg(a.interface),
                             array_agg(a.node), array_agg(coalesce(a.pod_uid, r.owner_uid)),
                             array_agg(concat('address ', host(NEW.address), ' of interface ', a.interface, ' is now ',
                                              why_withheld(NEW.network_id, NEW.address),
                                              ': recreate the pod, which then gets another address, or correct the gateway')),
                             array_agg(1::bigint), array_agg('AddressIsGateway'::text),
                             array_agg(concat('address ', host(NEW.address), ' of interface ', a.interface,
                                              ' is now a gateway: recreate the pod, which then gets another address')),
                             array_agg(why_withheld(NEW.network_id, NEW.address)))
       FROM (SELECT DISTINCT ON (a.cluster, a.interface) a.* FROM attachments a
              WHERE a.network_id = NEW.network_id AND a.address = NEW.address
              ORDER BY a.cluster, a.interface, a.attached_at DESC) AS a
       JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address AND r.owner_kind = 'pod'
     HAVING count(*) > 0;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION gateway_in_use() IS 'Trigger: records running pods whose address became a gateway, for an event.';

CREATE OR REPLACE TRIGGER gateways_in_use AFTER INSERT ON gateways FOR EACH ROW EXECUTE FUNCTION gateway_in_use();

-- schema/nodes/report_node_v1.sql
CREATE OR REPLACE FUNCTION report_node_v1(of_cluster text, of_node text, plugin_version text, agent_version text, kept_dels bigint,
                               kept_bytes bigint, started_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '1s'
AS $$
-- The commit does not wait for the disk or for a standby: a lost report is replaced a minute later.
#variable_conflict use_variable
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO nodes AS n (cluster, node, plugin_version, agent_version, kept_dels, kept_bytes, started_at)
    VALUES (of_cluster, of_node, plugin_version, agent_version, kept_dels, kept_bytes, started_at)
    ON CONFLICT ON CONSTRAINT nodes_pkey DO UPDATE
       SET plugin_version = excluded.plugin_version, agent_version = excluded.agent_version,
           kept_dels = excluded.kept_dels, kept_bytes = excluded.kept_bytes, started_at = excluded.started_at,
           last_seen = clock_timestamp();
END $$;
COMMENT ON FUNCTION report_node_v1 IS 'Stores the report of a node''s agent in place of its last one.';

-- schema/import/import_pool_v1.sql
CREATE OR REPLACE FUNCTION import_pool_v1(
    actor text, request_id text, only_look boolean, of_cluster text,
    wanted_network text, wanted cidr, wants_isolation boolean, nodes text[], slices cidr[])
RETURNS TABLE (ordinal integer, outcome text, detail text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- Creates a pool and the slices of its nodes if they are missing. The pool is ordinal 0, slices count from 1.
-- only_look: creates nothing.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
    pool    pools;
    own     cidr;
    other   node_slices;
    alone   boolean;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT * INTO pool FROM pools p WHERE p.network_name = wanted_network AND p.cidr = wanted;
    ordinal := 0;
    outcome := CASE WHEN FOUND THEN 'there' ELSE 'new' END;
    detail := '';
    IF outcome = 'there' THEN
        SELECT n.isolated IS NOT NULL INTO alone FROM networks n WHERE n.id = pool.network_id;
        IF alone <> wants_isolation THEN
            detail := CASE WHEN alone THEN 'it has a space of its own here' ELSE 'it shares its addresses with other pools here' END;
        END IF;
    ELSIF NOT only_look THEN
        pool := ensure_pool(wanted_network, wanted, wants_isolation);
    END IF;
    RETURN NEXT;
    IF NOT only_look AND cardinality(slices) > 0 THEN
        -- One at a time, as ensure_node_slice() does.
        PERFORM FROM pools p WHERE p.id = pool.id FOR NO KEY UPDATE;
    END IF;
    FOR i IN 1 .. coalesce(cardinality(slices), 0) LOOP
        ordinal := i;
        detail := '';
        SELECT s.slice INTO own FROM node_slices s WHERE s.pool_id = pool.id AND s.cluster = of_cluster AND s.node = nodes[i];
        IF FOUND THEN
            outcome := CASE WHEN own = slices[i] THEN 'there' ELSE 'conflict' END;
            detail := CASE WHEN own = slices[i] THEN '' ELSE 'node ' || nodes[i] || ' has ' || own || ' here' END;
        ELSIF NOT slices[i] <<= wanted THEN
            outcome := 'conflict';
            detail := slices[i] || ' is not inside ' || wanted;
        ELSE
            SELECT s.* INTO other FROM node_slices s WHERE s.pool_id = pool.id AND s.slice && slices[i] LIMIT 1;
            IF FOUND THEN
                outcome := 'conflict';
                detail := other.slice || ' is the slice of node ' || other.node || ' here';
            ELSE
                outcome := 'new';
                IF NOT only_look THEN
                    INSERT INTO node_slices (pool_id, cluster, node, slice) VALUES (pool.id, of_cluster, nodes[i], slices[i]);
                END IF;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION import_pool_v1 IS 'Import: creates a pool and the slices of its nodes if they are missing.';

-- schema/import/import_addresses_v1.sql
CREATE OR REPLACE FUNCTION import_addresses_v1(
    actor text, request_id text, only_look boolean, of_cluster text,
    wanted_network text, wanted cidr, wants_isolation boolean, entries jsonb, are_running boolean DEFAULT false)
RETURNS TABLE (ordinal integer, outcome text, detail text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET plan_cache_mode = force_generic_plan
SET jit = off
-- The planner knows neither the number of addresses nor the size of tables that an import has begun to fill. LIMIT 1
-- makes it use one index look-up for each address.
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_material = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Takes over a batch of addresses of one pool, each once. An entry is an object: n, address, kind, namespace, name,
-- interface, uid, description, and sandboxes, a list of [container id, interface, node] in that order ("C"). An
-- address of another owner stays, and is reported. Addresses that another session is taking are not in the result: call
-- again.
--
-- are_running: the entries are running pods with known nodes and uids, but unknown sandbox ids (''). An owner that already
-- holds the address gets the attachment of its pod in addition to its others.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
    the_pool integer;
    space    integer;
    told     integer[];
    outcomes text[];
    details  text[];
    changed  integer[];
    moved    inet[];
    taken    inet[];
BEGIN
    PERFORM act_as(actor, request_id);
    IF NOT only_look THEN
        -- Before a pool is read or a run is locked: see wait_for_reservations().
        LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    END IF;
    SELECT p.id, p.network_id INTO the_pool, space FROM pools p WHERE p.network_name = wanted_network AND p.cidr = wanted;
    IF NOT FOUND THEN
        IF NOT only_look THEN
            RAISE EXCEPTION 'there is no pool % in the %', wanted,
                coalesce('network "' || nullif(wanted_network, '') || '"', 'default network')
                USING ERRCODE = error_code('not_found'), HINT = '`rowhouse pool list` lists the existing ones.';
        END IF;
        SELECT n.id INTO space FROM networks n
         WHERE n.name = wanted_network AND n.isolated IS NOT DISTINCT FROM CASE WHEN wants_isolation THEN wanted END;
    END IF;
    IF NOT only_look THEN
        PERFORM FROM (SELECT one.address FROM jsonb_to_recordset(entries) AS one (address inet) ORDER BY one.address) AS e
          CROSS JOIN LATERAL (SELECT FROM reservations r
                               WHERE r.network_id = space AND r.address = e.address LIMIT 1 FOR UPDATE) AS held;
    END IF;

    SELECT array_agg(f.n), array_agg(f.outcome), array_agg(f.detail), array_agg(f.n) FILTER (WHERE f.outcome = 'changed')
      INTO told, outcomes, details, changed
      FROM (
        SELECT held.n, CASE WHEN NOT held.same THEN 'conflict' WHEN held.untouched AND held.differs THEN 'changed' ELSE 'there' END AS outcome,
               CASE WHEN NOT held.same THEN held.owner END AS detail
          FROM (
               SELECT e.n,
                      (r.owner_kind, r.owner_namespace, r.owner_name) = (e.kind, e.namespace, e.name)
                      AND r.pool_id IS NOT DISTINCT FROM the_pool
                      AND (r.owner_kind = 'static' OR r.owner_cluster = of_cluster)
                      AND (r.owner_interface = e.interface OR '' IN (r.owner_interface, e.interface)) AS same,
                      r.owner_kind = 'pod' AND (are_running OR (SELECT t.start_reason = 'IMPORT' FROM tenures t WHERE t.id = r.tenure_id)) AS untouched,
                      CASE WHEN are_running THEN NOT EXISTS (
                           SELECT FROM attachments a
                            WHERE a.network_id = r.network_id AND a.address = r.address AND a.interface = e.interface
                              AND a.node = e.sandboxes -> 0 ->> 2 AND a.pod_uid = e.uid)
                      ELSE (r.owner_interface, r.owner_uid)
                      IS DISTINCT FROM (coalesce(nullif(e.interface, ''), r.owner_interface), coalesce(e.uid, r.owner_uid))
                      OR e.sandboxes IS DISTINCT FROM (
                         SELECT coalesce(jsonb_agg(jsonb_build_array(a.container_id, a.interface, a.node)
                                                   ORDER BY a.container_id COLLATE "C", a.interface COLLATE "C"), '[]')
                           FROM attachments a WHERE a.network_id = r.network_id AND a.address = r.address) END AS differs,
                      concat('held by ', CASE r.owner_kind WHEN 'pod' THEN r.owner_namespace || '/' END, r.owner_name,
                             ' ' || nullif(r.owner_interface, ''), ' of cluster ' || nullif(r.owner_cluster, ''),
                             CASE WHEN r.pool_id <> the_pool THEN (SELECT ' in pool ' || p.cidr FROM pools p WHERE p.id = r.pool_id) END,
                             ' since ', to_char(r.reserved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ' UTC') AS owner
                 FROM jsonb_to_recordset(entries) AS e (n integer, address inet, kind owner_kind, namespace text, name text,
                                                        interface text, uid text, sandboxes jsonb)
                CROSS JOIN LATERAL (SELECT * FROM reservations one
                                     WHERE one.network_id = space AND one.address = e.address LIMIT 1) AS r) AS held
        UNION ALL
        SELECT e.n, 'conflict', 'kept out of use by an exclusion'
          FROM jsonb_to_recordset(entries) AS e (n integer, address inet)
         WHERE is_excluded(space, e.address)
           AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = space AND r.address = e.address)) AS f;
    RETURN QUERY SELECT f.n, f.o, f.d FROM unnest(told, outcomes, details) AS f (n, o, d);

    IF only_look THEN
        RETURN QUERY SELECT e.n, 'new', NULL::text FROM jsonb_to_recordset(entries) AS e (n integer)
                      WHERE e.n <> ALL (coalesce(told, '{}'));
        RETURN;
    END IF;

    IF changed IS NOT NULL THEN
        moved := ARRAY(SELECT e.address FROM jsonb_to_recordset(entries) AS e (n integer, address inet) WHERE e.n = ANY (changed));
        -- Unchanged since the import, but different at the source: another sandbox, or its interface became known.
        DELETE FROM attachments a
         USING jsonb_to_recordset(entries) AS e (n integer, address inet, sandboxes jsonb)
         WHERE e.n = ANY (changed) AND a.network_id = space AND a.address = ANY (moved) AND a.address = e.address
           AND NOT are_running AND NOT e.sandboxes @> jsonb_build_array(jsonb_build_array(a.container_id, a.interface, a.node));
        INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, pod_uid)
        SELECT of_cluster, s.used->>0, s.used->>1, space, e.address, s.used->>2, e.uid
          FROM jsonb_to_recordset(entries) AS e (n integer, address inet, uid text, sandboxes jsonb),
               jsonb_array_elements(e.sandboxes) AS s (used)
         WHERE e.n = ANY (changed)
        ON CONFLICT (cluster, container_id, interface, network_id, address)
        DO UPDATE SET pod_uid = coalesce(excluded.pod_uid, attachments.pod_uid);
        UPDATE reservations r
           SET owner_uid = coalesce(e.uid, r.owner_uid),
               owner_interface = CASE WHEN EXISTS (
                   -- (two addresses of one owner in one pool that are only now known to be of one interface)
                   SELECT FROM reservations o
                    WHERE (o.owner_namespace, o.owner_name, o.pool_id, o.owner_interface, o.owner_cluster, o.slot)
                        = (r.owner_namespace, r.owner_name, r.pool_id, e.interface, r.owner_cluster, r.slot)) THEN r.owner_interface
                   ELSE coalesce(nullif(e.interface, ''), r.owner_interface) END,
               node = coalesce(e.sandboxes->0->>2, ''),
               container_id = coalesce(e.sandboxes->0->>0, '')
          FROM jsonb_to_recordset(entries) AS e (n integer, address inet, interface text, uid text, sandboxes jsonb)
         WHERE e.n = ANY (changed) AND r.network_id = space AND r.address = ANY (moved) AND r.address = e.address;
    END IF;

    -- Runs are locked before reservations are made, as in all functions.
    PERFORM FROM (SELECT DISTINCT run.quarantined, run.last
                    FROM jsonb_to_recordset(entries) AS e (n integer, address inet)
                   CROSS JOIN LATERAL (
                         (SELECT q.quarantined, q.first, q.last FROM free_ranges q
                           WHERE q.network_id = space AND NOT q.quarantined AND q.last >= e.address ORDER BY q.last LIMIT 1)
                         UNION ALL
                         (SELECT q.quarantined, q.first, q.last FROM free_ranges q
                           WHERE q.network_id = space AND q.quarantined AND q.last >= e.address ORDER BY q.last LIMIT 1)) AS run
                   WHERE e.n <> ALL (coalesce(told, '{}')) AND run.first <= e.address
                   ORDER BY run.quarantined, run.last) AS holding
      CROSS JOIN LATERAL (SELECT FROM free_ranges f
                           WHERE f.network_id = space AND f.quarantined = holding.quarantined AND f.last = holding.last
                           LIMIT 1 FOR UPDATE) AS locked;
    WITH made AS (
        INSERT INTO reservations AS r (network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name,
                                       owner_interface, owner_uid, slot, sticky, node, container_id, description)
        SELECT space, e.address, the_pool, e.kind, CASE e.kind WHEN 'pod' THEN of_cluster ELSE '' END,
               e.namespace, e.name, e.interface, e.uid,
               row_number() OVER (PARTITION BY e.kind, e.namespace, e.name, e.interface ORDER BY e.n) - 1
               + coalesce((SELECT max(o.slot) + 1 FROM reservations o
                            WHERE o.owner_namespace = e.namespace AND o.owner_name = e.name AND o.pool_id = the_pool
                              AND o.owner_interface = e.interface
                              AND o.owner_cluster = CASE e.kind WHEN 'pod' THEN of_cluster ELSE '' END), 0),
               e.kind = 'static', coalesce(e.sandboxes->0->>2, ''), coalesce(e.sandboxes->0->>0, ''), e.description
          FROM jsonb_to_recordset(entries) AS e (n integer, address inet, kind owner_kind, namespace text, name text,
                                                 interface text, uid text, description text, sandboxes jsonb)
         WHERE e.n <> ALL (coalesce(told, '{}'))
           AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = space AND r.address = e.address)
         ORDER BY e.address
        ON CONFLICT DO NOTHING
        RETURNING r.address)
    SELECT array_agg(made.address) INTO taken FROM made;
    IF taken IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, pod_uid)
    SELECT of_cluster, s.used->>0, s.used->>1, space, e.address, s.used->>2, e.uid
      FROM jsonb_to_recordset(entries) AS e (address inet, uid text, sandboxes jsonb),
           jsonb_array_elements(e.sandboxes) AS s (used)
     WHERE e.address = ANY (taken);
    INSERT INTO imported_unnamed (network_id, address)
    SELECT space, e.address FROM jsonb_to_recordset(entries) AS e (address inet, kind owner_kind, interface text)
     WHERE e.kind = 'pod' AND e.interface = '' AND e.address = ANY (taken)
    ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT e.n, 'new', NULL::text FROM jsonb_to_recordset(entries) AS e (n integer, address inet)
                  WHERE e.address = ANY (taken);
END $$;
COMMENT ON FUNCTION import_addresses_v1 IS 'Import: takes over a batch of addresses of one pool with their sandboxes, but no address of another owner.';

-- schema/import/import_stale_v1.sql
CREATE OR REPLACE FUNCTION import_stale_v1(
    actor text, request_id text, only_look boolean, of_cluster text, wanted_network text, wanted cidr,
    addresses inet[], namespaces text[], names text[], listed_at timestamptz)
RETURNS TABLE (address inet, namespace text, name text, interface text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Before an import of running pods: other owners of their addresses in this database. A restored database may still have
-- pods that have ended since. Leaves out sticky and manual reservations, and everything reserved or attached since the
-- pods were listed.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
    stale   inet[];
    space   integer;
BEGIN
    PERFORM act_as(actor, request_id);
    SELECT p.network_id INTO space FROM pools p WHERE p.network_name = wanted_network AND p.cidr = wanted;
    stale := ARRAY(
        SELECT r.address::inet FROM unnest(addresses, namespaces, names) AS running (address, namespace, name)
         CROSS JOIN LATERAL (SELECT * FROM reservations one
                              WHERE one.network_id = space AND one.address = running.address LIMIT 1 FOR UPDATE) AS r
         WHERE r.owner_kind = 'pod' AND r.owner_cluster = of_cluster AND NOT r.sticky AND r.policy_source = 'nad'
           AND (r.owner_namespace, r.owner_name) <> (running.namespace, running.name) AND r.reserved_at < listed_at
           AND NOT EXISTS (SELECT FROM attachments a
                            WHERE a.network_id = r.network_id AND a.address = r.address AND a.attached_at >= listed_at));
    RETURN QUERY
        SELECT r.address::inet, r.owner_namespace, r.owner_name, r.owner_interface FROM unnest(stale) AS s (address)
         CROSS JOIN LATERAL (SELECT * FROM reservations one
                              WHERE one.network_id = space AND one.address = s.address LIMIT 1) AS r;
    IF NOT only_look THEN
        DELETE FROM reservations r USING unnest(stale) AS s (address) WHERE r.network_id = space AND r.address = s.address;
    END IF;
END $$;
COMMENT ON FUNCTION import_stale_v1 IS 'Import of running pods: releases addresses of running pods that the database assigns to ended ones.';

-- schema/import/import_read_v1.sql
CREATE OR REPLACE FUNCTION import_read_v1(wanted_network text, wanted cidr) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    SELECT set_config('rowhouse.command', 'IMPORT', true);
    INSERT INTO rowhouse.assignment_hold_pools (pool_id)
    SELECT p.id FROM rowhouse.pools p, rowhouse.assignment_hold WHERE p.network_name = wanted_network AND p.cidr = wanted
    ON CONFLICT DO NOTHING;
END;
COMMENT ON FUNCTION import_read_v1(text, cidr) IS 'Import of running pods: marks a pool as read, so that it assigns addresses again.';

-- schema/import/import_release_v1.sql
CREATE OR REPLACE FUNCTION import_release_v1(
    actor text, request_id text, wanted_network text, wanted cidr, addresses inet[], namespaces text[], names text[])
RETURNS SETOF inet
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Releases imported addresses that are no longer in use at their source, if they are unchanged since the import and have
-- the same owner.
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
BEGIN
    PERFORM act_as(actor, request_id);
    RETURN QUERY
        DELETE FROM reservations r
         USING unnest(addresses, namespaces, names) AS gone (address, namespace, name), pools p
         WHERE p.network_name = wanted_network AND p.cidr = wanted
           AND r.network_id = p.network_id AND r.address = gone.address AND r.pool_id = p.id
           AND (r.owner_namespace, r.owner_name) = (gone.namespace, gone.name)
           AND (SELECT t.start_reason = 'IMPORT' FROM tenures t WHERE t.id = r.tenure_id)
        RETURNING r.address::inet;
END $$;
COMMENT ON FUNCTION import_release_v1 IS 'Import: releases imported addresses that are no longer in use at their source.';

-- schema/import/import_record_v1.sql
CREATE OR REPLACE FUNCTION import_record_v1(actor text, request_id text, source text, facts jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM act_as(actor, request_id);
    PERFORM record_change('import.run', source, NULL, facts);
END $$;
COMMENT ON FUNCTION import_record_v1 IS 'Import: writes an audit log entry about what was taken over.';

-- schema/import/imported_sandbox_v1.sql
CREATE OR REPLACE FUNCTION imported_sandbox_v1(
    of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean,
    of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[])
RETURNS TABLE (network_id integer, address inet, container_id text, interface text, node text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
SET enable_seqscan = off
AS $$
-- The only imported attachments that a call can mean: those of its container without an interface or a node (whereabouts
-- before v0.8, an export without pods), or those of its pod without a container (an import of running pods).
--
-- Without an interface: in the pools of the call's configuration, or, if that cannot be read (cidrs NULL), the only one.
-- only_node is the node of a caller that acts only for its own node: attachments of another node never match, and those
-- of an unknown node only if it was verified that the pod runs there.
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT a.network_id, a.address::inet, a.container_id, a.interface, a.node
          FROM attachments a
          JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
         WHERE a.cluster = of_cluster AND a.container_id = of_container
           AND (a.interface = '' OR a.interface = of_interface AND a.node = '')
           AND (only_node IS NULL OR a.node = only_node OR a.node = '' AND is_verified)
           AND (a.interface <> ''
                OR EXISTS (SELECT FROM unnest(networks, cidrs) AS range (network, cidr) JOIN pools p
                              ON p.network_name = range.network AND p.cidr = range.cidr
                            WHERE p.id = r.pool_id)
                OR cidrs IS NULL AND NOT EXISTS (
                   SELECT FROM attachments other
                    WHERE other.cluster = of_cluster AND other.container_id = of_container AND other.interface = ''
                      AND (other.network_id, other.address) <> (a.network_id, a.address)))
        UNION ALL
        SELECT a.network_id, a.address::inet, a.container_id, a.interface, a.node
          FROM reservations r
          JOIN attachments a ON a.network_id = r.network_id AND a.address = r.address
         WHERE r.owner_namespace = of_namespace AND r.owner_name = of_pod AND r.owner_cluster = of_cluster
           AND r.owner_kind = 'pod' AND a.cluster = of_cluster AND a.container_id = '' AND a.interface = of_interface
           AND (a.pod_uid IS NULL OR of_uid IS NULL OR a.pod_uid = of_uid)
           AND a.node IN ('', of_node)
           AND (only_node IS NULL OR a.node = only_node OR a.node = '' AND is_verified)
         ORDER BY 1, 2;
END $$;
COMMENT ON FUNCTION imported_sandbox_v1 IS 'The only imported attachments that a DEL or CHECK can mean. Changes nothing.';

-- schema/import/adopt_sandbox_v1.sql
CREATE OR REPLACE FUNCTION adopt_sandbox_v1(
    of_cluster text, of_container text, of_interface text, of_node text, only_node text, is_verified boolean,
    of_namespace text, of_pod text, of_uid text, networks text[], cidrs cidr[])
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Gives imported attachments the container, the interface and the node of a DEL that can only mean them
-- (imported_sandbox_v1), and returns their number. -1: none, but there would be some if it were verified that the pod
-- runs on the caller's node.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'ADOPT', true);
    one   record;
    count integer := 0;
BEGIN
    FOR one IN
        SELECT i.* FROM imported_sandbox_v1(of_cluster, of_container, of_interface, of_node, only_node, is_verified,
                                            of_namespace, of_pod, of_uid, networks, cidrs) AS i
          JOIN reservations r ON r.network_id = i.network_id AND r.address = i.address
         ORDER BY i.network_id, i.address FOR UPDATE OF r
    LOOP
        UPDATE attachments a SET container_id = of_container, interface = of_interface, node = coalesce(nullif(a.node, ''), of_node)
         WHERE a.cluster = of_cluster AND a.network_id = one.network_id AND a.address = one.address
           AND (a.container_id, a.interface, a.node) = (one.container_id, one.interface, one.node)
           AND NOT EXISTS (SELECT FROM attachments other
                            WHERE (other.cluster, other.container_id, other.interface, other.network_id, other.address)
                                = (a.cluster, of_container, of_interface, a.network_id, a.address)
                              AND (a.interface, a.container_id) <> (of_interface, of_container));
        IF FOUND THEN
            count := count + 1;
        END IF;
    END LOOP;
    IF count = 0 AND NOT is_verified AND only_node IS NOT NULL AND EXISTS (
           SELECT FROM imported_sandbox_v1(of_cluster, of_container, of_interface, of_node, only_node, true,
                                           of_namespace, of_pod, of_uid, networks, cidrs)) THEN
        RETURN -1;
    END IF;
    RETURN count;
END $$;
COMMENT ON FUNCTION adopt_sandbox_v1 IS
    'DEL for addresses imported without container, interface or node: completes the attachments that the call means.';

-- schema/import/adopt_owner_v1.sql
CREATE OR REPLACE FUNCTION adopt_owner_v1(
    of_cluster text, of_namespace text, of_pod text, of_interface text, networks text[], cidrs cidr[],
    only_node text DEFAULT NULL, is_verified boolean DEFAULT false, known inet[] DEFAULT NULL, can_ask boolean DEFAULT false)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Before an ADD: in each pool, assigns the lowest address that the pod holds without an interface to this interface,
-- unless it already has one there. Returns their number. known has the addresses of this interface from the pod's status;
-- if it is NULL, the interface gets the only address, or the lowest. A caller that acts only for its own node (only_node)
-- gets no address of a sandbox on another node, and none on an unknown node unless it was verified that the pod runs on
-- the caller's node. -1: there is an address, and the caller, which can ask the cluster (can_ask), must do so first.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'ADD', true);
    one     record;
    count   integer := 0;
BEGIN
    FOR one IN
        SELECT DISTINCT ON (p.id) p.id AS pool_id, r.network_id, r.address
          FROM unnest(networks, cidrs) AS range (network, cidr)
          JOIN pools p ON p.network_name = range.network AND p.cidr = range.cidr
          JOIN reservations r
            ON r.owner_namespace = of_namespace AND r.owner_name = of_pod AND r.pool_id = p.id
           AND r.owner_interface = '' AND r.owner_cluster = of_cluster
         WHERE r.owner_kind = 'pod' AND (known IS NULL OR r.address = ANY (known))
           AND (only_node IS NULL OR is_verified OR can_ask
                OR NOT EXISTS (SELECT FROM attachments a
                                WHERE a.network_id = r.network_id AND a.address = r.address AND a.node <> only_node))
           AND NOT EXISTS (SELECT FROM reservations named
                            WHERE named.owner_namespace = of_namespace AND named.owner_name = of_pod AND named.pool_id = p.id
                              AND named.owner_interface = of_interface AND named.owner_cluster = of_cluster AND named.slot = 0)
         ORDER BY p.id, r.slot
    LOOP
        IF can_ask THEN
            RETURN -1;
        END IF;
        UPDATE reservations r SET owner_interface = of_interface, slot = 0
         WHERE r.network_id = one.network_id AND r.address = one.address AND r.owner_interface = '' AND r.pool_id = one.pool_id
           AND r.owner_namespace = of_namespace AND r.owner_name = of_pod AND r.owner_cluster = of_cluster;
        IF FOUND THEN
            UPDATE attachments a SET interface = of_interface
             WHERE a.network_id = one.network_id AND a.address = one.address AND a.interface = '';
            count := count + 1;
        END IF;
    END LOOP;
    RETURN count;
END $$;
COMMENT ON FUNCTION adopt_owner_v1 IS 'ADD of a pod that was imported without interfaces: assigns its address to the interface that asks.';

-- schema/import/has_unnamed_v1.sql
CREATE OR REPLACE FUNCTION has_unnamed_v1() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Whether any imported address still has no interface; empties the table when all of them are complete.
BEGIN
    IF EXISTS (SELECT FROM imported_unnamed u
                WHERE EXISTS (SELECT FROM reservations r WHERE r.network_id = u.network_id AND r.address = u.address
                                 AND r.owner_interface = '' AND r.owner_kind = 'pod')) THEN
        RETURN true;
    END IF;
    DELETE FROM imported_unnamed u
     WHERE NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = u.network_id AND r.address = u.address
                          AND r.owner_interface = '' AND r.owner_kind = 'pod');
    RETURN false;
END $$;
COMMENT ON FUNCTION has_unnamed_v1() IS 'Whether any imported address still has no interface.';

-- schema/mirror/switch_mirror_triggers.sql
CREATE OR REPLACE FUNCTION switch_mirror_triggers() RETURNS void
LANGUAGE plpgsql AS $$
-- Enables the triggers on "reservations" while there is a mirror. Waits for writing transactions, so that afterwards
-- every transaction fires them.
DECLARE
    wanted boolean := EXISTS (SELECT FROM mirrors);
    name   text;
BEGIN
    FOR name IN
        SELECT t.tgname FROM pg_trigger t
         WHERE t.tgrelid = 'reservations'::regclass AND t.tgname LIKE 'reservations\_mirror\_%'
           AND (t.tgenabled <> 'D') <> wanted
         ORDER BY t.tgname
    LOOP
        EXECUTE format('ALTER TABLE reservations %s TRIGGER %I', CASE WHEN wanted THEN 'ENABLE' ELSE 'DISABLE' END, name);
    END LOOP;
END $$;
COMMENT ON FUNCTION switch_mirror_triggers() IS 'Enables the triggers of the outbox if there is a mirror; otherwise disables them.';

-- schema/mirror/mark_for_mirrors.sql
CREATE OR REPLACE FUNCTION mark_for_mirrors(changed integer[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Marks pools as changed where they are not marked, and wakes the mirrors if they may be asleep. A NOTIFY makes commits
-- wait for each other, disk and all, so it is sent only when the outbox was empty, and by one transaction at a time. (Who
-- leaves it to another one is a writer under way when that one wakes the mirror, see above.)
BEGIN
    -- An older snapshot may show marks that are gone.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        INSERT INTO mirror_changes (cluster, pool_id)
        SELECT m.cluster, pool FROM mirrors m, (SELECT DISTINCT unnest(changed) AS pool) AS p;
    ELSE
        INSERT INTO mirror_changes (cluster, pool_id)
        SELECT m.cluster, pool FROM mirrors m, (SELECT DISTINCT unnest(changed) AS pool) AS p
         WHERE (SELECT true FROM mirror_changes c WHERE c.cluster = m.cluster AND c.pool_id = pool LIMIT 1) IS NULL;
    END IF;
    IF FOUND AND NOT EXISTS (SELECT FROM mirror_changes WHERE made_by <> pg_current_xact_id())
       AND pg_try_advisory_xact_lock(hashtextextended('rowhouse mirror is called', 0)) THEN
        NOTIFY rowhouse_mirror;
    END IF;
END $$;
COMMENT ON FUNCTION mark_for_mirrors(integer[]) IS 'Marks pools as changed, for every mirror that has no mark of them.';

-- schema/mirror/mirror_on_v1.sql
CREATE OR REPLACE FUNCTION mirror_on_v1(of_cluster text, in_namespace text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '250ms' -- later transactions wait for us this long
AS $$
-- Starts recording a cluster's changes. The mirror must then read all pools.
BEGIN
    INSERT INTO mirrors AS m (cluster, namespace) VALUES (of_cluster, in_namespace)
        ON CONFLICT (cluster) DO UPDATE SET namespace = excluded.namespace WHERE m.namespace <> excluded.namespace;
    PERFORM switch_mirror_triggers();
END $$;
COMMENT ON FUNCTION mirror_on_v1 IS 'Starts recording changes for the mirror of a cluster.';

-- schema/mirror/mirror_off_v1.sql
CREATE OR REPLACE FUNCTION mirror_off_v1(of_cluster text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '250ms'
AS $$
-- Stops recording a cluster's changes, and returns whether they were recorded. Its objects stay as they are.
DECLARE
    was_on boolean;
BEGIN
    DELETE FROM mirrors WHERE cluster = of_cluster;
    was_on := FOUND;
    IF was_on THEN
        PERFORM switch_mirror_triggers();
        DELETE FROM mirror_changes WHERE cluster = of_cluster;
    END IF;
    RETURN was_on;
END $$;
COMMENT ON FUNCTION mirror_off_v1 IS 'Stops recording changes for the mirror of a cluster.';

-- schema/mirror/mirror_changes_v1.sql
CREATE OR REPLACE FUNCTION mirror_changes_v1(of_cluster text) RETURNS TABLE (pool_id integer, age interval)
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- Removes a cluster's marks. A transaction that relies on one of them is in a later result of mirror_writers_v1().
    DELETE FROM mirror_changes AS c WHERE c.cluster = of_cluster RETURNING c.pool_id, clock_timestamp() - c.made_at;
END;
COMMENT ON FUNCTION mirror_changes_v1 IS 'Takes the marks of changed pools out of the outbox.';

-- schema/mirror/mirror_writers_v1.sql
CREATE OR REPLACE FUNCTION mirror_writers_v1() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- Running transactions that may have written mirrored rows. A transaction holds its lock from before it first reads
    -- the outbox until its commit is visible.
    SELECT DISTINCT l.virtualtransaction FROM pg_locks l
     WHERE l.locktype = 'relation' AND l.granted
       AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
       AND l.relation IN ('rowhouse.reservations'::regclass, 'rowhouse.pools'::regclass, 'rowhouse.node_slices'::regclass)
       AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock');
END;
COMMENT ON FUNCTION mirror_writers_v1 IS 'The running transactions that may have written mirrored rows.';

-- schema/mirror/mirror_again_v1.sql
CREATE OR REPLACE FUNCTION mirror_again_v1(of_cluster text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Asks the mirror of a cluster to read all pools.
BEGIN
    INSERT INTO mirror_changes (cluster, pool_id) SELECT m.cluster, 0 FROM mirrors m WHERE m.cluster = of_cluster;
    NOTIFY rowhouse_mirror;
END $$;
COMMENT ON FUNCTION mirror_again_v1 IS 'Asks the mirror of a cluster to read all pools.';

-- schema/mirror/mirror_report_v1.sql
CREATE OR REPLACE FUNCTION mirror_report_v1(of_cluster text, report jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    UPDATE mirrors AS m SET report = mirror_report_v1.report, reported_at = clock_timestamp() WHERE m.cluster = of_cluster;
END;
COMMENT ON FUNCTION mirror_report_v1 IS 'Stores the report of a cluster''s mirror.';

-- schema/mirror/mirrored_pools_v1.sql
CREATE OR REPLACE FUNCTION mirrored_pools_v1()
RETURNS TABLE (pool_id integer, network text, cidr cidr, isolated boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    SELECT p.id, p.network_name, p.cidr, n.isolated IS NOT NULL
      FROM pools p JOIN networks n ON n.id = p.network_id ORDER BY p.id;
END;
COMMENT ON FUNCTION mirrored_pools_v1 IS 'All pools; isolated: its addresses are unique only within the pool.';

-- schema/mirror/mirrored_addresses_v1.sql
CREATE OR REPLACE FUNCTION mirrored_addresses_v1(of_pool integer, of_cluster text, after_address inet, at_most integer)
RETURNS TABLE (address inet, own boolean, container_id text, namespace text, pod text, interface text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- A page of a pool's addresses in use, in order. own: a pod of this cluster holds it, or uses it for an owner that outlives
-- it; others are held by a pod of another cluster, or not by a pod.
#variable_conflict use_column
DECLARE
    pool pools;
BEGIN
    SELECT * INTO pool FROM pools p WHERE p.id = of_pool;
    IF FOUND THEN
        RETURN QUERY
            SELECT r.address::inet, (r.owner_kind = 'pod' OR latest.pod_name IS NOT NULL) AND r.owner_cluster = of_cluster,
                   r.container_id, r.owner_namespace, coalesce(nullif(latest.pod_name, ''), r.owner_name),
                   coalesce(latest.interface, r.owner_interface)
              FROM reservations r
              LEFT JOIN LATERAL (SELECT a.pod_name, a.interface FROM attachments a
                                  WHERE r.owner_kind NOT IN ('pod', 'static')
                                    AND a.network_id = r.network_id AND a.address = r.address
                                  ORDER BY a.attached_at DESC LIMIT 1) AS latest ON true
             WHERE r.network_id = pool.network_id AND r.address BETWEEN first_address(pool.cidr) AND last_address(pool.cidr)
               -- ("0.0.0.0/0" comes before every address)
               AND r.address > coalesce(after_address, inet '0.0.0.0/0') AND r.pool_id = of_pool
             ORDER BY r.address LIMIT at_most;
    END IF;
END $$;
COMMENT ON FUNCTION mirrored_addresses_v1 IS 'A page of the addresses in use of a pool, for the mirror of a cluster.';

-- schema/mirror/mirror_unknown_v1.sql
CREATE OR REPLACE FUNCTION mirror_unknown_v1(of_network text, addresses inet[], holders text[])
RETURNS TABLE (address inet, holder text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- The pairs of an address and a pod ("namespace/name", '' matches any pod) that are not in the history.
    SELECT a, h FROM unnest(addresses, holders) AS pair (a, h)
     WHERE NOT EXISTS (
           SELECT FROM tenures t JOIN networks n ON n.id = t.network_id
            WHERE t.address = a AND n.name = of_network AND h IN ('', t.owner_namespace || '/' || t.owner_name));
END;
COMMENT ON FUNCTION mirror_unknown_v1 IS 'The pairs of an address and a pod that are not in the history.';

-- schema/roles/roles.sql
-- Three roles that cannot log in: grant them to login users.
--   rowhouse_owner    owns the schema and runs migrations
--   rowhouse_server   what the server may do: call the functions, manage pools; no DDL, no rewriting of history
--   rowhouse_auditor  reads the views and calls the reading functions, nothing else
-- Roles belong to the whole cluster and outlive the schema. Where the migrating user may not create
-- roles, a DBA creates them first; without them nothing is granted.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['rowhouse_owner', 'rowhouse_server', 'rowhouse_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE WARNING 'role % does not exist and % may not create it', role, current_user;
            END;
        END IF;
    END LOOP;
END $$;

-- By default, PostgreSQL lets every role call a new function.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rowhouse FROM PUBLIC;

-- schema/roles/rowhouse_server.sql
-- What the server calls, reads and manages. It may neither remove history nor write lines of the audit log at will
-- (prune_v1, prune_audit_v1, record_v1, repair_v1): `rowhouse db prune` and `rowhouse db repair` are for a member of rowhouse_owner.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_server') THEN
        GRANT USAGE ON SCHEMA rowhouse TO rowhouse_server;
        GRANT SELECT ON ALL TABLES IN SCHEMA rowhouse TO rowhouse_server;
        GRANT INSERT, UPDATE, DELETE ON networks, pools, node_slices, exclusions, gateways, quotas, tokens, idempotency_keys
            TO rowhouse_server;
        GRANT INSERT, DELETE ON sessions TO rowhouse_server;
        GRANT INSERT, DELETE ON comments TO rowhouse_server;
        GRANT INSERT, UPDATE, DELETE ON saved_views TO rowhouse_server;

        -- CNI
        GRANT EXECUTE ON FUNCTION attach_v1, attach_v2, attach_many_v1, detach_many_v1, available_v1, join_shared_space_v1,
                                  note_allocation_failures_v1, note_allocation_failures_v2
            TO rowhouse_server;
        -- Agents of nodes
        GRANT EXECUTE ON FUNCTION report_node_v1
            TO rowhouse_server;
        -- The API, the command line and the pages
        GRANT EXECUTE ON FUNCTION act_as, reserve_v1, reserve_v2, release_v1, release_v2, reassign_v1, edit_v1, label_v1, request_v1, decide_request_v1, hold_v1, resume_v1, change_pool_v1,
                                  explain_address, history_is_small, pool_fill, sample_fill_v1, sum_usage_v1, held_by, who_had, ran_on, of_container, in_prefix
            TO rowhouse_server;
        -- The controller
        GRANT EXECUTE ON FUNCTION sandboxes_v1, reclaim_v1, idle_owners_v1, release_owners_v1, renew_owners_v1,
                                  take_allocation_failures_v1, prune_requests_v1
            TO rowhouse_server;
        -- Its mirror
        GRANT EXECUTE ON FUNCTION mirror_on_v1, mirror_off_v1, mirror_changes_v1, mirror_writers_v1, mirror_again_v1,
                                  mirror_report_v1, mirrored_pools_v1, mirrored_slices_v1, mirrored_addresses_v1,
                                  mirror_unknown_v1
            TO rowhouse_server;
        -- Imports, and calls that mean what was imported
        GRANT EXECUTE ON FUNCTION import_pool_v1, import_addresses_v1, import_release_v1, import_record_v1, import_read_v1,
                                  import_gateways_v1, import_stale_v1, imported_sandbox_v1, adopt_sandbox_v1,
                                  adopt_owner_v1, has_unnamed_v1
            TO rowhouse_server;
        -- Used by views and statements
        GRANT EXECUTE ON FUNCTION audit_key, serves_code_of, error_code, is_excluded, is_withheld, is_on_request, on_request_count, special_use, why_withheld, pool_window, window_counts, pool_counts,
                                  first_address, last_address, first_usable, last_usable, address_number, address_count, address_key,
                                  network_key, network_keys,
                                  address_span, is_open_tenure, is_plain, inetrange(inet, inet)
            TO rowhouse_server;
    END IF;
END $$;

-- schema/roles/rowhouse_auditor.sql
-- Reads the views and what else the twenty questions of docs/dba.md are about, and calls the reading functions.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_auditor') THEN
        GRANT USAGE ON SCHEMA rowhouse TO rowhouse_auditor;
        GRANT SELECT ON current_reservations, address_history, attached_tenures, lasting_attachments, pool_usage, stale_reservations, integrity_problems, audit_log, audit_changes, error_codes,
                        gateways, exclusions, fill_samples, usage_periods, pool_trends,
                        networks, pools, pool_names, free_ranges, quotas, comments, saved_views, requests, current_requests, nodes
            TO rowhouse_auditor;
        GRANT EXECUTE ON FUNCTION error_code, audit_key, held_by, who_had, ran_on, of_container, in_prefix, explain_address, pool_fill, is_excluded, is_withheld, is_on_request, on_request_count, special_use, address_count, why_withheld,
                                  pool_window, pool_counts, first_address, last_address, first_usable, last_usable,
                                  address_number, address_key, network_key, network_keys, address_span, is_open_tenure, is_plain, inetrange(inet, inet)
            TO rowhouse_auditor;
    END IF;
END $$;

-- schema/roles/ownership.sql
-- Gives the schema and all in it to rowhouse_owner, so that any login of that role can migrate. It does so where the
-- migrating user owns them and may set that role; a user who may grant the role, because that user created it, takes it first.
DO $$
DECLARE
    one record;
    -- PostgreSQL 16 distinguishes membership from the right to become the role.
    becoming text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_owner') THEN
        RETURN;
    END IF;
    IF NOT pg_has_role('rowhouse_owner', becoming) THEN
        BEGIN
            EXECUTE format('GRANT rowhouse_owner TO %I', current_user);
        EXCEPTION
            WHEN insufficient_privilege THEN RETURN;
        END;
    END IF;
    FOR one IN
        SELECT 'SCHEMA rowhouse' AS object, nspowner AS owner FROM pg_namespace
         WHERE nspname = 'rowhouse' AND has_database_privilege(current_database(), 'CREATE')
        UNION ALL
        -- ALTER TABLE is for views as well. A sequence of a column goes with its table.
        SELECT format('TABLE %s', c.oid::regclass), c.relowner FROM pg_class c
         WHERE c.relnamespace = 'rowhouse'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
                              AND d.deptype IN ('a', 'i'))
        UNION ALL
        -- The functions of a range type are the bootstrap superuser's, whichever role makes the type.
        SELECT format('ROUTINE %s', p.oid::regprocedure), p.proowner FROM pg_proc p
         WHERE p.pronamespace = 'rowhouse'::regnamespace
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
        UNION ALL
        SELECT format('TYPE %s', oid::regtype), typowner FROM pg_type
         WHERE typnamespace = 'rowhouse'::regnamespace
           AND (typtype IN ('d', 'e', 'r', 'm')
                -- Not the type of a table's rows.
                OR EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND c.relkind = 'c'))
    LOOP
        IF one.owner <> 'rowhouse_owner'::regrole AND pg_has_role(one.owner, 'USAGE') THEN
            BEGIN
                EXECUTE format('ALTER %s OWNER TO rowhouse_owner', one.object);
            EXCEPTION
                -- A multirange type goes with its range, in newer versions of PostgreSQL.
                WHEN wrong_object_type THEN NULL;
            END;
        END IF;
    END LOOP;
END $$;

-- schema/roles/rowhouse_owner.sql
-- Everything in the schema.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_owner') THEN
        GRANT ALL ON SCHEMA rowhouse TO rowhouse_owner;
        GRANT ALL ON ALL TABLES IN SCHEMA rowhouse TO rowhouse_owner;
        GRANT ALL ON ALL FUNCTIONS IN SCHEMA rowhouse TO rowhouse_owner;
    END IF;
END $$;
