-- Back to the revision before.

-- schema/errors/error_codes.sql
CREATE OR REPLACE VIEW error_codes (sqlstate, name, meaning) AS VALUES
    -- Three digits are the CNI error code that the plugin reports.
    ('RH007', 'invalid_config', 'the configuration cannot be served: no such pool, or a collision of addresses'),
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
    ('RHWAY', 'in_the_way', 'the current state does not allow this change; force often does');
COMMENT ON VIEW error_codes IS
    'The SQLSTATEs that Rowhouse''s functions raise. Three digits are the CNI error code; letters mean that there is none.';
COMMENT ON COLUMN error_codes.sqlstate IS 'The code that drivers report, and psql with \errverbose.';
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
    'The last 62 bits of an address as a range of one number: what a GiST index finds in four pages, where inet_ops reads hundreds.';

-- schema/addresses/block_of.sql
CREATE OR REPLACE FUNCTION block_of(address inet) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN set_masklen(address, CASE family(address) WHEN 4 THEN 26 ELSE 122 END);
COMMENT ON FUNCTION block_of(inet) IS
    'The aligned block of 64 that holds an address: the unit in which a large run is split for concurrent writers.';

-- schema/addresses/first_usable.sql
CREATE OR REPLACE FUNCTION first_usable(block cidr) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN masklen(block) >= CASE family(block) WHEN 4 THEN 31 ELSE 127 END
            THEN first_address(block) ELSE first_address(block) + 1 END;
COMMENT ON FUNCTION first_usable(cidr) IS 'First address after the network address; a /31 or /32 is used whole (RFC 3021).';

-- schema/addresses/last_usable.sql
CREATE OR REPLACE FUNCTION last_usable(block cidr) RETURNS inet
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN masklen(block) >= CASE family(block) WHEN 4 THEN 31 ELSE 127 END
            THEN last_address(block) ELSE last_address(block) - 1 END;
COMMENT ON FUNCTION last_usable(cidr) IS 'Last address before the broadcast address; a /31 or /32 is used whole (RFC 3021).';

-- schema/addresses/inetrange.sql
COMMENT ON TYPE inetrange IS 'A span of addresses; address_span() makes it half-open, so that neighbors touch.';
COMMENT ON TYPE inetmultirange IS 'A set of addresses: spans, half-open, that do not touch.';

-- schema/tables/owner_kind.sql
COMMENT ON TYPE owner_kind IS
    'pod: a pod''s interface. static: a person or device that holds an address reserved by hand. claim (IPAMClaim), virtual_machine and workload (StatefulSet identity): owners that outlive a pod; no server assigns to them yet.';

-- schema/tables/networks.sql
COMMENT ON TABLE networks IS 'An address space: the domain in which an address is unique.';
COMMENT ON COLUMN networks.id IS 'Number of the network; the other tables refer to it.';
COMMENT ON COLUMN networks.isolated IS
    'The CIDR of the one pool that has this space to itself (enable_overlapping_ranges: false); NULL: pools share the space.';
COMMENT ON COLUMN networks.created_at IS 'When the network was made.';
COMMENT ON INDEX networks_pkey IS 'Finds a network by its number.';
COMMENT ON INDEX networks_id_name_key IS 'Target of the foreign key of pools, which keeps the name beside the number.';

-- schema/tables/pools.sql
COMMENT ON COLUMN pools.id IS 'Number of the pool; the other tables refer to it.';
COMMENT ON COLUMN pools.name IS
    'The name by which a NAD may refer to the pool instead of spelling a range; NULL: none.';
COMMENT ON COLUMN pools.labels IS 'Labels of the operator, as a JSON object of texts.';
COMMENT ON COLUMN pools.description IS 'Text of the operator; '''' when nothing was written.';
COMMENT ON COLUMN pools.drained IS 'Assigns no further address; those in use stay.';
COMMENT ON COLUMN pools.isolated IS
    'Whether the pool has an address space of its own. Set by a trigger from networks.isolated.';
COMMENT ON COLUMN pools.version IS 'Counts the changes of the row: the ETag of the API.';
COMMENT ON COLUMN pools.created_at IS 'When the pool was made.';
COMMENT ON INDEX pools_pkey IS 'Finds a pool by its number.';
COMMENT ON INDEX pools_cidr IS 'Which pools hold an address or overlap a CIDR.';

-- schema/tables/plain_pools.sql
COMMENT ON TABLE plain_pools IS
    'The pools of which an ADD may take the lowest free address without further checks: no window, reuse delay, quota or hold, not drained, no other pool overlaps it, no owner has several addresses of it. Derived: choose_plain_pools() keeps it.';
COMMENT ON COLUMN plain_pools.isolated IS 'Whether the pool has an address space of its own, as in pools.';

-- schema/tables/free_ranges.sql
COMMENT ON COLUMN free_ranges.quarantined IS
    'Released with a reuse delay: not assigned before free_from, except to the previous owner. Also kept while the address is excluded or in no pool.';
COMMENT ON COLUMN free_ranges.free_from IS
    'Since when, or from when on, the addresses may be assigned; no new tenure begins earlier.';
COMMENT ON INDEX free_ranges_pkey IS 'The allocator finds the lowest free run that reaches into a range.';
COMMENT ON INDEX free_ranges_previous_owner IS 'Finds what is in quarantine after an owner that asks again.';

-- schema/tables/tenures.sql
-- What returns rows of tenures, or of its view, follows again below.
DROP FUNCTION tenures_of, who_had, held_by, ran_on, of_container, in_prefix;
DROP VIEW address_history;
ALTER TABLE tenures DROP COLUMN mac;
COMMENT ON TABLE tenures IS
    'History: who held which address, where, and during what time. An open upper bound is the present.';
COMMENT ON COLUMN tenures.id IS 'Number of the tenure; reservations.tenure_id refers to it.';
COMMENT ON COLUMN tenures.pool_id IS 'The pool that the address was taken from: pools.id. The pool may be gone.';
COMMENT ON COLUMN tenures.during IS
    'From when to when, the end excluded; no upper bound: the owner holds the address now.';
COMMENT ON COLUMN tenures.owner_kind IS 'pod, or static for an owner that is no pod.';
COMMENT ON COLUMN tenures.owner_namespace IS 'Kubernetes namespace of the owner; '''' when a static owner has none.';
COMMENT ON COLUMN tenures.owner_interface IS
    'Interface of the pod; '''' when it is not known, or when a static owner has none.';
COMMENT ON COLUMN tenures.owner_uid IS 'UID of the pod; NULL when the caller did not send it, and for static owners.';
COMMENT ON COLUMN tenures.node IS 'Node of the sandbox that the tenure is of; '''' when no sandbox used the address.';
COMMENT ON COLUMN tenures.container_id IS 'Sandbox that the tenure is of; '''' when no sandbox used the address.';
COMMENT ON COLUMN tenures.started_by IS 'Who began it: a caller of the server, or a database user.';
COMMENT ON COLUMN tenures.start_reason IS 'What began it: ADD, API, IMPORT, ADOPT, REPAIR, or SQL for a statement by hand.';
COMMENT ON COLUMN tenures.ended_by IS 'Who ended it; NULL while it is open.';
COMMENT ON COLUMN tenures.end_reason IS
    'What ended it: DEL, GC, RECONCILE (the controller), EXPIRE, ADD, API, or SQL for a statement by hand; NULL while it is open.';
COMMENT ON INDEX tenures_pkey IS 'Finds the open tenure of a reservation; db prune walks through it.';
COMMENT ON INDEX tenures_node IS 'What ran on a node in a time: ran_on(). Closed tenures alone.';
COMMENT ON INDEX tenures_container IS 'The history of a container: of_container(). Closed tenures alone.';

-- schema/tables/reservations.sql
COMMENT ON COLUMN reservations.owner_kind IS 'pod, or static for an owner that is no pod.';
COMMENT ON COLUMN reservations.owner_namespace IS
    'Kubernetes namespace of the owner; '''' when a static owner has none.';
COMMENT ON COLUMN reservations.owner_interface IS
    'Interface of the pod; '''' when it is not known, or when a static owner has none.';
COMMENT ON COLUMN reservations.owner_uid IS
    'UID of the pod; NULL when the caller did not send it, and for static owners.';
COMMENT ON COLUMN reservations.slot IS 'Tells apart several addresses of one owner in one pool.';
COMMENT ON COLUMN reservations.expires_at IS 'When an unattached sticky reservation is given up; NULL: never.';
COMMENT ON COLUMN reservations.policy_source IS
    'Who set sticky, sticky_ttl and reuse_delay. An ADD attaches to an existing reservation and changes none of them.';
COMMENT ON COLUMN reservations.reuse_delay IS
    'Quarantine after the release, from the NAD or the server''s default; the longer of this and the pool''s counts. NULL: the pool''s alone.';
COMMENT ON COLUMN reservations.node IS 'Node of the sandbox that attached last; '''' when no sandbox uses the address.';
COMMENT ON COLUMN reservations.container_id IS 'Sandbox that attached last; '''' when no sandbox uses the address.';
COMMENT ON COLUMN reservations.description IS
    'Why it was reserved, as its maker wrote it; '''' when nothing was written.';
COMMENT ON INDEX reservations_pkey IS
    'The guarantee itself: one owner per address. Also finds an address, and counts those of a pool.';
COMMENT ON INDEX reservations_owner IS
    'ADD finds what its owner holds; search by pod. One reservation for each owner, pool and slot.';
COMMENT ON INDEX reservations_expiry IS 'Finds reservations that are due to expire; holds no others.';
COMMENT ON COLUMN reservations.owner_name IS 'Name of the pod, or of the person or device.';

-- schema/tables/attachments.sql
COMMENT ON TABLE attachments IS 'A sandbox that uses a reservation; the last one that goes releases it.';
COMMENT ON COLUMN attachments.container_id IS
    'CNI_CONTAINERID; '''' when the pod was imported while it ran: the first call of its sandbox fills it in.';
COMMENT ON COLUMN attachments.node IS 'Node of the sandbox; '''' when an import did not tell it.';
COMMENT ON COLUMN attachments.cni_network IS 'Name of the CNI network configuration: the scope of a CNI GC; '''' when an import did not tell it.';
COMMENT ON COLUMN attachments.pod_uid IS 'UID of the pod; NULL when the caller did not send it.';
COMMENT ON INDEX attachments_pkey IS 'DEL and CHECK find what a sandbox uses.';
COMMENT ON INDEX attachments_reservation IS 'Whether a sandbox still uses a reservation.';
COMMENT ON INDEX attachments_node IS 'What runs on a node, for CNI GC and the pages.';

-- schema/tables/node_slices.sql
COMMENT ON TABLE node_slices IS 'The part of a pool from which one node draws (node_slice_size).';
COMMENT ON COLUMN node_slices.slice IS 'The part of the CIDR from which the node draws.';

-- schema/tables/exclusions.sql
COMMENT ON TABLE exclusions IS
    'Addresses kept out of use, first to last inclusive. Those in use when it was made go out of use when they are released.';
COMMENT ON COLUMN exclusions.id IS 'Number of the exclusion.';
COMMENT ON COLUMN exclusions.reason IS 'Why, as the operator wrote it; '''' when nothing was written.';
COMMENT ON COLUMN exclusions.created_at IS 'When it was made.';
COMMENT ON INDEX exclusions_pkey IS 'Finds an exclusion by its number.';

-- schema/tables/gateways.sql
COMMENT ON TABLE gateways IS
    'Every known gateway of a pool, inside its CIDR or not: its address is not assigned to pods. One in use goes out of use when it is released.';
COMMENT ON COLUMN gateways.id IS 'Number of the row.';
COMMENT ON COLUMN gateways.pool_id IS 'The pool that it is a gateway of: pools.id.';
COMMENT ON COLUMN gateways.first_used_at IS 'When it was set, or first named by a configuration.';
COMMENT ON INDEX gateways_pkey IS 'Finds a gateway by its number.';

-- schema/tables/quotas.sql
COMMENT ON TABLE quotas IS 'How many addresses a namespace may hold, in one pool or (pool_id NULL) in all.';
COMMENT ON COLUMN quotas.id IS 'Number of the quota.';
COMMENT ON COLUMN quotas.pool_id IS 'The pool that it counts in: pools.id; NULL: all pools.';
COMMENT ON COLUMN quotas.addresses IS 'How many addresses the namespace may hold.';
COMMENT ON INDEX quotas_pkey IS 'Finds a quota by its number.';

-- schema/tables/assignment_hold.sql
COMMENT ON TABLE assignment_hold IS
    'One row while a restore or an import is under way: an ADD gets no new address of a pool that was not read yet.';
COMMENT ON COLUMN assignment_hold.id IS 'Always 1: there is one hold at most.';
COMMENT ON COLUMN assignment_hold.reason IS 'Why, as the operator wrote it.';
COMMENT ON COLUMN assignment_hold.actor IS 'Who began the hold.';
COMMENT ON INDEX assignment_hold_pkey IS 'One row at most.';

-- schema/tables/assignment_hold_pools.sql
COMMENT ON TABLE assignment_hold_pools IS
    'The pools that were read since the hold began, and so assign addresses again.';
COMMENT ON COLUMN assignment_hold_pools.pool_id IS 'A pool that was read since the hold began: pools.id.';
COMMENT ON INDEX assignment_hold_pools_pkey IS 'Whether a pool was read already.';

-- schema/tables/audit_log.sql
COMMENT ON TABLE audit_log IS 'Every administrative change: who, what, before and after. Append-only.';
COMMENT ON COLUMN audit_log.id IS 'Number of the line; later lines have higher ones.';
COMMENT ON COLUMN audit_log.at IS 'When the line was written, by the clock of the database.';
COMMENT ON COLUMN audit_log.actor IS 'The caller that the server knows, or the database user of a manual change.';
COMMENT ON COLUMN audit_log.action IS
    'What was done: the type of the object, a period, and the verb, such as pool.update.';
COMMENT ON COLUMN audit_log.object IS
    'What it was done to, as people call it: a CIDR, an address, a name; first-last where several rows share the line.';
COMMENT ON COLUMN audit_log.before IS
    'The row as it was, of several rows the first one; NULL: there was none, or the line is about no row.';
COMMENT ON COLUMN audit_log.after IS
    'The row as it became, of several rows the first one; NULL: it is gone. Or facts, where the line is about no row.';
COMMENT ON COLUMN audit_log.request_id IS
    'X-Request-Id of the call of the API; NULL for a statement by hand and for the command line on the database.';
COMMENT ON COLUMN audit_log.database_user IS
    'The database user who was logged in: what PostgreSQL knows, where actor is what the server said.';
COMMENT ON COLUMN audit_log.object_key IS
    'Primary key of the row, such as {"network_id": 1, "address": "10.0.0.7"}; NULL: several rows, or the line is about no row.';
COMMENT ON COLUMN audit_log.row_count IS 'How many rows one statement changed that share this line: 1, or 101 to 1000.';
COMMENT ON COLUMN audit_log.changes IS
    'Where several rows share the line: each row as an array of before and after. NULL: one row. audit_changes spreads them out.';
COMMENT ON INDEX audit_log_pkey IS 'The lines in their order.';
COMMENT ON INDEX audit_log_at IS 'The lines of a time, the latest first.';
COMMENT ON INDEX audit_log_object IS 'The lines about an object.';

-- schema/tables/tokens.sql
COMMENT ON TABLE tokens IS
    'Static tokens. Only the SHA-256 of a token is kept: it has 256 random bits, so it needs no salt.';
COMMENT ON COLUMN tokens.id IS 'Number of the token.';
COMMENT ON COLUMN tokens.name IS 'Name of the token: the actor of what is done with it.';
COMMENT ON COLUMN tokens.role IS 'What it may do: node, viewer, operator or admin.';
COMMENT ON COLUMN tokens.cluster IS 'A node token acts for this cluster alone; NULL: for every cluster.';
COMMENT ON COLUMN tokens.node IS 'A node token acts for this node alone; NULL: for every node.';
COMMENT ON COLUMN tokens.created_at IS 'When the token was made.';
COMMENT ON INDEX tokens_pkey IS 'Finds a token by its number.';

-- schema/tables/sessions.sql
COMMENT ON TABLE sessions IS 'Sessions of browsers. Only the SHA-256 of a session''s cookie is kept.';
COMMENT ON COLUMN sessions.token_id IS
    'The static token that it was begun with, whose name and role it has, and with which it ends: tokens.id; NULL: begun with OpenID Connect.';
COMMENT ON COLUMN sessions.name IS 'The person whom an OpenID Connect provider named; NULL: the name of the token.';
COMMENT ON COLUMN sessions.role IS
    'What the session may do, where there is no token: viewer, operator or admin; NULL: the role of the token.';

-- schema/tables/idempotency_keys.sql
COMMENT ON TABLE idempotency_keys IS 'Answers of the API to requests with an Idempotency-Key, kept for a day.';
COMMENT ON COLUMN idempotency_keys.actor IS 'Who sent the request.';
COMMENT ON COLUMN idempotency_keys.status IS 'HTTP status of the answer; NULL while the first request is under way.';
COMMENT ON COLUMN idempotency_keys.body IS
    'Body of the answer; NULL while the first request is under way, or when the answer has none.';
COMMENT ON COLUMN idempotency_keys.headers IS
    'Headers of the answer, as a JSON object; NULL while the first request is under way.';
COMMENT ON COLUMN idempotency_keys.created_at IS 'When the first request came; the row goes a day later.';
COMMENT ON INDEX idempotency_keys_pkey IS 'One answer for each caller and key.';
COMMENT ON INDEX idempotency_keys_created IS 'Finds rows that are old enough to go.';

-- schema/tables/fill_samples.sql
COMMENT ON TABLE fill_samples IS
    'How many addresses of a pool were in use at a moment (used of pool_counts): every 15 minutes of the last two days, every hour of 35 days, and every day before that, at midnight UTC.';
COMMENT ON COLUMN fill_samples.at IS 'The moment.';
COMMENT ON COLUMN fill_samples.used IS 'How many of the addresses that the pool may assign were in use, whichever pool assigned them.';

-- schema/tables/pool_trends.sql
COMMENT ON TABLE pool_trends IS 'What the samples of a pool come to, as of the last one: where its fill is going.';
COMMENT ON COLUMN pool_trends.sampled_at IS 'The moment of the last sample.';
COMMENT ON COLUMN pool_trends.day IS
    'In use at 25 moments, an hour apart, the oldest first; NULL before the first sample.';
COMMENT ON COLUMN pool_trends.week IS
    'In use at 57 moments, three hours apart, the oldest first; NULL before the first sample.';
COMMENT ON COLUMN pool_trends.day_slope IS 'Addresses an hour, by linear regression over a day; NULL: too few samples.';
COMMENT ON COLUMN pool_trends.day_fit IS
    'How much of the change over a day the line explains (R squared), 0 to 1; NULL: too few samples, or no change.';
COMMENT ON COLUMN pool_trends.week_slope IS
    'Addresses an hour, by linear regression over a week; NULL: too few samples.';
COMMENT ON COLUMN pool_trends.week_fit IS
    'How much of the change over a week the line explains (R squared), 0 to 1; NULL: too few samples, or no change.';

-- schema/tables/imported_unnamed.sql
COMMENT ON TABLE imported_unnamed IS
    'Addresses that were imported without the name of their interface; those of which the reservation still has none are given to the first interface of the pod that asks.';

-- schema/tables/mirrors.sql
COMMENT ON COLUMN mirrors.namespace IS 'Where the objects are in the cluster.';
COMMENT ON COLUMN mirrors.since IS 'When the mirror was switched on.';
COMMENT ON COLUMN mirrors.reported_at IS 'When the controller last reported; NULL: not yet.';
COMMENT ON COLUMN mirrors.report IS 'What the controller last said of its mirror: `rowhouse mirror status` shows it.';

-- schema/tables/mirror_changes.sql
COMMENT ON TABLE mirror_changes IS
    'Pools that changed since a cluster''s mirror last looked; pool_id 0: look at all of them.';
COMMENT ON COLUMN mirror_changes.cluster IS 'The cluster whose mirror must look: mirrors.cluster.';
COMMENT ON INDEX mirror_changes_pool IS 'Whether a pool is marked already.';

-- schema/tables/allocation_failures.sql
-- The function returns all columns of the table; it is created again below.
DROP FUNCTION take_allocation_failures_v1;
ALTER TABLE allocation_failures DROP COLUMN event_message, DROP COLUMN held_by;
COMMENT ON COLUMN allocation_failures.message IS 'The text of the event.';
COMMENT ON TABLE allocation_failures IS 'ADDs refused since there was nothing left to give, until the controller has made events of them.';
COMMENT ON COLUMN allocation_failures.node IS 'Node that the pod runs on.';
COMMENT ON COLUMN allocation_failures.pod_uid IS 'UID of the pod; NULL when the caller did not send it.';
COMMENT ON COLUMN allocation_failures.reason IS 'NoAddress, or why there is a warning though the pod has its address.';
COMMENT ON COLUMN allocation_failures.times IS 'How often the runtime asked in vain.';
COMMENT ON COLUMN allocation_failures.first_at IS 'When it was refused first.';
COMMENT ON COLUMN allocation_failures.last_at IS 'When it was refused last.';

-- schema/tables/alembic_version.sql
-- alembic makes the table before the first revision runs.
COMMENT ON TABLE alembic_version IS 'The revision that the schema is at; alembic keeps it.';
COMMENT ON COLUMN alembic_version.version_num IS 'Revision of the schema, such as r0001.';
COMMENT ON INDEX alembic_version_pkc IS 'One row.';

-- schema/history/current_actor.sql
CREATE OR REPLACE FUNCTION current_actor() RETURNS text
LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('rowhouse.actor', true), ''), session_user::text);
COMMENT ON FUNCTION current_actor() IS 'Who acts: the caller that the server named, else the database user.';

-- schema/history/current_reason.sql
-- rowhouse.command names the use case under way (set by the stored functions for their own duration);
-- it is empty for a statement typed by a person. rowhouse.actor and rowhouse.request_id are set for a
-- transaction by the server.

CREATE OR REPLACE FUNCTION current_reason() RETURNS text
LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('rowhouse.command', true), ''), 'SQL');
COMMENT ON FUNCTION current_reason() IS 'The use case under way; SQL for a statement typed by a person.';

-- schema/history/act_as.sql
CREATE OR REPLACE FUNCTION act_as(actor text, request_id text) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    SELECT set_config('rowhouse.actor', actor, true), set_config('rowhouse.request_id', request_id, true);
END;
COMMENT ON FUNCTION act_as(text, text) IS 'Names the caller, for history and audit, until the end of the transaction.';

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
    'Writes one line of the audit log; changes: all rows, where several share it.';

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
    'Writes a batch of changed rows into the audit log: a line each, or one for all where there are more than 100.';

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
COMMENT ON COLUMN audit_changes.at IS 'When the line was written, by the clock of the database.';
COMMENT ON COLUMN audit_changes.actor IS 'The caller that the server knows, or the database user of a manual change.';
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
COMMENT ON FUNCTION record_v1 IS 'Writes a line of the audit log for something that is no change of a row.';

-- schema/history/tenures_of.sql
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
    'Makes room in the history of an address from a moment on, after the clock was set back or a tenure was left open.';

-- schema/history/address_history.sql
CREATE OR REPLACE VIEW address_history AS
-- After the clock was set back, what it wrote before lies in the future: that is the present at most.
SELECT n.name AS network, t.address, least(lower(t.during), statement_timestamp()) AS held_from,
       CASE WHEN upper(t.during) > statement_timestamp() THEN statement_timestamp() ELSE upper(t.during) END AS held_until,
       t.owner_kind, t.owner_cluster AS cluster, t.owner_namespace AS namespace, t.owner_name AS name,
       t.owner_interface AS interface, t.owner_uid AS uid, t.node, t.container_id,
       t.started_by, t.start_reason, t.ended_by, t.end_reason, p.cidr AS pool, t.network_id, t.during, t.id, t.pool_id
  FROM tenures t
  LEFT JOIN networks n ON n.id = t.network_id
  LEFT JOIN pools p ON p.id = t.pool_id;
COMMENT ON VIEW address_history IS 'Who held which address, where and when; held_until is NULL for the present.';
COMMENT ON COLUMN address_history.network IS 'Name of the network; '''' is the default network.';
COMMENT ON COLUMN address_history.address IS 'The address, without a prefix length.';
COMMENT ON COLUMN address_history.held_from IS 'Since when; the present at most, though the clock was set back.';
COMMENT ON COLUMN address_history.held_until IS 'Until when; NULL: it is held now.';
COMMENT ON COLUMN address_history.owner_kind IS 'pod, or static for an owner that is no pod.';
COMMENT ON COLUMN address_history.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN address_history.namespace IS 'Kubernetes namespace of the owner; '''' when a static owner has none.';
COMMENT ON COLUMN address_history.name IS 'Name of the pod, or of the person or device.';
COMMENT ON COLUMN address_history.interface IS
    'Interface of the pod; '''' when it is not known, or when a static owner has none.';
COMMENT ON COLUMN address_history.uid IS 'UID of the pod; NULL when the caller did not send it, and for static owners.';
COMMENT ON COLUMN address_history.node IS
    'Node of the sandbox that the tenure is of; '''' when no sandbox used the address.';
COMMENT ON COLUMN address_history.container_id IS
    'Sandbox that the tenure is of; '''' when no sandbox used the address.';
COMMENT ON COLUMN address_history.started_by IS 'Who began it: a caller of the server, or a database user.';
COMMENT ON COLUMN address_history.start_reason IS
    'What began it: ADD, API, IMPORT, ADOPT, REPAIR, or SQL for a statement by hand.';
COMMENT ON COLUMN address_history.ended_by IS 'Who ended it; NULL while it is held.';
COMMENT ON COLUMN address_history.end_reason IS
    'What ended it: DEL, GC, RECONCILE (the controller), EXPIRE, ADD, API, or SQL for a statement by hand; NULL while it is held.';
COMMENT ON COLUMN address_history.pool IS 'CIDR of the pool that the address was taken from; NULL: the pool is gone.';
COMMENT ON COLUMN address_history.network_id IS 'The network of the address: networks.id.';
COMMENT ON COLUMN address_history.during IS
    'From when to when as it is stored, the end excluded; no upper bound: it is held now.';
COMMENT ON COLUMN address_history.id IS 'Number of the tenure: tenures.id.';
COMMENT ON COLUMN address_history.pool_id IS
    'The pool that the address was taken from: pools.id. The pool may be gone.';

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
    'Who had an address at a moment, in every network; NULL, and every moment to come: who has it now.';

-- schema/history/held_by.sql
CREATE OR REPLACE FUNCTION held_by(wanted_namespace text, wanted_name text)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM address_history h
     WHERE h.namespace = wanted_namespace AND h.name = wanted_name ORDER BY h.held_from, h.address;
END;
COMMENT ON FUNCTION held_by(text, text) IS 'Every address that a pod (or other owner) holds or held.';

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
COMMENT ON COLUMN attached_tenures.node IS 'Node of the sandbox; '''' when an import did not tell it.';
COMMENT ON COLUMN attached_tenures.tenure_id IS 'The open tenure of the address: tenures.id.';

-- schema/history/ran_on.sql
CREATE OR REPLACE FUNCTION ran_on(wanted_node text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The index has both bounds, so of those that ended after the time began it reads only entries, not rows. A tenure
    -- without a beginning (by hand) has no lower bound to compare.
    SELECT h.* FROM address_history h
     WHERE h.node = wanted_node AND NOT upper_inf(h.during)
       AND upper(h.during) > coalesce(since, '-infinity') AND lower(h.during) < coalesce(until, 'infinity')
       AND h.during && tstzrange(since, until)
    UNION ALL
    SELECT h.* FROM address_history h
     WHERE h.node = wanted_node AND NOT upper_inf(h.during)
       AND upper(h.during) > coalesce(since, '-infinity') AND lower(h.during) IS NULL
       AND h.during && tstzrange(since, until)
    UNION ALL
    SELECT h.* FROM address_history h
     WHERE h.id = ANY (ARRAY(SELECT a.tenure_id FROM attached_tenures a WHERE a.node = wanted_node))
       AND h.node = wanted_node AND upper_inf(h.during) AND h.during && tstzrange(since, until);
END;
COMMENT ON FUNCTION ran_on(text, timestamptz, timestamptz) IS
    'What held addresses on a node in a time, if only for a part of it; NULL: since ever, and until now.';

-- schema/history/of_container.sql
CREATE OR REPLACE FUNCTION of_container(wanted text)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT h.* FROM address_history h WHERE h.container_id = wanted AND NOT upper_inf(h.during)
    UNION ALL
    -- The index of attachments begins with the cluster: one look-up in each.
    SELECT h.* FROM address_history h
     WHERE h.id = ANY (ARRAY(
               WITH RECURSIVE clusters (name) AS (
                   (SELECT a.cluster FROM attached_tenures a ORDER BY a.cluster LIMIT 1)
                   UNION ALL
                   SELECT (SELECT a.cluster FROM attached_tenures a WHERE a.cluster > c.name ORDER BY a.cluster LIMIT 1)
                     FROM clusters c WHERE c.name IS NOT NULL)
               SELECT a.tenure_id
                 FROM clusters c
                -- OFFSET keeps it a look-up: a join may read all attachments.
                CROSS JOIN LATERAL (SELECT one.tenure_id FROM attached_tenures one
                                     WHERE one.cluster = c.name AND one.container_id = wanted OFFSET 0) AS a))
       AND h.container_id = wanted AND upper_inf(h.during);
END;
COMMENT ON FUNCTION of_container(text) IS 'Every address that a container holds or held, by its whole id.';

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
    'What held addresses of a prefix in a time, if only for a part of it, in every network; NULL: since ever, and until now.';

-- schema/history/prune_v1.sql
CREATE OR REPLACE FUNCTION prune_v1(older_than timestamptz, after_id bigint, at_most integer)
RETURNS TABLE (pruned integer, last_id bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Removes tenures that ended before a moment, at_most rows looked at a call, in the order of their ids,
-- behind after_id. last_id is where the next call goes on; NULL: there is nothing more.
DECLARE
    command text := set_config('rowhouse.command', 'PRUNE', true);
BEGIN
    WITH seen AS (
        SELECT t.id, upper(t.during) < older_than AS is_old FROM tenures t
         WHERE t.id > after_id ORDER BY t.id LIMIT at_most),
    gone AS (
        DELETE FROM tenures t USING seen WHERE t.id = seen.id AND seen.is_old RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT max(seen.id) FROM seen) INTO pruned, last_id;
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION prune_v1 IS 'Removes one small batch of tenures that ended before a moment.';

-- schema/history/prune_audit_v1.sql
CREATE OR REPLACE FUNCTION prune_audit_v1(older_than timestamptz, after_id bigint, at_most integer)
RETURNS TABLE (pruned integer, last_id bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Removes lines written before a moment, at_most of them a call, in the order of their ids, behind after_id. last_id is
-- where the next call goes on; NULL: there is nothing more. refuse_rewriting() lets this function alone remove lines.
-- The line of a drained pool's deletion stays: ensure_pool() drains the pool again when a configuration brings it back.
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
COMMENT ON FUNCTION prune_audit_v1 IS 'Removes one small batch of lines of the audit log that were written before a moment.';

-- schema/history/setting_changed.sql
CREATE OR REPLACE FUNCTION setting_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Networks, quotas and tokens: every change is in the audit log, a token's digest is not.
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - 'digest' END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - 'digest' END;
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
COMMENT ON FUNCTION setting_changed() IS 'Trigger: writes a change of a network, quota or token into the audit log.';

-- schema/history/changed_by_hand.sql
CREATE OR REPLACE FUNCTION changed_by_hand() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    row    jsonb := coalesce(before, after);
BEGIN
    IF pg_trigger_depth() = 1 AND coalesce(current_setting('rowhouse.command', true), '') = '' THEN
        PERFORM record_change(rtrim(TG_TABLE_NAME, 's') || '.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE lower(TG_OP) END, coalesce(row->>'address', row->>'slice', row->>'reason', row->>'pool_id'),
                              before, after);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION changed_by_hand() IS
    'Trigger: writes a change by hand of a table that only our functions write into the audit log.';

CREATE OR REPLACE TRIGGER attachments_updated
    AFTER UPDATE OF cluster, container_id, interface, node, cni_network, pod_uid, attached_at ON attachments
    FOR EACH ROW EXECUTE FUNCTION changed_by_hand();

-- schema/history/history_by_hand.sql
CREATE OR REPLACE FUNCTION history_by_hand() RETURNS trigger
LANGUAGE plpgsql AS $$
-- Only functions and triggers of ours write history: they name the use case, or are triggers themselves. A statement of
-- a person is in the audit log. No WHEN clause: PostgreSQL would parse it for every statement, which every call
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
COMMENT ON FUNCTION history_by_hand() IS 'Trigger: writes a change by hand of the history into the audit log.';

-- schema/history/refuse_rewriting.sql
CREATE OR REPLACE FUNCTION refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    stack text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- Who called us cannot be set, as a setting can.
        GET DIAGNOSTICS stack = PG_CONTEXT;
        IF stack ~ '(^|[^.[:alnum:]_])(rowhouse[.])?prune_audit_v1[(]timestamp with time zone,bigint,integer[)]' THEN
            RETURN NULL;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only and does not allow %', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'feature_not_supported',
              HINT = '`rowhouse db prune --audit-older-than` removes old lines. Only the owner can disable the trigger.';
END $$;
COMMENT ON FUNCTION refuse_rewriting() IS 'Trigger: the audit log is append-only; only prune_audit_v1() removes lines.';

-- schema/history/stamp_audit.sql
CREATE OR REPLACE FUNCTION stamp_audit() RETURNS trigger
LANGUAGE plpgsql AS $$
-- A line that a person writes says so, and when.
BEGIN
    NEW.database_user := session_user;
    NEW.at := clock_timestamp();
    RETURN NEW;
END $$;
COMMENT ON FUNCTION stamp_audit() IS 'Trigger: stamps a new line of the audit log with the database user and the time.';

-- schema/history/refuse_truncate.sql
CREATE OR REPLACE FUNCTION refuse_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE of % would lose history and free space, or bypass the audit log', TG_TABLE_NAME
        USING ERRCODE = 'feature_not_supported', HINT = 'Use DELETE, which keeps all invariants.';
END $$;
COMMENT ON FUNCTION refuse_truncate() IS 'Trigger: refuses a TRUNCATE.';

-- schema/history/record_truncate.sql
CREATE OR REPLACE FUNCTION record_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- For tables that can be filled again: a TRUNCATE is allowed, but not unseen.
BEGIN
    PERFORM record_change('table.truncate', TG_TABLE_NAME, NULL, NULL);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION record_truncate() IS 'Trigger: writes a TRUNCATE into the audit log.';

-- schema/free_space/is_excluded.sql
CREATE OR REPLACE FUNCTION is_excluded(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce((SELECT e.first FROM rowhouse.exclusions e
                  WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1) <= wanted, false);
COMMENT ON FUNCTION is_excluded(integer, inet) IS 'Whether an address is kept out of use. Exclusions never overlap, so one look tells.';

-- schema/free_space/is_withheld.sql
CREATE OR REPLACE FUNCTION is_withheld(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
-- Every release asks. (Not by is_excluded(): to start a function in SQL costs more than both probes.)
BEGIN
    RETURN coalesce((SELECT e.first FROM rowhouse.exclusions e
                      WHERE e.network_id = wanted_network AND e.last >= wanted ORDER BY e.last LIMIT 1) <= wanted, false)
        OR EXISTS (SELECT FROM rowhouse.gateways g WHERE g.network_id = wanted_network AND g.address = wanted);
END $$;
COMMENT ON FUNCTION is_withheld(integer, inet) IS 'Whether an address is never assigned: it is excluded, or a gateway.';

-- schema/free_space/why_withheld.sql
CREATE OR REPLACE FUNCTION why_withheld(wanted_network integer, wanted inet) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp
RETURN coalesce(
    (SELECT concat('excluded: ', host(e.first), '-', host(e.last), ' is kept out of use', ': ' || nullif(e.reason, ''))
       FROM rowhouse.exclusions e
      WHERE e.network_id = wanted_network AND e.last >= wanted AND e.first <= wanted ORDER BY e.last LIMIT 1),
    (SELECT concat('the gateway of ', string_agg(DISTINCT CASE WHEN g.cni_network IS NULL THEN concat('pool ', p.cidr)
                                                               ELSE concat('CNI network "', g.cni_network, '"') END, ', '))
       FROM rowhouse.gateways g JOIN rowhouse.pools p ON p.id = g.pool_id
      WHERE g.network_id = wanted_network AND g.address = wanted HAVING count(*) > 0));
COMMENT ON FUNCTION why_withheld(integer, inet) IS 'What keeps an address from being assigned, in words; NULL: nothing.';

-- schema/free_space/take_run.sql
CREATE OR REPLACE FUNCTION take_run(wanted_network integer, wanted_first inet, wanted_last inet) RETURNS timestamptz
LANGUAGE plpgsql AS $$
-- Takes the addresses from wanted_first to wanted_last, few of them, out of the free space, and returns since
-- when all of them may be assigned. They may lie in several runs. Waits while a run is locked.
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
            -- While we waited the run may have been split, and our snapshot is older than its parts:
            -- only a fresh look can tell.
            CONTINUE WHEN EXISTS (SELECT FROM free_ranges WHERE network_id = wanted_network
                                     AND first <= part_first AND last >= part_first);
            RAISE EXCEPTION 'address % of network % is not free', host(part_first), wanted_network
                USING ERRCODE = error_code('address_taken'),
                      HINT = 'It is held by another owner, kept out of use, or in no pool of this network.';
        END IF;

        IF run.quarantined AND current_reason() = 'SQL' AND NOT is_forced() AND is_withheld(wanted_network, part_first) THEN
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
            -- A run that reaches past this block of 64 is split there, and once more behind the next block,
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
            -- Only a person takes it before its time; what counts then is when its last owner left.
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
    -- Of one family: the run behind 255.255.255.255 is an IPv6 one.
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
    -- A neighbour may have shrunk between the look and the lock.
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
COMMENT ON FUNCTION free_run(integer, inet, inet, timestamptz) IS 'Puts a run of addresses into the free space of a network.';

-- schema/free_space/give_back.sql
CREATE OR REPLACE FUNCTION give_back(of_network integer, of_address inet, ended timestamptz, delay interval, owner text) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Returns whether it may be assigned at once. (What is withheld is quarantined as well: that may end before the time is
-- over.)
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
    'Puts a released address into the free space or into quarantine, unless it is kept out of use.';

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
    'Puts the parts of a run that a pool covers into the free space, without what is withheld or reserved.';

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
    'Puts a run into the free space of a network, without what is excluded, a gateway or reserved.';

-- schema/free_space/uncovered_runs.sql
CREATE OR REPLACE FUNCTION uncovered_runs(wanted_network integer, wanted cidr, except_pool integer)
RETURNS TABLE (run_first inet, run_last inet)
LANGUAGE plpgsql STABLE AS $$
-- The parts of a CIDR that no other pool of the network covers. CIDRs nest or are apart, so the largest
-- ones inside, in order, leave the gaps. Of pools that one statement makes, each counts for those behind it:
-- all of them are there before the first one's trigger looks.
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
-- Takes every free address from run_first to run_last out of the free space (a pool goes, or a range
-- is kept out of use). Waits for allocations under way. Quarantined addresses stay: that no pod gets them before their
-- time is still true when the pool is made again or the exclusion lifted.
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
        -- Once more, until nothing is left: while we waited a run may have been split.
        EXIT WHEN NOT FOUND;
    END LOOP;
END $$;
COMMENT ON FUNCTION withdraw_run(integer, inet, inet) IS 'Takes a run of addresses out of the free space of a network.';

-- schema/free_space/withdraw_reserved.sql
CREATE OR REPLACE FUNCTION withdraw_reserved(of_network integer, of_address inet) RETURNS void
LANGUAGE plpgsql AS $$
-- After a reservation of a free address met another one: if the address is reserved and free at once, the free space is
-- damaged, and without this the caller would try the same address for ever. The caller has the run locked.
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
COMMENT ON FUNCTION withdraw_reserved(integer, inet) IS 'Takes an address out of the free space that is reserved and free at once.';

-- schema/free_space/end_quarantine_of.sql
CREATE OR REPLACE FUNCTION end_quarantine_of(wanted_network integer, wanted inet) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Frees a quarantined address before its time, for its previous owner; false if it is not quarantined any more.
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
-- Frees quarantined runs whose time has come; returns how many.
DECLARE
    run   free_ranges;
    ended integer := 0;
BEGIN
    FOR run IN
        SELECT * FROM free_ranges
         -- In a subquery, since a volatile function alone would be no condition of the index.
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
-- Takes an address that became a gateway out of the free space. A release or the end of a quarantine that is under
-- way frees the address after this look, so both rows are locked: they then wait for this transaction, and see
-- the gateway. No table lock, since attach_v1() calls this while it holds a weaker one.
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
-- release under way saw the gateway and does not free the address, so it is waited for.
BEGIN
    PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
    PERFORM FROM reservations WHERE network_id = of_network AND address = wanted FOR UPDATE;
    IF EXISTS (SELECT FROM pools WHERE network_id = of_network AND cidr >>= wanted)
       AND NOT EXISTS (SELECT FROM free_ranges WHERE network_id = of_network AND last >= wanted AND first <= wanted) THEN
        PERFORM free_unless_withheld(of_network, wanted, wanted, clock_timestamp());
    END IF;
END $$;
COMMENT ON FUNCTION return_gateway(integer, inet) IS 'Puts an address that is no longer a gateway back into the free space of a network.';

-- schema/free_space/admit_gateways.sql
CREATE OR REPLACE FUNCTION admit_gateways(of_network integer, run_first inet, run_last inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Lets a forced reservation take the gateways from run_first to run_last: each is free until it takes it. It goes out of
-- use again when it is released. No gateway changes meanwhile: the network is locked.
BEGIN
    IF is_forced() AND EXISTS (SELECT FROM gateways g WHERE g.network_id = of_network AND g.address BETWEEN run_first AND run_last) THEN
        PERFORM FROM networks WHERE id = of_network FOR NO KEY UPDATE;
        INSERT INTO free_ranges (network_id, first, last, free_from)
        SELECT DISTINCT of_network, g.address, g.address, timestamptz '-infinity'
          FROM gateways g
         WHERE g.network_id = of_network AND g.address BETWEEN run_first AND run_last
           AND NOT is_excluded(of_network, g.address)
           AND NOT EXISTS (SELECT FROM free_ranges f WHERE f.network_id = of_network AND f.last >= g.address AND f.first <= g.address);
    END IF;
END $$;
COMMENT ON FUNCTION admit_gateways(integer, inet, inet) IS 'Lets a forced reservation take gateways.';

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
    -- Of the free and of the quarantined runs: of those that end behind our first address, the next one begins behind our
    -- last. Each is one index look-up, however many runs there are. (One statement for all: each one that starts
    -- costs as much as two look-ups. A reservation without a tenure is one of the statement under way: it is about to be
    -- taken out, see reservation_made(), and gets its tenure then.)
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
COMMENT ON FUNCTION free_ranges_guard() IS 'Trigger: runs of a network never overlap, and hold no reserved address.';

-- Moving "first" alone, which is all that an allocation does, is left out: it shrinks a run. What a person breaks that
-- way, integrity_problems finds.

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
COMMENT ON FUNCTION free_space_deleted() IS 'Trigger: writes a free run deleted by hand into the audit log.';

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
    'The first-last segments that a pool may assign: its window without every known gateway. Exclusions are looked up apart.';

-- schema/pools/window_counts.sql
CREATE OR REPLACE FUNCTION window_counts(networks integer[], firsts inet[], lasts inet[], reserved bigint[] DEFAULT NULL)
RETURNS TABLE (ordinal bigint, total numeric, used bigint, quarantined bigint, excluded numeric, free numeric)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1000 SET search_path = rowhouse, pg_temp SET jit = off
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
               -- The difference of two addresses is exact where it is a bigint; address_number() costs 20 times as much.
               CASE WHEN w.first > w.last THEN 0
                    WHEN family(w.first) = 4 OR (set_masklen(w.first, 66)::cidr >>= w.last)
                    THEN (w.last - w.first)::numeric + 1 - coalesce(cardinality(w.gateways), 0)
                    ELSE address_number(w.last) - address_number(w.first) + 1 - coalesce(cardinality(w.gateways), 0)
               END AS total,
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
                          address_number(span.last) - address_number(span.first) + 1
                          - (SELECT count(*) FROM unnest(w.gateways) AS g (address)
                              WHERE g.address BETWEEN span.first AND span.last)
                          - (SELECT count(*) FROM reservations r
                              WHERE r.network_id = w.network_id AND r.address BETWEEN span.first AND span.last
                                AND (w.gateways IS NULL OR r.address <> ALL (w.gateways)))), 0) AS addresses
                 FROM (SELECT greatest(x.first, w.first)::inet AS first, least(x.last, w.last)::inet AS last
                         FROM exclusions x
                        -- The last exclusion that can reach into the window is the first one that ends behind it.
                        WHERE x.network_id = w.network_id AND x.first <= w.last AND x.last >= w.first
                          AND x.last <= coalesce((SELECT min(y.last) FROM exclusions y
                                                   WHERE y.network_id = w.network_id AND y.last >= w.last), w.last)
                       OFFSET 0) AS span) AS e)
    SELECT c.ordinal, c.total, c.used, c.quarantined, c.excluded,
           greatest(c.total - c.used - c.quarantined - c.excluded, 0)
      FROM counts c;
END;
COMMENT ON FUNCTION window_counts(integer[], inet[], inet[], bigint[]) IS
    'What becomes of the addresses of some windows, first to last inclusive, each of a network: total, used, quarantined, excluded, free. Its parts are what pool_counts and the address map count with.';

-- schema/pools/pool_counts.sql
CREATE OR REPLACE FUNCTION pool_counts(wanted_pools integer[] DEFAULT NULL)
RETURNS TABLE (pool_id integer, total numeric, reserved bigint, reserved_by_overlaps bigint, attached bigint, sticky bigint,
               used bigint, quarantined bigint, excluded numeric, free numeric, percent_used numeric)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1000 SET search_path = rowhouse, pg_temp SET jit = off
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
    'How full these pools are (NULL: all of them). The columns are those of the view pool_usage.';

-- schema/pools/pool_usage.sql
CREATE OR REPLACE VIEW pool_usage AS
SELECT n.name AS network, p.cidr AS pool, p.name AS pool_name, p.gateway, c.total, c.reserved, c.reserved_by_overlaps,
       c.attached, c.sticky, c.used, c.quarantined, c.excluded, c.free, c.percent_used, p.id AS pool_id, p.network_id
  FROM pool_counts() c
  JOIN pools p ON p.id = c.pool_id
  JOIN networks n ON n.id = p.network_id;
COMMENT ON VIEW pool_usage IS
    'Fill of each pool. Reserved counts its own reservations, so the sum over pools is the number of rows; reserved_by_overlaps those in its CIDR that other pools hold. What it may assign (total) is used, quarantined, excluded or free, whichever pool uses it.';
COMMENT ON COLUMN pool_usage.network IS 'Name of the network; '''' is the default network.';
COMMENT ON COLUMN pool_usage.pool IS 'CIDR of the pool.';
COMMENT ON COLUMN pool_usage.pool_name IS 'Name of the pool; NULL: it has none.';
COMMENT ON COLUMN pool_usage.gateway IS 'The gateway that an operator set; NULL: none.';
COMMENT ON COLUMN pool_usage.total IS
    'How many addresses the pool may assign: its window or its usable addresses, without gateways.';
COMMENT ON COLUMN pool_usage.reserved IS 'Reservations of this pool.';
COMMENT ON COLUMN pool_usage.reserved_by_overlaps IS 'Reservations in its CIDR that were taken from overlapping pools.';
COMMENT ON COLUMN pool_usage.attached IS 'Reservations of this pool that a sandbox uses.';
COMMENT ON COLUMN pool_usage.sticky IS 'Sticky reservations of this pool.';
COMMENT ON COLUMN pool_usage.used IS 'Of total: addresses in use, whichever pool they were taken from.';
COMMENT ON COLUMN pool_usage.quarantined IS 'Of total: addresses in quarantine after a release.';
COMMENT ON COLUMN pool_usage.excluded IS 'Of total: excluded addresses that are not in use.';
COMMENT ON COLUMN pool_usage.free IS 'Of total: addresses that can be assigned now.';
COMMENT ON COLUMN pool_usage.percent_used IS
    'used, in percent of total, to one decimal; NULL: the pool has no address to assign.';
COMMENT ON COLUMN pool_usage.pool_id IS 'The pool: pools.id.';
COMMENT ON COLUMN pool_usage.network_id IS 'The network of the pool: networks.id.';

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
        SELECT pg_relation_size('tenures') < 32 * 1024 * 1024 AS is_small),
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
    -- What is used now goes for what is later than the last sample, but for no longer than until the next one is due.
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
    'How many addresses of a pool were in use (used of pool_counts) at evenly spaced moments: exactly while tenures is smaller than 32 MB, then as of the last sample (fill_samples) and, behind that, as of now.';

-- schema/history/sample_fill_v1.sql
CREATE OR REPLACE FUNCTION sample_fill_v1() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- Takes the sample of this quarter of an hour, unless another server has; true if it was taken now. Every server
-- may call it whenever it likes: one of them does the work, and none waits.
DECLARE
    slot  timestamptz := date_bin('15 minutes', clock_timestamp(), timestamptz 'epoch');
    since timestamptz := date_bin('1 hour', slot, timestamptz 'epoch') - interval '7 days';
BEGIN
    IF EXISTS (SELECT FROM pool_trends WHERE sampled_at = slot)
       OR NOT pg_try_advisory_xact_lock(hashtext('rowhouse.sample_fill'))
       OR EXISTS (SELECT FROM pool_trends WHERE sampled_at = slot) THEN
        RETURN false;
    END IF;

    -- A pool that was there before samples were taken (an upgrade): its last week, out of the history.
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

    INSERT INTO fill_samples (pool_id, at, used) SELECT c.pool_id, slot, c.used FROM pool_counts() c
        ON CONFLICT DO NOTHING;

    -- (What lies in the future was noted before the clock was set back.)
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
COMMENT ON FUNCTION sample_fill_v1 IS 'Notes how many addresses of each pool are in use, once in a quarter of an hour.';

-- schema/pools/wait_for_reservations.sql
CREATE OR REPLACE FUNCTION wait_for_reservations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Until this transaction ends, no other one takes an address or gives one back. Each of those locks the table, more
-- weakly, before anything else. So a transaction that waits for this one holds nothing that this one wants, and none
-- that read a pool or an exclusion before it changed acts on it afterwards.
BEGIN
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION wait_for_reservations() IS
    'Trigger: waits for running allocations, and makes new ones wait until the transaction ends.';

-- Without it an address could be left in no pool.
-- A pool's window and gateway are checked against what is attached, and those who read the pool before act on it.
-- Only for these columns: attach_v1() holds a weaker lock when it changes others.
-- An ADD that found its gateway known must not be given it because the gateway was forgotten meanwhile.
-- Without it an address that is released at this moment could be free though excluded, or neither.

-- schema/pools/join_reservations.sql
CREATE OR REPLACE FUNCTION join_reservations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- The weaker lock of wait_for_reservations(), before a row or a network is locked.
BEGIN
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION join_reservations() IS
    'Trigger: locks reservations before a pool is made or changed, in the order that all callers lock.';

-- schema/pools/choose_plain_pools.sql
CREATE OR REPLACE FUNCTION choose_plain_pools(chosen integer[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
-- Brings plain_pools up to date, for some pools or for all. A change of a quota or a hold waits until no ADD and no change
-- of a pool is under way (wait_for_reservations), and they wait for it: so neither misses the other.
BEGIN
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    chosen := coalesce(chosen, ARRAY(SELECT p.id FROM pools p));
    DELETE FROM plain_pools c USING pools p
     WHERE p.id = c.pool_id AND c.pool_id = ANY (chosen)
       AND (NOT is_plain(p) OR (c.network_name, c.cidr, c.network_id, c.isolated) <> (p.network_name, p.cidr, p.network_id, p.isolated));
    INSERT INTO plain_pools (network_name, cidr, pool_id, network_id, isolated)
    SELECT p.network_name, p.cidr, p.id, p.network_id, p.isolated FROM pools p
     WHERE p.id = ANY (chosen) AND is_plain(p)
       -- A pool that was made again may hold quarantines of its predecessor, which exempt their previous owners.
       AND NOT EXISTS (SELECT FROM free_ranges f
                        WHERE f.network_id = p.network_id AND f.quarantined
                          AND f.last >= first_address(p.cidr) AND f.first <= last_address(p.cidr))
        ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION choose_plain_pools(integer[]) IS 'Brings plain_pools up to date, for some pools or for all.';

-- schema/pools/checks_changed.sql
CREATE OR REPLACE FUNCTION checks_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A quota or a hold began or ended: other pools are plain now.
BEGIN
    IF TG_TABLE_NAME = 'assignment_hold_pools' AND TG_OP = 'INSERT' THEN
        PERFORM choose_plain_pools(ARRAY[NEW.pool_id]);
    ELSIF TG_TABLE_NAME <> 'assignment_hold_pools' OR EXISTS (SELECT FROM assignment_hold) THEN
        PERFORM choose_plain_pools();
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION checks_changed() IS 'Trigger: a quota or a hold began or ended, so other pools are plain.';

-- schema/pools/ensure_pool.sql
CREATE OR REPLACE FUNCTION ensure_pool(wanted_network text, wanted cidr, wants_isolation boolean) RETURNS pools
LANGUAGE plpgsql AS $$
-- The pool of this CIDR in this network, made if there is none: the identity of a pool is its network and its CIDR,
-- as upstream. Its first caller decides whether it has a space of its own; a later one that shares its addresses has it
-- join the shared space (join_shared_space_v1).
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
    -- A pool that was drained when it was deleted is drained when a configuration brings it back.
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
COMMENT ON FUNCTION ensure_pool(text, cidr, boolean) IS 'The pool of a CIDR in a network, made if there is none.';

-- schema/pools/pool_changed.sql
CREATE OR REPLACE FUNCTION pool_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    run   record;
    held  bigint;
BEGIN
    -- One pool of a network at a time: coverage is worked out from the other pools. NO KEY, since the
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
            NULL; -- join_shared_space_v1() moves everything else as well
        ELSIF (NEW.id, NEW.network_id, NEW.network_name, NEW.cidr)
           IS DISTINCT FROM (OLD.id, OLD.network_id, OLD.network_name, OLD.cidr) THEN
            RAISE EXCEPTION 'the network and the CIDR of pool % cannot change', OLD.cidr
                USING ERRCODE = error_code('in_the_way'),
                      HINT = 'Create a pool with the other CIDR: overlapping pools share their free addresses.';
        END IF;
        IF NEW.name IS DISTINCT FROM OLD.name AND OLD.name IS NOT NULL THEN
            PERFORM refuse_attached('renaming pool "' || OLD.name || '"', NEW.network_id, ARRAY[first_address(NEW.cidr)],
                                    ARRAY[last_address(NEW.cidr)], NEW.id);
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
COMMENT ON FUNCTION pool_changed() IS 'Trigger: free space, gateways and audit log follow a change of a pool.';

-- schema/pools/pool_version.sql
CREATE OR REPLACE FUNCTION pool_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION pool_version() IS 'Trigger: counts the changes of a pool.';

-- schema/pools/pool_isolation.sql
CREATE OR REPLACE FUNCTION pool_isolation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A column of the pool, since every allocation looks at it.
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
    -- A reservation may lie inside an exclusion of the shared space: it goes out of use when it is released.
    FOR part IN SELECT r.address FROM reservations r WHERE r.network_id = pool.network_id AND is_withheld(shared, r.address) LOOP
        PERFORM free_run(shared, part.address, part.address, '-infinity');
    END LOOP;
    UPDATE reservations r SET network_id = shared WHERE r.network_id = pool.network_id;
    UPDATE gateways g SET network_id = shared WHERE g.pool_id = pool.id;
    -- Behind the reservations: an address in use may be excluded in either space, and goes out of use when it is released.
    FOR part IN DELETE FROM exclusions e WHERE e.network_id = pool.network_id RETURNING e.* LOOP
        -- Exclusions of a network do not overlap: what the shared space excludes already is left out.
        INSERT INTO exclusions (network_id, first, last, reason)
        SELECT shared, lower(rest.span), span_last(rest.span), part.reason
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
-- Records the gateways of a network configuration: gateway_addresses[i] is one of range gateway_ranges[i]. NULL stands
-- for the first address behind the network address, which the main plugin takes where a pool by name has no gateway.
-- A gateway outside of its range counts as well, since a larger range may hold it. (Of several pools by name, which may be of
-- several networks, it counts for those that hold it.)
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
            SELECT * INTO pool FROM pools p WHERE p.name = pool_names[unknown.range];
            CONTINUE WHEN NOT FOUND;
            IF unknown.address IS NULL AND pool.gateway IS NULL AND first_address(pool.cidr) < last_address(pool.cidr) THEN
                unknown.address := first_address(pool.cidr) + 1;
            END IF;
        END IF;
        -- (Looked for first, since every conflict would use up an id.)
        IF unknown.address IS NOT NULL
           AND (pool_names[unknown.range] IS NULL OR cardinality(cidrs) = 1 OR unknown.address <<= pool.cidr)
           AND NOT EXISTS (SELECT FROM gateways k WHERE k.pool_id = pool.id AND k.address = unknown.address
                              AND k.cni_network = of_cni_network) THEN
            INSERT INTO gateways (network_id, address, pool_id, cni_network)
            VALUES (pool.network_id, unknown.address, pool.id, of_cni_network) ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION learn_gateways IS 'Records the gateways of a network configuration, so that they hold for all that use the same CIDR.';

-- schema/allocation/owner_key.sql
CREATE OR REPLACE FUNCTION owner_key(cluster text, namespace text, name text, interface text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cluster || ' ' || namespace || ' ' || name || ' ' || interface;
COMMENT ON FUNCTION owner_key(text, text, text, text) IS 'An owner as one text: no part of it holds a blank.';

-- schema/allocation/choose_run.sql
CREATE OR REPLACE FUNCTION choose_run(wanted_network integer, low inet, high inet, reach inet)
RETURNS TABLE (address inet, step integer, run_first inet, run_last inet, run_row tid, free_from timestamptz)
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    -- The order in which free addresses are chosen, for every way to get one: of the runs that reach into low to high and
    -- that no other transaction has locked, the lowest; of it the lowest address, then that address + step, and so on.
    -- To choose the highest first: ORDER BY f.last DESC, least(f.last, high), -1.
    --
    -- reach bounds the last address of a run: with it, a full segment is known without reading the runs behind it. It is
    -- high itself in the usual ADD (attach_v1), which leaves the run that extends beyond the segment to the long way. That is right
    -- where this run comes last, so with a step of 1; with another one each ADD goes the long way, at twice the cost.
    --
    -- PostgreSQL inlines this into the statement that calls it, so it costs no call: therefore STABLE, though it locks a
    -- row. As a function call that would be an error. (Its arguments must be variables: with a subquery among them it is
    -- not inlined. Another order that one SELECT cannot say is a VOLATILE function of this name.)
    SELECT greatest(f.first, low), 1, f.first, f.last, f.ctid, f.free_from FROM free_ranges f
     WHERE f.network_id = wanted_network AND NOT f.quarantined AND f.last BETWEEN low AND reach AND f.first <= high
     ORDER BY f.last LIMIT 1 FOR UPDATE OF f SKIP LOCKED;
END;
COMMENT ON FUNCTION choose_run IS
    'The order in which free addresses are chosen: which unlocked run of a segment, and which of its addresses first. Locks the run.';

-- schema/allocation/claim_addresses.sql
CREATE OR REPLACE FUNCTION claim_addresses(wanted_network integer, firsts inet[], lasts inet[], how_many integer) RETURNS inet[]
LANGUAGE plpgsql AS $$
-- Free addresses of the given segments (ascending, disjoint), in the order of choose_run(); their runs are locked for the
-- caller. Fewer than wanted: the others are locked by other transactions or not free. If all are locked: waits for one.
-- None: there is none.
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
            -- The last run that can reach into a segment is the first one that ends at or behind its end.
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
                -- What is left of the segment lies before the run or behind it.
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
        -- A look that skips what is locked cannot tell a full pool from a busy one. Wait for any run, and look again with
        -- that one in hand.
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
        -- What we waited for is gone, but our snapshot may be older than what was left of it.
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
    -- The first run that ends in or behind a segment is the only one that needs a look.
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
-- Whether an address of some segments is free, or would be assigned to the next call since its
-- quarantine or its time to live is over.
BEGIN
    -- One statement, so one snapshot: an address that is taken while another comes due is not missed in
    -- both. The clock stands in a subquery, since a volatile function alone is no condition of an index.
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
    'Whether an address of some segments of a network is free or has come due.';

-- schema/allocation/await_due.sql
CREATE OR REPLACE FUNCTION await_due(wanted_network integer, firsts inet[], lasts inet[]) RETURNS boolean
LANGUAGE plpgsql AS $$
-- Whether another look for a free address of some segments is worth it, asked before the answer is "none":
-- release_expired() and end_quarantines() skip what another session is freeing at the same moment, and stop
-- after so many. Frees what is due, and waits for a session that is freeing it.
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
    'Whether an address of some segments is free, or has come due and is about to be; waits for a session that is freeing it.';

-- schema/allocation/release_expired.sql
CREATE OR REPLACE FUNCTION release_expired(wanted_network integer, at_most integer) RETURNS integer
LANGUAGE plpgsql AS $$
-- Releases sticky reservations whose time is over. Database time decides, and only for addresses that
-- no sandbox uses.
DECLARE
    released integer;
BEGIN
    WITH expired AS (
        SELECT r.network_id, r.address FROM reservations r
         -- In a subquery, since a volatile function alone would be no condition of the index.
         WHERE r.network_id = wanted_network AND r.expires_at <= (SELECT clock_timestamp())
           AND NOT EXISTS (SELECT FROM attachments a
                            WHERE a.network_id = r.network_id AND a.address = r.address)
         ORDER BY r.expires_at LIMIT at_most FOR UPDATE SKIP LOCKED)
    DELETE FROM reservations r USING expired e
     WHERE r.network_id = e.network_id AND r.address = e.address;
    GET DIAGNOSTICS released = ROW_COUNT;
    RETURN released;
END $$;
COMMENT ON FUNCTION release_expired(integer, integer) IS 'Releases unattached reservations whose time to live is over.';

-- schema/allocation/end_misdated_quarantines.sql
CREATE OR REPLACE FUNCTION end_misdated_quarantines(wanted_network integer, firsts inet[], lasts inet[]) RETURNS void
LANGUAGE plpgsql AS $$
-- Frees addresses of some segments that were quarantined by a clock that was ahead, by more than a minute: for how
-- long they have been is unknown, and they would stay for as long as the clock was ahead. The cost is one look
-- at the quarantine that would end last.
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
    'Frees addresses of some segments that were quarantined by a clock that was ahead.';

-- schema/allocation/quarantined_for.sql
CREATE OR REPLACE FUNCTION quarantined_for(wanted_network integer, owner text, wanted inet, firsts inet[], lasts inet[]) RETURNS inet
LANGUAGE sql STABLE
RETURN (SELECT f.first FROM rowhouse.free_ranges f
         WHERE f.quarantined AND f.previous_owner = owner AND f.network_id + 0 = wanted_network
           AND f.first = coalesce(wanted, f.first)
           AND NOT rowhouse.is_withheld(f.network_id, f.first)
           AND (SELECT true FROM unnest(firsts, lasts) AS s (first, last)
                 WHERE f.first BETWEEN s.first AND s.last LIMIT 1)
         ORDER BY f.first LIMIT 1);
COMMENT ON FUNCTION quarantined_for(integer, text, inet, inet[], inet[]) IS
    'An address of some segments that is quarantined after this very owner released it: the owner is exempt.';

-- schema/allocation/in_slice.sql
CREATE OR REPLACE FUNCTION in_slice(wanted_pool integer, wanted_cluster text, wanted_node text, slice_size integer,
                         INOUT firsts inet[], INOUT lasts inet[])
LANGUAGE plpgsql AS $$
-- The parts of the segments that lie in the node's slice of the pool.
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
-- The slice of a pool from which a node draws; if it has none yet, the lowest one that no node has and that reaches into
-- the segments. A slice that no longer does (a window or a NAD has changed) goes back, unless the node still uses it
-- inside the window of the pool.
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
    -- the pool, or behind the aligned block in which a slice ends. In it, the first slice that reaches into a segment.
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
COMMENT ON FUNCTION ensure_node_slice IS 'The slice of a pool from which a node draws, assigned on its first call.';

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
COMMENT ON FUNCTION held_by_sandbox IS 'The address of a pool that a sandbox uses already, except those that its call was given for other ranges.';

-- schema/allocation/held_in_other_range.sql
CREATE OR REPLACE FUNCTION held_in_other_range(
    wanted_network integer, cluster text, namespace text, name text, interface text, wanted inet,
    firsts inet[], lasts inet[], networks text[], cidrs cidr[], taken text[])
RETURNS inet
LANGUAGE sql STABLE
-- A range that was grown or moved is another pool, and the address of a living pod stays if the new range holds it.
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
    'What attach_v1() returns for each range. Of OUT parameters, PostgreSQL would read the names twice in each call.';
COMMENT ON COLUMN attached_address.ordinal IS 'The range of the request: its place in the arrays, from 1.';
COMMENT ON COLUMN attached_address.address IS 'The address that the sandbox has now.';
COMMENT ON COLUMN attached_address.created IS 'Whether this call made the reservation; false: its owner had it already.';

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
-- Statistics of a table that was empty a moment ago must not lead a hot query off its index. Before
-- PostgreSQL 18 a forbidden node costs 1e10 on paper, which alone would have the plan compiled, for
-- hundreds of milliseconds, where the server was built with JIT.
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_sort = off
SET enable_bitmapscan = off
AS $$
-- Few statements on purpose: starting one costs as much as an index look-up.
--
-- bound_node is the node that the caller's token is for; NULL: it may act for every node. Where the owner is attached on
-- another node, placement says what is known of the pod: 'ask' nothing yet (error attached_elsewhere), 'join' it runs on the caller's node,
-- 'avoid' that could not be verified, so what the other node has is not touched.
--
-- rival is the node and uid of another pod that uses the address as well, and began not long ago: two clusters that do not
-- say their names may have pods of one name.
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
    -- Not a SET clause: only a superuser may name a parameter of our own there. (One expression for all, see is_careful()
    -- for the last: each that reads or writes a setting takes a snapshot.) max_wait is milliseconds, for each lock.
    settings text[] := ARRAY[coalesce(current_setting('rowhouse.command', true), ''),
                             set_config('rowhouse.command', 'ADD', true),
                             set_config('lock_timeout', max_wait::text, true),
                             current_setting('rowhouse.careful', true)];
    command  text;
    single   boolean;
    the_pool integer;
    space    integer;
    choice   record; -- of choose_run()
    the_tenure bigint;
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
    is_usual boolean;
    is_shunned boolean;
    elsewhere text;
    -- (Set below: an array costs the usual call more than it looks.)
    taken    text[];
    spaces   integer[];
    used     inet[];
BEGIN
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;

    -- 0. The usual call in three statements: one range of a plain pool, and the first unlocked run ends within the
    -- range. Every other call, one that finds no such run, and an owner that holds an address of the pool already, which
    -- the unique constraint tells, continue below.
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

    single := cardinality(cidrs) = 1;
    owner := owner_key(cluster, namespace, pod, interface);
    taken := '{}';
    spaces := '{}';
    used := '{}';

    IF bound_node IS NOT NULL THEN
        SELECT a.node INTO elsewhere FROM attachments a
         WHERE a.cluster = attach_v1.cluster AND a.container_id = attach_v1.container_id
           AND a.interface = attach_v1.interface AND a.node NOT IN ('', bound_node) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'sandbox % belongs to node "%", but the token is for node "%"',
                attach_v1.container_id, elsewhere, bound_node
                USING ERRCODE = error_code('not_allowed'), HINT = 'A node''s token is valid only for sandboxes of its own node.';
        END IF;
    END IF;

    IF cardinality(gateway_addresses) > 0 THEN
        PERFORM learn_gateways(attach_v1.cni_network, networks, cidrs, pool_names, isolated, gateway_ranges, gateway_addresses);
    END IF;

    -- All calls take their ranges in one order, so that no two wait for each other.
    FOREACH ordinal IN ARRAY CASE WHEN single THEN '{1}'::integer[]
                                  ELSE ARRAY(SELECT i FROM generate_subscripts(cidrs, 1) AS i
                                              ORDER BY networks[i], pool_names[i], cidrs[i], i) END LOOP
        IF pool_names[ordinal] IS NOT NULL THEN
            SELECT p.network_name, p.cidr, p.gateway INTO network_name, cidr, gateway
              FROM pools p WHERE p.name = pool_names[ordinal];
            IF NOT FOUND THEN
                RAISE EXCEPTION 'there is no pool named "%"', pool_names[ordinal]
                    USING ERRCODE = error_code('invalid_config'), DETAIL = ordinal,
                          HINT = 'Create it with `rowhouse pool create CIDR --name`; `rowhouse pool list` shows the existing pools.';
            END IF;
            networks[ordinal] := network_name;
            cidrs[ordinal] := cidr;
        ELSE
            gateway := NULL;
        END IF;
        is_shunned := false;
        rival := NULL;
        rounds := 0;

        LOOP
            -- A search that never ends would keep its locks: rather let the caller repeat the call.
            rounds := rounds + 1;
            IF rounds > 1000 THEN
                RAISE EXCEPTION 'pool % changed 1000 times during the search for an address', cidrs[ordinal] USING ERRCODE = '40001';
            END IF;
            -- 1. The pool, and whether anything has come due.
            SELECT p.id, p.network_id, p.network_name, p.cidr, p.drained, p.window_first, p.window_last,
                   p.isolated AND NOT attach_v1.isolated[ordinal] AND pool_names[ordinal] IS NULL,
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
                PERFORM ensure_pool(networks[ordinal], cidrs[ordinal], attach_v1.isolated[ordinal]);
                CONTINUE;
            END IF;
            IF is_alone THEN
                RAISE EXCEPTION 'pool % is isolated, but this configuration shares its addresses', cidr
                    USING ERRCODE = error_code('isolated_pool'), DETAIL = ordinal;
            END IF;

            IF pool_names[ordinal] IS NOT NULL THEN
                SELECT array_agg(w.first_address ORDER BY w.first_address), array_agg(w.last_address ORDER BY w.first_address)
                  INTO firsts, lasts FROM pools p, pool_window(p) w WHERE p.id = the_pool;
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

            -- 2. What this sandbox or its owner holds already.
            held := held_by_sandbox(the_pool, cluster, namespace, pod, container_id, interface, bound_node, requested[ordinal],
                                    slots[ordinal], CASE WHEN strict THEN '{}' ELSE taken END);
            is_own := held IS NOT NULL;
            IF held IS NULL AND NOT is_shunned THEN
                held := held_by_owner(the_pool, cluster, namespace, pod, interface, requested[ordinal], slots[ordinal],
                                      (SELECT max(s) FROM unnest(slots) AS s), CASE WHEN strict THEN '{}' ELSE taken END);
                IF held IS NULL AND NOT strict THEN
                    held := held_in_other_range(space, cluster, namespace, pod, interface, requested[ordinal], firsts, lasts,
                                                networks, cidrs, taken);
                END IF;
            END IF;
            IF held IS NOT NULL THEN
                SELECT r.address, r.sticky OR r.policy_source = 'operator',
                       (r.node, r.container_id, r.owner_uid, r.expires_at, r.pool_id) IS DISTINCT FROM
                       (attach_v1.node, attach_v1.container_id, uid, NULL::timestamptz, the_pool)
                  INTO address, is_kept, changed FROM reservations r
                 WHERE r.network_id = space AND r.address = held AND r.owner_kind = 'pod'
                   AND r.owner_namespace = namespace AND r.owner_name = pod AND r.owner_interface = interface
                   AND r.owner_cluster = cluster FOR UPDATE;
                created := NOT FOUND;
                CONTINUE WHEN created;
                -- (What this very sandbox uses was settled when it was attached.)
                IF bound_node IS NOT NULL AND NOT is_own AND placement <> 'join' THEN
                    SELECT a.node INTO elsewhere FROM attachments a
                     WHERE a.network_id = space AND a.address = held AND a.node <> bound_node LIMIT 1;
                    IF FOUND THEN
                        IF placement = 'ask' THEN
                            RAISE EXCEPTION 'address % of pod %/% is attached on node "%"', host(held), namespace, pod, elsewhere
                                USING ERRCODE = error_code('attached_elsewhere'), DETAIL = ordinal;
                        ELSIF is_kept OR requested[ordinal] IS NOT NULL THEN
                            RAISE EXCEPTION 'address % of pod %/% is still attached on node "%", and it could not be verified that the pod runs on node "%"',
                                host(held), namespace, pod, elsewhere, bound_node
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
                -- 3a. The address asked for, if it can be had.
                PERFORM refuse_request(the_pool, requested[ordinal], firsts, lasts, ordinal, cluster, namespace, pod, interface);
                -- Its run is locked before its reservation is made, the order that every caller keeps.
                address := (claim_addresses(space, ARRAY[requested[ordinal]], ARRAY[requested[ordinal]], 1))[1];
                CONTINUE WHEN address IS NULL;
                SELECT coalesce(max(r.slot) + 1, slot_no) INTO slot_no FROM reservations r
                 WHERE r.owner_namespace = namespace AND r.owner_name = pod AND r.pool_id = the_pool
                   AND r.owner_interface = interface AND r.owner_cluster = cluster AND r.owner_kind = 'pod';
            ELSE
                -- 3b. A free address.
                address := (claim_addresses(space, firsts, lasts, 1))[1];
                IF strict THEN
                    -- As upstream, an address that this pod holds in an overlapping range counts as free.
                    SELECT min(r.address) INTO own FROM reservations r
                     WHERE r.owner_namespace = namespace AND r.owner_name = pod AND r.owner_cluster = cluster
                       AND r.owner_kind = 'pod' AND r.network_id = space AND r.pool_id <> the_pool
                       AND EXISTS (SELECT FROM unnest(firsts, lasts) AS s (f, l) WHERE r.address BETWEEN f AND l);
                    IF (own < address OR address IS NULL) AND bound_node IS NOT NULL AND placement <> 'join' THEN
                        -- Only the configuration says that this is strict mode: what another node has is safe from it.
                        SELECT a.node INTO elsewhere FROM attachments a
                         WHERE a.network_id = space AND a.address = own AND a.node <> bound_node LIMIT 1;
                        IF FOUND AND placement = 'ask' THEN
                            RAISE EXCEPTION 'address % of pod %/% is attached on node "%"', host(own), namespace, pod, elsewhere
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
                    -- The last one went to this very pod, while the same call was under way elsewhere.
                    CONTINUE WHEN EXISTS (SELECT FROM reservations r
                                           WHERE r.owner_namespace = namespace AND r.owner_name = pod AND r.pool_id = the_pool
                                             AND r.owner_interface = interface AND r.owner_cluster = cluster
                                             AND r.owner_kind = 'pod' AND r.slot = slots[ordinal]
                                             AND r.network_id || ' ' || host(r.address) <> ALL (taken)) AND NOT is_shunned;
                    -- 4. Nothing at all; the whole call is rolled back.
                    PERFORM refuse_exhausted(space, cidr, firsts, lasts, ordinal);
                END IF;
                SELECT CASE WHEN bool_or(r.slot = slots[ordinal]) THEN max(r.slot) + 1 ELSE slots[ordinal] END
                  INTO slot_no FROM reservations r
                 WHERE r.owner_namespace = namespace AND r.owner_name = pod AND r.pool_id = the_pool
                   AND r.owner_interface = interface AND r.owner_cluster = cluster AND r.owner_kind = 'pod'
                   AND (is_shunned OR taken <> '{}');
                slot_no := coalesce(slot_no, slots[ordinal]);
            END IF;
            WITH made AS (
                INSERT INTO reservations AS r (network_id, address, pool_id, owner_cluster, owner_namespace, owner_name,
                                               owner_interface, owner_uid, slot, sticky, sticky_ttl, reuse_delay, node, container_id)
                VALUES (space, address, the_pool, cluster, namespace, pod, interface, uid, slot_no, is_sticky, ttl,
                        attach_v1.reuse_delay, node, container_id)
                ON CONFLICT DO NOTHING
                RETURNING r.network_id, r.address),
            used AS (
                INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
                SELECT cluster, container_id, interface, made.network_id, made.address, node, cni_network, uid FROM made)
            SELECT made.address INTO held FROM made;
            EXIT WHEN FOUND;
            PERFORM withdraw_reserved(space, address);
            -- Another call of the same owner was faster, or the requested address went meanwhile: look again.
        END LOOP;

        IF NOT created THEN
            IF changed THEN
                UPDATE reservations r
                   SET node = attach_v1.node, container_id = attach_v1.container_id, owner_uid = uid, expires_at = NULL,
                       pool_id = the_pool,
                       slot = CASE WHEN r.pool_id = the_pool THEN r.slot
                                   ELSE (SELECT coalesce(max(o.slot) + 1, slots[ordinal]) FROM reservations o
                                          WHERE o.owner_namespace = namespace AND o.owner_name = pod AND o.pool_id = the_pool
                                            -- (In strict mode the reservation may be of another interface.)
                                            AND o.owner_interface = r.owner_interface AND o.owner_cluster = cluster) END
                 WHERE r.network_id = space AND r.address = result.address;
            END IF;
            INSERT INTO attachments AS a (cluster, container_id, interface, network_id, address, node, cni_network, pod_uid)
            VALUES (cluster, container_id, interface, space, address, node, cni_network, uid)
            ON CONFLICT (cluster, container_id, interface, network_id, address) DO UPDATE
               SET node = excluded.node, pod_uid = coalesce(excluded.pod_uid, a.pod_uid), cni_network = excluded.cni_network
             WHERE (a.node, a.cni_network) <> (excluded.node, excluded.cni_network) OR a.pod_uid IS NULL;
            SELECT 'node "' || a.node || '", uid ' || a.pod_uid INTO rival FROM attachments a
             WHERE a.network_id = space AND a.address = result.address AND a.pod_uid <> uid AND a.node <> attach_v1.node
               AND a.attached_at > clock_timestamp() - interval '10 minutes' LIMIT 1;
            spaces := spaces || space;
            used := used || address;
        END IF;
        taken := taken || (space || ' ' || host(address));
        RETURN NEXT (ordinal, network_name, cidr, address, gateway, created, rival)::attached_address;
    END LOOP;
    IF used <> '{}' AND uid IS NOT NULL THEN
        PERFORM end_replaced_sandboxes(cluster, interface, node, uid, container_id, spaces, used);
    END IF;
    command := set_config('rowhouse.command', settings[1], true);
END $$;
COMMENT ON FUNCTION attach_v1 IS 'CNI ADD: one address of each range for one interface of a pod, all or nothing.';

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
-- Nothing is known of how many calls there are: one look at an index for each.
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Many plain calls of attach_v1() for one pool at once: a range, pods that are not sticky, no wishes. Gives the
-- rows of the calls that were served, and rows without an address of calls that met only locked runs: they may
-- come again, since another call was served. A call without a row must use attach_v1(),
-- which knows what an owner holds already, and why there is nothing left. So one call never fails for
-- another's sake. It waits for a lock only while it holds none, or for the same owner. All calls are of one CNI
-- network if there are gateway_addresses.
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
COMMENT ON FUNCTION attach_many_v1 IS 'CNI ADD for many pods on one pool at once: those that the usual way serves.';

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
-- Nothing is known of how many calls there are: one look at an index for each.
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Ends the attachments of sandboxes' interfaces; the last one to go releases the reservation, unless
-- its owner is sticky. Nothing to do is success, and so is an attachment of another node than only_nodes says: that
-- one stays, since a container id is no secret and must not release what another node's pod uses.
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
        -- The reservation is locked first: whether this was its last attachment is then for us to say.
        FOR held IN
            SELECT r.network_id, r.address
              FROM attachments a JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
             WHERE a.cluster = clusters[n] AND a.container_id = container_ids[n] AND a.interface = interfaces[n]
               AND a.node = coalesce(only_nodes[n], a.node)
               AND (only_uids[n] IS NULL OR coalesce(a.pod_uid, r.owner_uid) = only_uids[n])
             ORDER BY a.network_id, a.address FOR UPDATE OF r
        LOOP
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
        -- The usual case, for one address: as for many below, at two thirds of the cost.
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
    'CNI DEL of many calls at once: ends the attachments of each sandbox''s interface and releases addresses that no sandbox uses any longer.';

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
-- For CNI STATUS: which ranges could assign an address now. A pool that does not exist yet is wholly free.
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
            SELECT * INTO pool FROM pools p WHERE p.name = pool_names[ordinal];
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

-- schema/allocation/refuse_request.sql
CREATE OR REPLACE FUNCTION refuse_request(wanted_pool integer, wanted inet, firsts inet[], lasts inet[], range_no integer,
                               cluster text, namespace text, name text, interface text)
RETURNS void
LANGUAGE plpgsql AS $$
-- Raises the reason why a requested address cannot be had; returns if it may be had now, or if the same
-- owner got it a moment ago.
DECLARE
    pool   pools;
    holder reservations;
BEGIN
    SELECT * INTO pool FROM pools WHERE id = wanted_pool;
    IF is_withheld(pool.network_id, wanted)
       AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted) THEN
        RAISE EXCEPTION 'requested address % is %', host(wanted), why_withheld(pool.network_id, wanted)
            USING ERRCODE = error_code('address_outside_ranges'), DETAIL = range_no,
                  HINT = 'Ask for another address; `rowhouse explain` tells more.';
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
            RAISE EXCEPTION 'requested address % is in use by %', host(wanted),
                concat_ws('/', nullif(holder.owner_namespace, ''), holder.owner_name)
                || CASE WHEN holder.owner_cluster <> coalesce(cluster, '') AND holder.owner_cluster <> ''
                        THEN ' of cluster "' || holder.owner_cluster || '"' ELSE '' END
                USING ERRCODE = error_code('address_taken'), DETAIL = range_no,
                      HINT = 'Request another address, or have its owner release it: `rowhouse explain` shows the owner.';
        END IF;
        IF NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted) THEN
            IF is_withheld(pool.network_id, wanted) THEN
                RAISE EXCEPTION 'requested address % is %', host(wanted), why_withheld(pool.network_id, wanted)
                    USING ERRCODE = error_code('address_outside_ranges'), DETAIL = range_no,
                          HINT = 'Ask for another address; `rowhouse explain` tells more.';
            END IF;
            RAISE EXCEPTION 'requested address % is in quarantine', host(wanted)
                USING ERRCODE = error_code('address_taken'), DETAIL = range_no,
                      HINT = 'Request another address; `rowhouse explain` shows when this one is free.';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION refuse_request IS 'Raises the reason why a requested address cannot be had.';

-- schema/allocation/refuse_exhausted.sql
CREATE OR REPLACE FUNCTION refuse_exhausted(wanted_network integer, wanted cidr, firsts inet[], lasts inet[], range_no integer,
                                 progress text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises pool_exhausted, and says so where the reuse delay alone is the reason. "progress" is what a reservation by hand could have.
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
        -- A refusal must not cost more the more there is in quarantine.
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

-- schema/allocation/refuse_foreign_pool.sql
CREATE OR REPLACE FUNCTION refuse_foreign_pool(of_network integer, of_pool integer, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- The allocator takes an address from its own pool; a person may mistype one.
BEGIN
    IF NOT EXISTS (SELECT FROM pools WHERE id = of_pool AND network_id = of_network AND wanted <<= cidr) THEN
        RAISE EXCEPTION 'pool_id % is not a pool of network % that contains %', of_pool, of_network, host(wanted)
            USING ERRCODE = 'foreign_key_violation';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_foreign_pool(integer, integer, inet) IS 'Raises an error unless a pool of a network holds an address.';

-- schema/allocation/check_quotas.sql
CREATE OR REPLACE FUNCTION check_quotas(holder text, of_pool integer) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises quota_exceeded if a namespace holds more than it may. The quota's row is locked, so that two allocations
-- cannot both take the last address of a quota.
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
            RAISE EXCEPTION 'namespace "%" may hold % addresses%', quota.namespace, quota.addresses,
                            coalesce((SELECT ' in pool ' || p.cidr FROM pools p WHERE p.id = quota.pool_id), '')
                USING ERRCODE = error_code('quota_exceeded'), HINT = 'Raise the quota, or release unused addresses.';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION check_quotas(text, integer) IS 'Raises quota_exceeded if a namespace that was given addresses of a pool holds more than it may.';

-- schema/allocation/is_careful.sql
CREATE OR REPLACE FUNCTION is_careful() RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce(current_setting('rowhouse.careful', true), '') = 'on';
COMMENT ON FUNCTION is_careful() IS
    'Whether the call is repeated after the history or the free space refused it: correct them first.';

-- schema/allocation/is_forced.sql
CREATE OR REPLACE FUNCTION is_forced() RETURNS boolean
LANGUAGE sql STABLE
RETURN coalesce(current_setting('rowhouse.force', true), '') = 'on';
COMMENT ON FUNCTION is_forced() IS
    'Whether the caller insists on a change that touches running sandboxes or takes a gateway: SET rowhouse.force = ''on''.';

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
            USING ERRCODE = error_code('in_the_way'), HINT = 'Delete these pods first, or use force.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_attached IS 'Raises in_the_way if a change touches addresses that running sandboxes use, unless it is forced.';

-- schema/allocation/reservation_made.sql
CREATE OR REPLACE FUNCTION reservation_made() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Once for all rows of a statement, so that addresses that were assigned together cost little more
-- than one.
DECLARE
    run        record;
    free_since timestamptz;
    is_limited boolean;
BEGIN
    -- The usual ADD opens the tenure in the statement that makes the reservation, and takes the address out of the free
    -- space next: all that is to be done for a plain pool. (What a person inserts is always accounted for here.)
    IF current_reason() = 'ADD' AND NOT EXISTS (SELECT FROM made m WHERE (SELECT t.id FROM tenures t WHERE t.id = m.tenure_id) IS NULL) THEN
        RETURN NULL;
    END IF;
    -- An ADD relies on free_from, and is repeated carefully if the history has another opinion. All others look first.
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
COMMENT ON FUNCTION reservation_made() IS 'Trigger: free space, history and audit log follow new reservations.';

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
             -- (an array, since nothing is known of a transition table, and a join with it may read all tenures)
             WHERE t.id = ANY (ARRAY(SELECT g.tenure_id FROM gone g))
               AND upper_inf(t.during) AND lower(t.during) < moment
            RETURNING t.id)
        -- (Of the others the clock was set back, or the tenure was removed: a release succeeds all the same.)
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
            -- A statement may release 100,000 addresses: neighbors return as one run, as each return by itself would have
            -- to look at what all returns before it in this transaction left dead.
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
            -- (An assignment, since PERFORM would be a statement more.)
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
COMMENT ON FUNCTION reservation_released() IS 'Trigger: free space, history and audit log follow deleted reservations.';

-- schema/allocation/reservation_changed.sql
CREATE OR REPLACE FUNCTION reservation_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Another owner, sandbox or address is another tenure.
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    IF current_reason() = 'SQL'
       AND (NEW.network_id, NEW.address, NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface)
           <> (OLD.network_id, OLD.address, OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface) THEN
        PERFORM refuse_attached('the change of ' || host(OLD.address), OLD.network_id, ARRAY[OLD.address]::inet[], ARRAY[OLD.address]::inet[]);
        IF (NEW.network_id, NEW.address) = (OLD.network_id, OLD.address) THEN
            -- The old owner's sandboxes no longer have a say in it. (The audit has the change of owner, not each of them.)
            PERFORM set_config('rowhouse.command', 'FORCE', true);
            DELETE FROM attachments a WHERE a.network_id = OLD.network_id AND a.address = OLD.address;
            PERFORM set_config('rowhouse.command', '', true);
            NEW.node := '';
            NEW.container_id := '';
        END IF;
    END IF;
    IF (NEW.network_id, NEW.address, NEW.pool_id, NEW.owner_kind, NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name,
        NEW.owner_interface, NEW.owner_uid, NEW.node, NEW.container_id)
       IS DISTINCT FROM
       (OLD.network_id, OLD.address, OLD.pool_id, OLD.owner_kind, OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name,
        OLD.owner_interface, OLD.owner_uid, OLD.node, OLD.container_id)
       OR NOT EXISTS (SELECT FROM tenures t WHERE t.id = OLD.tenure_id AND upper_inf(t.during)
                         AND t.network_id = OLD.network_id AND t.address = OLD.address) THEN
        UPDATE tenures
           SET during = tstzrange(lower(during), moment), ended_by = current_actor(), end_reason = current_reason()
         WHERE id = OLD.tenure_id AND network_id = OLD.network_id AND address = OLD.address
           AND upper_inf(during) AND lower(during) < moment;
        IF NOT FOUND THEN
            -- The clock was set back, or the tenure is not there any more: the change succeeds all the same.
            PERFORM settle_tenures(OLD.network_id, OLD.address, moment);
        END IF;
        NEW.tenure_id := nextval('tenures_id_seq');
        IF (NEW.network_id, NEW.address) <> (OLD.network_id, OLD.address) THEN
            PERFORM admit_gateways(NEW.network_id, NEW.address, NEW.address);
            PERFORM take_run(NEW.network_id, NEW.address, NEW.address);
            moment := clock_timestamp();
            PERFORM settle_tenures(NEW.network_id, NEW.address, moment);
        END IF;
        INSERT INTO tenures (id, network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace,
                             owner_name, owner_interface, owner_uid, node, container_id, started_by, start_reason)
        VALUES (NEW.tenure_id, NEW.network_id, NEW.address, NEW.pool_id, tstzrange(moment, NULL), NEW.owner_kind,
                NEW.owner_cluster, NEW.owner_namespace, NEW.owner_name, NEW.owner_interface, NEW.owner_uid,
                NEW.node, NEW.container_id, current_actor(), current_reason());
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
COMMENT ON FUNCTION reservation_changed() IS 'Trigger: history and audit log follow a changed reservation.';

-- schema/allocation/reservation_moved.sql
CREATE OR REPLACE FUNCTION reservation_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- The old address of a reservation that was moved is free again, as after a release.
BEGIN
    PERFORM give_back(OLD.network_id, OLD.address, clock_timestamp(),
                      (SELECT greatest(p.reuse_delay, OLD.reuse_delay) FROM pools p WHERE p.id = OLD.pool_id),
                      owner_key(OLD.owner_cluster, OLD.owner_namespace, OLD.owner_name, OLD.owner_interface));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION reservation_moved() IS 'Trigger: returns the old address of a moved reservation to the free space.';

-- schema/history/history_is_small.sql
DROP FUNCTION history_is_small;

-- schema/administration/current_reservations.sql
DROP VIEW stale_reservations;
DROP VIEW current_reservations;
CREATE OR REPLACE VIEW current_reservations AS
SELECT n.name AS network, p.cidr AS pool, p.name AS pool_name, r.address, r.owner_kind, r.owner_cluster AS cluster,
       r.owner_namespace AS namespace, r.owner_name AS name, r.owner_interface AS interface, r.owner_uid AS uid,
       r.node, r.container_id, r.sticky, r.expires_at, r.reserved_at, r.description,
       r.network_id, r.pool_id,
       (SELECT count(*) FROM attachments a
         WHERE a.network_id = r.network_id AND a.address = r.address) AS attachments
  FROM reservations r
  JOIN pools p ON p.id = r.pool_id
  JOIN networks n ON n.id = r.network_id;
COMMENT ON VIEW current_reservations IS 'Every address in use, with its owner and where it is.';
COMMENT ON COLUMN current_reservations.network IS 'Name of the network; '''' is the default network.';
COMMENT ON COLUMN current_reservations.pool IS 'CIDR of the pool that the address was taken from.';
COMMENT ON COLUMN current_reservations.pool_name IS 'Name of the pool; NULL: it has none.';
COMMENT ON COLUMN current_reservations.address IS 'The address, without a prefix length.';
COMMENT ON COLUMN current_reservations.owner_kind IS 'pod, or static for an owner that is no pod.';
COMMENT ON COLUMN current_reservations.cluster IS 'Cluster of the owner; '''' is a cluster without a name.';
COMMENT ON COLUMN current_reservations.namespace IS
    'Kubernetes namespace of the owner; '''' when a static owner has none.';
COMMENT ON COLUMN current_reservations.name IS 'Name of the pod, or of the person or device.';
COMMENT ON COLUMN current_reservations.interface IS
    'Interface of the pod; '''' when it is not known, or when a static owner has none.';
COMMENT ON COLUMN current_reservations.uid IS
    'UID of the pod; NULL when the caller did not send it, and for static owners.';
COMMENT ON COLUMN current_reservations.node IS
    'Node of the sandbox that attached last; '''' when no sandbox uses the address.';
COMMENT ON COLUMN current_reservations.container_id IS
    'Sandbox that attached last; '''' when no sandbox uses the address.';
COMMENT ON COLUMN current_reservations.sticky IS 'Whether the reservation stays when its last attachment ends.';
COMMENT ON COLUMN current_reservations.expires_at IS 'When an unattached sticky reservation is given up; NULL: never.';
COMMENT ON COLUMN current_reservations.reserved_at IS 'When the address was reserved.';
COMMENT ON COLUMN current_reservations.description IS 'Why it was reserved; '''' when nothing was written.';
COMMENT ON COLUMN current_reservations.network_id IS 'The network of the address: networks.id.';
COMMENT ON COLUMN current_reservations.pool_id IS 'The pool that the address was taken from: pools.id.';
COMMENT ON COLUMN current_reservations.attachments IS 'How many sandboxes use the address.';

-- schema/administration/stale_reservations.sql
CREATE OR REPLACE VIEW stale_reservations AS
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
        RETURN facts || jsonb_build_object('state', CASE WHEN held.attachments > 0 THEN 'in use' ELSE 'reserved' END,
            'because', concat(CASE WHEN held.attachments > 0 THEN concat('sandbox ', coalesce(nullif(held.container_id, ''), '(not known yet)'), ' on node ',
                                               coalesce(nullif(held.node, ''), '(not known yet)'), ' uses it')
                                   WHEN held.expires_at IS NOT NULL THEN 'kept for its owner until ' || held.expires_at
                                   ELSE 'kept for its owner until it is released' END,
                              '; it is also ' || why_withheld(pool.network_id, wanted)),
            'owner', held.namespace || '/' || held.name, 'interface', held.interface, 'cluster', held.cluster, 'since', held.reserved_at,
            'description', held.description);
    END IF;
    IF is_withheld(pool.network_id, wanted) THEN
        RETURN facts || jsonb_build_object('state', CASE WHEN is_excluded(pool.network_id, wanted) THEN 'excluded' ELSE 'gateway' END,
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

-- schema/administration/reserve_v1.sql
-- Errors: pool_exhausted, address_taken, address_outside_ranges, not_found, in_the_way.

CREATE OR REPLACE FUNCTION reserve_v1(
    actor text, request_id text, wanted_pool integer, wanted inet[], how_many integer,
    kind owner_kind, cluster text, namespace text, name text, interface text, ttl interval, why text,
    force boolean DEFAULT false)
RETURNS TABLE (network_id integer, address inet)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
AS $$
-- Reserves the given addresses, or (wanted NULL) the lowest free ones, all or nothing, by hand: they stay
-- until they are released or their time to live is over. A pod of that name gets them with its ADD. Gateways, network
-- and broadcast addresses only by force.
#variable_conflict use_column
DECLARE
    pool    pools;
    firsts  inet[];
    lasts   inet[];
    slot_no integer;
    made    reservations;
    previous_force text := coalesce(current_setting('rowhouse.force', true), '');
BEGIN
    PERFORM act_as(actor, request_id), set_config('rowhouse.command', 'API', true),
            set_config('rowhouse.force', CASE WHEN force THEN 'on' ELSE '' END, true);
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    SELECT * INTO pool FROM pools p WHERE p.id = wanted_pool;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no pool %', wanted_pool USING ERRCODE = error_code('not_found');
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
                IF force AND is_withheld(pool.network_id, wanted[i]) AND NOT is_excluded(pool.network_id, wanted[i]) THEN
                    -- A gateway: admit_gateways() lets the reservation take it, and the network is locked for that first.
                    PERFORM FROM networks n WHERE n.id = pool.network_id FOR NO KEY UPDATE;
                    CONTINUE WHEN NOT is_withheld(pool.network_id, wanted[i]);
                    PERFORM refuse_taken(pool.network_id, wanted[i], i);
                    PERFORM refuse_quarantined(pool.network_id, wanted[i], i);
                    address := wanted[i];
                ELSE
                    PERFORM refuse_request(pool.id, wanted[i], ARRAY[first_address(pool.cidr)], ARRAY[last_address(pool.cidr)], i,
                                           NULL, NULL, NULL, NULL);
                    address := (claim_addresses(pool.network_id, ARRAY[wanted[i]], ARRAY[wanted[i]], 1))[1];
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
                                           owner_interface, slot, sticky, sticky_ttl, policy_source, expires_at, description)
            VALUES (pool.network_id, address, pool.id, kind, cluster, namespace, name, interface, slot_no, true, ttl,
                    'operator', clock_timestamp() + ttl, why)
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
COMMENT ON FUNCTION reserve_v1 IS 'Reserves addresses by hand: given ones or the lowest free ones, all or nothing.';

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
        RAISE EXCEPTION 'address % is not reserved', host(wanted) USING ERRCODE = error_code('not_found');
    END IF;
    SELECT * INTO used FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted LIMIT 1;
    IF FOUND AND NOT even_attached THEN
        RAISE EXCEPTION 'address % is in use by sandbox % on node %', host(wanted), used.container_id, used.node
            USING ERRCODE = error_code('in_the_way'),
                  HINT = 'A running pod would keep using it. Delete the pod, or release with force if the sandbox is gone.';
    END IF;
    DELETE FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted;
    PERFORM record_change('reservation.delete', host(wanted), to_jsonb(held), NULL);
    RETURN NEXT held;
END $$;
COMMENT ON FUNCTION release_v1 IS 'Releases one reservation.';

-- schema/administration/release_v2.sql
-- Between a page and the click on it the address may have got another owner.

CREATE OR REPLACE FUNCTION release_v2(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean,
                           expected_tenure bigint)
RETURNS SETOF reservations
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- As release_v1; outdated unless the tenure is still the one expected (NULL: whichever).
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
COMMENT ON FUNCTION release_v2 IS 'Releases one reservation, if its tenure is the one that the caller has seen.';

-- schema/administration/reassign_v1.sql
CREATE OR REPLACE FUNCTION reassign_v1(actor text, request_id text, wanted_network integer, wanted inet,
                            kind owner_kind, cluster text, namespace text, name text, interface text,
                            force boolean DEFAULT false)
RETURNS SETOF reservations
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Gives a reservation to another owner; the history shows both. It is by hand from now on: it stays until it is released.
-- One that a sandbox uses only by force, which ends its attachments: the sandbox's DEL then changes nothing.
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
        RAISE EXCEPTION 'address % is not reserved', host(wanted) USING ERRCODE = error_code('not_found');
    END IF;
    SELECT * INTO used FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted LIMIT 1;
    IF FOUND AND NOT force THEN
        RAISE EXCEPTION 'address % is in use by sandbox % on node %', host(wanted), used.container_id, used.node
            USING ERRCODE = error_code('in_the_way'),
                  HINT = 'A running pod would keep using it. Delete the pod, or reassign with force if the sandbox is gone.';
    END IF;
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

-- schema/administration/refuse_special.sql
CREATE OR REPLACE FUNCTION refuse_special(pool pools, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises in_the_way for what is reserved by force alone: a gateway, and the network and broadcast address of a pool whose
-- window does not hold them.
DECLARE
    what text;
BEGIN
    IF EXISTS (SELECT FROM reservations r WHERE r.network_id = pool.network_id AND r.address = wanted)
       OR is_excluded(pool.network_id, wanted) THEN
        RETURN; -- something else stands in the way
    END IF;
    what := CASE WHEN is_withheld(pool.network_id, wanted) THEN why_withheld(pool.network_id, wanted)
                 WHEN wanted >= coalesce(pool.window_first, first_usable(pool.cidr))
                      AND wanted <= coalesce(pool.window_last, last_usable(pool.cidr)) THEN NULL
                 WHEN wanted < first_usable(pool.cidr) THEN 'the network address of pool ' || pool.cidr
                 WHEN wanted > last_usable(pool.cidr) AND family(wanted) = 4 THEN 'the broadcast address of pool ' || pool.cidr
                 WHEN wanted > last_usable(pool.cidr) THEN 'the last address of pool ' || pool.cidr END;
    IF what IS NOT NULL THEN
        RAISE EXCEPTION 'address % is %', host(wanted), what
            USING ERRCODE = error_code('in_the_way'), HINT = 'Use force to reserve it anyway.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_special(pools, inet) IS 'Raises in_the_way for a gateway, a network address and a broadcast address.';

-- schema/administration/hold_v1.sql
CREATE OR REPLACE FUNCTION hold_v1(actor text, request_id text, why text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- From now on no ADD gets a new address, except of pools that are read from now on (import_read_v1). False: it was so.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    made    assignment_hold;
BEGIN
    PERFORM act_as(actor, request_id);
    -- An ADD under way ends first.
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO assignment_hold (reason, actor) VALUES (why, actor) ON CONFLICT DO NOTHING RETURNING * INTO made;
    IF FOUND THEN
        PERFORM record_change('assignment_hold.create', why, NULL, to_jsonb(made));
    END IF;
    RETURN made.id IS NOT NULL;
END $$;
COMMENT ON FUNCTION hold_v1(text, text, text) IS 'Holds new addresses back until the running pods were read.';

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
COMMENT ON FUNCTION resume_v1(text, text) IS 'Ends a hold: every pool assigns addresses again. False: there was none.';

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
    'Violations of what the schema promises, and what repairs each: empty, unless the clock was set back or triggers were disabled.';
COMMENT ON COLUMN integrity_problems.problem IS 'What contradicts itself.';
COMMENT ON COLUMN integrity_problems.network_id IS 'The network: networks.id.';
COMMENT ON COLUMN integrity_problems.address IS 'The address, or the first one of the run.';
COMMENT ON COLUMN integrity_problems.repair IS 'What repairs it.';

-- schema/administration/repair_v1.sql
CREATE OR REPLACE FUNCTION repair_v1(actor text, request_id text)
RETURNS TABLE (change text, of_network integer, run_first inet, run_last inet)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '10s'
SET jit = off
AS $$
-- Repairs what integrity_problems shows and returns each change. Reservations are the truth: none is changed. History
-- follows them, and free space is what pools hold less what is reserved, kept out of use, or in quarantine. Allocations
-- wait meanwhile, as for a change of a pool (see wait_for_reservations).
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

        -- Runs that are none, and quarantined ones that are reserved or overlap; of these, what is left comes again.
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

        -- What is missing, first of all those that left a pool with a reuse delay a moment ago.
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

    -- 3. What pools say of their gateways; the triggers take them out of the free space.
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
    'Repairs history and free space so that they follow reservations, pools, exclusions and gateways; returns each change.';

-- schema/administration/serves_code_of.sql
CREATE OR REPLACE FUNCTION serves_code_of(revision text) RETURNS boolean
LANGUAGE sql STABLE
-- From the oldest revision whose code finds what it calls, to the present one. A revision that breaks old code replaces this function.
RETURN revision BETWEEN 'r0001' AND (SELECT v.version_num FROM rowhouse.alembic_version v);
COMMENT ON FUNCTION serves_code_of(text) IS 'Whether code that was written for a revision may work on this schema, during a roll-out.';

-- schema/controller/sandboxes_v1.sql
CREATE OR REPLACE FUNCTION sandboxes_v1(of_cluster text, after_container text, after_interface text, at_most integer,
                             of_namespace text DEFAULT NULL, of_pod text DEFAULT NULL)
RETURNS TABLE (container_id text, interface text, node text, network text, address inet, attached_at timestamptz,
               age interval, pod_uid text, namespace text, pod text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- The sandboxes of a cluster that hold addresses for pods, a page at a time in the order of container and
-- interface; or those of one pod. The attachments of an owner that keeps its address as well: that it is in use must end
-- with its pod.
#variable_conflict use_column
BEGIN
    IF of_pod IS NOT NULL THEN
        RETURN QUERY
            SELECT a.container_id, a.interface, a.node, n.name, a.address::inet, a.attached_at,
                   clock_timestamp() - a.attached_at, coalesce(a.pod_uid, r.owner_uid), r.owner_namespace, r.owner_name
              FROM reservations r
              JOIN attachments a ON r.network_id = a.network_id AND r.address = a.address
              JOIN networks n ON n.id = a.network_id
             WHERE r.owner_namespace = of_namespace AND r.owner_name = of_pod AND a.cluster = of_cluster
               AND r.owner_kind = 'pod'
             ORDER BY a.container_id, a.interface, a.address;
    ELSE
        RETURN QUERY
            SELECT a.container_id, a.interface, a.node, n.name, a.address::inet, a.attached_at,
                   clock_timestamp() - a.attached_at, coalesce(a.pod_uid, r.owner_uid), r.owner_namespace, r.owner_name
              FROM attachments a
              JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address
              JOIN networks n ON n.id = a.network_id
             WHERE a.cluster = of_cluster AND r.owner_kind = 'pod'
               AND (a.container_id, a.interface) > (after_container, after_interface)
             -- (all addresses of the last sandbox)
             ORDER BY a.container_id, a.interface FETCH FIRST at_most ROWS WITH TIES;
    END IF;
END $$;
COMMENT ON FUNCTION sandboxes_v1 IS 'A page of the sandboxes of a cluster that hold addresses for pods.';

-- schema/controller/reclaim_v1.sql
CREATE OR REPLACE FUNCTION reclaim_v1(actor text, of_cluster text, of_container text, of_interface text, of_node text, of_uid text,
                           seen_at timestamptz)
RETURNS TABLE (network_id integer, address inet, released boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- Ends the attachments of one sandbox's interface, as its DEL would have, if they are still the ones that were
-- looked at: an attachment made since, even of the same name, is left alone, and so is one of another node or pod (uid)
-- under the same container id. A sticky owner keeps the address.
#variable_conflict use_column
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
    RETURN QUERY
        SELECT d.network_id, d.address, d.released
          FROM detach_many_v1(ARRAY[of_cluster], ARRAY[of_container], ARRAY[of_interface], ARRAY[of_node], 'RECONCILE',
                            only_uids => ARRAY[of_uid]) AS d;
END $$;
COMMENT ON FUNCTION reclaim_v1 IS 'Releases what a sandbox holds whose pod is gone, unless it changed since it was looked at.';

-- schema/controller/note_allocation_failures_v1.sql
CREATE OR REPLACE FUNCTION note_allocation_failures_v1(
    clusters text[], namespaces text[], pods text[], interfaces text[], nodes text[],
    uids text[], messages text[], counts bigint[], reasons text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '1s'
AS $$
BEGIN
    -- In one order, so that two servers do not wait for each other.
    INSERT INTO allocation_failures AS r (cluster, namespace, pod, interface, node, pod_uid, message, times, reason)
    SELECT n.* FROM unnest(clusters, namespaces, pods, interfaces, nodes, uids, messages, counts, reasons)
                 AS n (cluster, namespace, pod, interface, node, pod_uid, message, times, reason)
     ORDER BY n.cluster, n.namespace, n.pod, n.interface, n.reason
    ON CONFLICT (cluster, namespace, pod, interface, reason) DO UPDATE
       SET node = excluded.node, pod_uid = excluded.pod_uid, message = excluded.message,
           times = r.times + excluded.times, last_at = clock_timestamp();
    -- A cluster may have no controller that makes events of them.
    DELETE FROM allocation_failures WHERE last_at < clock_timestamp() - interval '1 hour';
END $$;
COMMENT ON FUNCTION note_allocation_failures_v1 IS 'Keeps refused ADDs for the controller; those that are an hour old go.';

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
COMMENT ON FUNCTION take_allocation_failures_v1 IS 'Takes refused ADDs of a cluster, to make events of them.';

-- schema/controller/gateway_in_use.sql
CREATE OR REPLACE FUNCTION gateway_in_use() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A pod that runs with the address of a router is told of: it goes on using the address until its DEL.
BEGIN
    PERFORM note_allocation_failures_v1(array_agg(a.cluster), array_agg(r.owner_namespace), array_agg(r.owner_name), array_agg(a.interface),
                             array_agg(a.node), array_agg(coalesce(a.pod_uid, r.owner_uid)),
                             array_agg(concat('address ', host(NEW.address), ' of interface ', a.interface, ' is now ',
                                              why_withheld(NEW.network_id, NEW.address),
                                              ': recreate the pod, which then gets another address, or correct the gateway')),
                             array_agg(1::bigint), array_agg('AddressIsGateway'::text))
       FROM (SELECT DISTINCT ON (a.cluster, a.interface) a.* FROM attachments a
              WHERE a.network_id = NEW.network_id AND a.address = NEW.address
              ORDER BY a.cluster, a.interface, a.attached_at DESC) AS a
       JOIN reservations r ON r.network_id = a.network_id AND r.address = a.address AND r.owner_kind = 'pod'
     HAVING count(*) > 0;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION gateway_in_use() IS 'Trigger: notes running pods whose address became a gateway, for an event.';

-- schema/import/import_pool_v1.sql
CREATE OR REPLACE FUNCTION import_pool_v1(
    actor text, request_id text, only_look boolean, of_cluster text,
    wanted_network text, wanted cidr, wants_isolation boolean, nodes text[], slices cidr[])
RETURNS TABLE (ordinal integer, outcome text, detail text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- Makes a pool and its nodes' slices where they are missing. The pool is ordinal 0, slices count from 1.
-- only_look: nothing is made.
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
COMMENT ON FUNCTION import_pool_v1 IS 'Import: makes a pool and its nodes'' slices where they are missing.';

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
-- Nothing is known of how many addresses there are, nor of tables that an import has begun to fill: one look at an
-- index for each, which LIMIT 1 makes sure of.
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_material = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Takes over a batch of addresses of one pool, each once. An entry is an object: n, address, kind, namespace, name,
-- interface, uid, description, and sandboxes, a list of [container id, interface, node] in that order ("C"). What
-- another owner has is left alone, and reported. Addresses that another session took at this moment are in no row of
-- the answer: ask again.
--
-- are_running: the entries are pods that run now, whose sandboxes' ids are not known ('') and whose nodes and uids are. An
-- owner that holds the address already gets the attachment of its pod beside those that it has.
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
                coalesce('network "' || nullif(wanted_network, '') || '"', 'default network') USING ERRCODE = error_code('not_found');
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
        -- What is as it was imported, and is another way now: another sandbox, or its interface became known.
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
COMMENT ON FUNCTION import_addresses_v1 IS 'Import: takes over a batch of addresses of one pool with their sandboxes; never what another owner has.';

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
-- Before running pods are taken over: who holds one of their addresses here, though the pod that has it is another one. A
-- restored database may say so of a pod that ended since. Not what an owner keeps (sticky, reserved by an operator), and
-- nothing that was reserved or attached since the pods were listed.
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
COMMENT ON FUNCTION import_stale_v1 IS 'Import of running pods: releases what ended pods hold of the addresses that running ones have.';

-- schema/import/import_read_v1.sql
CREATE OR REPLACE FUNCTION import_read_v1(wanted_network text, wanted cidr) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    SELECT set_config('rowhouse.command', 'IMPORT', true);
    INSERT INTO rowhouse.assignment_hold_pools (pool_id)
    SELECT p.id FROM rowhouse.pools p, rowhouse.assignment_hold WHERE p.network_name = wanted_network AND p.cidr = wanted
    ON CONFLICT DO NOTHING;
END;
COMMENT ON FUNCTION import_read_v1(text, cidr) IS 'Import of running pods: all of a pool were read, so it assigns addresses again.';

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
-- Releases addresses that were imported from a pool and are not in use there any more; only those that are as they
-- were imported, of the same owner still.
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
COMMENT ON FUNCTION import_release_v1 IS 'Import: releases what was imported and is not in use any more where it came from.';

-- schema/import/import_record_v1.sql
CREATE OR REPLACE FUNCTION import_record_v1(actor text, request_id text, source text, facts jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM act_as(actor, request_id);
    PERFORM record_change('import.run', source, NULL, facts);
END $$;
COMMENT ON FUNCTION import_record_v1 IS 'Import: writes a line of the audit log that says what was taken over.';

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
-- The imported attachments that a call can only mean: those of its container without an interface or a node (whereabouts
-- before v0.8, an export without pods), or those of its pod without a container (an import of running pods).
--
-- Without an interface: of the pools of the call's configuration; where that cannot be read (cidrs NULL), the only one
-- there is. only_node is the node of a caller that acts for its own node alone: what another node has is never meant, and
-- what no node is known of only if it was verified that the pod runs there.
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
COMMENT ON FUNCTION imported_sandbox_v1 IS 'The imported attachments that a DEL or CHECK can only mean. Changes nothing.';

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
-- (imported_sandbox_v1), and tells how many. -1: none, but it would be some if it were verified that the pod runs on the
-- caller's node.
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
    'DEL of what was imported without container, interface or node: completes the attachments that the call means.';

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
-- Before an ADD: the lowest address that a pod holds in each pool without an interface becomes that of this
-- interface, unless this has one there already. Tells how many. known, the addresses of this interface as the pod's status
-- has them, leaves no doubt; where it is NULL, an interface gets the one that there is, or the lowest. A caller that acts
-- for its own node alone (only_node) gets nothing of a sandbox of another node, and nothing of one whose node is unknown
-- unless it was verified that the pod runs there. -1: there is something, and the caller, who can ask the cluster
-- (can_ask), shall do so first.
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
COMMENT ON FUNCTION adopt_owner_v1 IS 'ADD of a pod that was imported without its interfaces: its address becomes that of the interface that asks.';

-- schema/import/has_unnamed_v1.sql
CREATE OR REPLACE FUNCTION has_unnamed_v1() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Whether any imported address still has no interface; forgets those that are settled once all are.
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
-- Enables the triggers on "reservations" while a mirror is on. Waits for the transactions that write, so that afterwards
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
COMMENT ON FUNCTION switch_mirror_triggers() IS 'Enables the triggers of the outbox if a mirror is on, else disables them.';

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
COMMENT ON FUNCTION mark_for_mirrors(integer[]) IS 'Marks pools as changed, for every mirror that does not know yet.';

-- schema/mirror/mirror_on_v1.sql
CREATE OR REPLACE FUNCTION mirror_on_v1(of_cluster text, in_namespace text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '250ms' -- who comes after us waits as long
AS $$
-- A cluster's changes are noted from now on. Everything must be looked at afterwards.
BEGIN
    INSERT INTO mirrors AS m (cluster, namespace) VALUES (of_cluster, in_namespace)
        ON CONFLICT (cluster) DO UPDATE SET namespace = excluded.namespace WHERE m.namespace <> excluded.namespace;
    PERFORM switch_mirror_triggers();
END $$;
COMMENT ON FUNCTION mirror_on_v1 IS 'Notes changes for the mirror of a cluster from now on.';

-- schema/mirror/mirror_off_v1.sql
CREATE OR REPLACE FUNCTION mirror_off_v1(of_cluster text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '250ms'
AS $$
-- A cluster's changes are not noted any more; whether they were. Its objects stay as they are.
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
COMMENT ON FUNCTION mirror_off_v1 IS 'Notes no changes for the mirror of a cluster any more.';

-- schema/mirror/mirror_changes_v1.sql
CREATE OR REPLACE FUNCTION mirror_changes_v1(of_cluster text) RETURNS TABLE (pool_id integer, age interval)
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- Takes a cluster's marks away. A transaction that relies on one of them is among mirror_writers_v1() of a later moment.
    DELETE FROM mirror_changes AS c WHERE c.cluster = of_cluster RETURNING c.pool_id, clock_timestamp() - c.made_at;
END;
COMMENT ON FUNCTION mirror_changes_v1 IS 'Takes the marks of changed pools away from the outbox.';

-- schema/mirror/mirror_writers_v1.sql
CREATE OR REPLACE FUNCTION mirror_writers_v1() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- Transactions under way that may have written what is mirrored. A lock is there from before a transaction's first
    -- look at the outbox until after its commit can be seen.
    SELECT DISTINCT l.virtualtransaction FROM pg_locks l
     WHERE l.locktype = 'relation' AND l.granted
       AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
       AND l.relation IN ('rowhouse.reservations'::regclass, 'rowhouse.pools'::regclass, 'rowhouse.node_slices'::regclass)
       AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock');
END;
COMMENT ON FUNCTION mirror_writers_v1 IS 'The transactions under way that may have written what is mirrored.';

-- schema/mirror/mirror_again_v1.sql
CREATE OR REPLACE FUNCTION mirror_again_v1(of_cluster text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
AS $$
-- Asks the mirror of a cluster to look at everything.
BEGIN
    INSERT INTO mirror_changes (cluster, pool_id) SELECT m.cluster, 0 FROM mirrors m WHERE m.cluster = of_cluster;
    NOTIFY rowhouse_mirror;
END $$;
COMMENT ON FUNCTION mirror_again_v1 IS 'Asks the mirror of a cluster to look at everything.';

-- schema/mirror/mirror_report_v1.sql
CREATE OR REPLACE FUNCTION mirror_report_v1(of_cluster text, report jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    UPDATE mirrors AS m SET report = mirror_report_v1.report, reported_at = clock_timestamp() WHERE m.cluster = of_cluster;
END;
COMMENT ON FUNCTION mirror_report_v1 IS 'Keeps what the mirror of a cluster says of itself.';

-- schema/mirror/mirrored_pools_v1.sql
CREATE OR REPLACE FUNCTION mirrored_pools_v1()
RETURNS TABLE (pool_id integer, network text, cidr cidr, isolated boolean)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    SELECT p.id, p.network_name, p.cidr, n.isolated IS NOT NULL
      FROM pools p JOIN networks n ON n.id = p.network_id ORDER BY p.id;
END;
COMMENT ON FUNCTION mirrored_pools_v1 IS 'All pools; isolated: its addresses are unique in the pool alone.';

-- schema/mirror/mirrored_addresses_v1.sql
CREATE OR REPLACE FUNCTION mirrored_addresses_v1(of_pool integer, of_cluster text, after_address inet, at_most integer)
RETURNS TABLE (address inet, own boolean, container_id text, namespace text, pod text, interface text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- A page of the addresses in use of a pool, in their order. own: a pod of this cluster holds it; others are held by a pod
-- of another cluster, or by no pod at all.
#variable_conflict use_column
DECLARE
    pool pools;
BEGIN
    SELECT * INTO pool FROM pools p WHERE p.id = of_pool;
    IF FOUND THEN
        RETURN QUERY
            SELECT r.address::inet, r.owner_kind = 'pod' AND r.owner_cluster = of_cluster, r.container_id,
                   r.owner_namespace, r.owner_name, r.owner_interface
              FROM reservations r
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
    -- Of pairs of an address and a pod ("namespace/name", '' matches any pod), those that the history does not have.
    SELECT a, h FROM unnest(addresses, holders) AS pair (a, h)
     WHERE NOT EXISTS (
           SELECT FROM tenures t JOIN networks n ON n.id = t.network_id
            WHERE t.address = a AND n.name = of_network AND h IN ('', t.owner_namespace || '/' || t.owner_name));
END;
COMMENT ON FUNCTION mirror_unknown_v1 IS 'Of pairs of an address and a pod, those that never were in the history.';

-- schema/roles/roles.sql
-- Three roles, none of which can log in: grant them to the users that do.
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

        -- CNI
        GRANT EXECUTE ON FUNCTION attach_v1, attach_many_v1, detach_many_v1, available_v1, join_shared_space_v1,
                                  note_allocation_failures_v1
            TO rowhouse_server;
        -- The API, the command line and the pages
        GRANT EXECUTE ON FUNCTION act_as, reserve_v1, release_v1, release_v2, reassign_v1, hold_v1, resume_v1,
                                  explain_address, pool_fill, sample_fill_v1, held_by, who_had, ran_on, of_container, in_prefix
            TO rowhouse_server;
        -- The controller
        GRANT EXECUTE ON FUNCTION sandboxes_v1, reclaim_v1, take_allocation_failures_v1
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
        -- What views and statements are made of
        GRANT EXECUTE ON FUNCTION audit_key, serves_code_of, error_code, is_excluded, is_withheld, why_withheld, pool_window, window_counts, pool_counts,
                                  first_address, last_address, first_usable, last_usable, address_number, address_key,
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
        GRANT SELECT ON current_reservations, address_history, attached_tenures, pool_usage, stale_reservations, integrity_problems, audit_log, audit_changes, error_codes,
                        gateways, exclusions, fill_samples, pool_trends,
                        networks, pools, free_ranges, quotas
            TO rowhouse_auditor;
        GRANT EXECUTE ON FUNCTION error_code, audit_key, held_by, who_had, ran_on, of_container, in_prefix, explain_address, pool_fill, is_excluded, is_withheld, why_withheld,
                                  pool_window, pool_counts, first_address, last_address, first_usable, last_usable,
                                  address_number, address_key, network_key, network_keys, address_span, is_open_tenure, is_plain, inetrange(inet, inet)
            TO rowhouse_auditor;
    END IF;
END $$;

-- schema/roles/ownership.sql
-- Gives the schema and all in it to rowhouse_owner, so that any login of that role can migrate. It does so where the
-- migrating user owns them and may set that role; a user who may grant the role, having made it, takes it first.
DO $$
DECLARE
    one record;
    -- PostgreSQL 16 tells membership from the right to become the role.
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

-- schema/controller/allocation_failure_noted.sql
DROP TRIGGER allocation_failures_noted ON allocation_failures;
DROP FUNCTION allocation_failure_noted;

-- schema/controller/note_event.sql
DROP FUNCTION note_event;

-- schema/controller/note_allocation_failures_v2.sql
DROP FUNCTION note_allocation_failures_v2;

-- schema/allocation/in_named_ranges.sql
DROP FUNCTION in_named_ranges;

-- schema/allocation/attachment_by_hand.sql
DROP TRIGGER attachments_second ON attachments;
DROP FUNCTION attachment_by_hand;

-- schema/allocation/refuse_second_attachment.sql
DROP FUNCTION refuse_second_attachment;

-- schema/pools/change_pool_v1.sql
DROP FUNCTION change_pool_v1;

-- schema/pools/note_alias_use.sql
DROP FUNCTION note_alias_use;

-- schema/pools/pool_named.sql
DROP TRIGGER pools_named ON pools;
DROP FUNCTION pool_named;

-- schema/pools/claim_pool_name.sql
DROP TRIGGER pools_name_claim ON pools;
DROP FUNCTION claim_pool_name;

-- schema/pools/refuse_used_alias.sql
DROP FUNCTION refuse_used_alias;

-- schema/pools/refuse_foreign_name.sql
DROP FUNCTION refuse_foreign_name;

-- schema/controller/note_released.sql
DROP FUNCTION note_released;

-- schema/tables/events.sql
DROP TABLE events;

-- schema/requests/current_requests.sql
DROP VIEW current_requests;

-- schema/administration/special_use.sql
DROP FUNCTION special_use;

-- schema/free_space/is_kept_out.sql
DROP FUNCTION is_kept_out;

-- schema/tables/pool_names.sql
DROP TABLE pool_names;

-- schema/pools/pool_names_changed.sql
DROP FUNCTION pool_names_changed;

-- schema/controller/release_owners_v1.sql
DROP FUNCTION release_owners_v1;

-- schema/allocation/refuse_former_object.sql
DROP FUNCTION refuse_former_object;

-- schema/free_space/is_on_request.sql
DROP FUNCTION is_on_request;

-- schema/free_space/on_request_count.sql
DROP FUNCTION on_request_count;

-- schema/free_space/admit_requested.sql
DROP FUNCTION admit_requested;

-- schema/free_space/first_on_request.sql
DROP FUNCTION first_on_request;

-- schema/allocation/refuse_candidates.sql
DROP FUNCTION refuse_candidates;

-- schema/allocation/refuse_withheld.sql
DROP FUNCTION refuse_withheld;

-- schema/administration/reserve_v2.sql
DROP FUNCTION reserve_v2;

-- schema/nodes/report_node_v1.sql
DROP FUNCTION report_node_v1;

-- schema/administration/label_v1.sql
DROP FUNCTION label_v1;

-- schema/administration/edit_v1.sql
DROP FUNCTION edit_v1;

-- schema/controller/renew_owners_v1.sql
DROP FUNCTION renew_owners_v1;

-- schema/controller/idle_owners_v1.sql
DROP FUNCTION idle_owners_v1;

-- schema/allocation/attach_v2.sql
DROP FUNCTION attach_v2;

-- schema/allocation/attach_owner.sql
DROP FUNCTION attach_owner;

-- schema/allocation/record_attachments.sql
DROP FUNCTION record_attachments;

-- schema/allocation/refuse_second_sandbox.sql
DROP FUNCTION refuse_second_sandbox;

-- schema/allocation/held_by_lasting_owner.sql
DROP FUNCTION held_by_lasting_owner;

-- schema/history/lasting_attachments.sql
DROP VIEW lasting_attachments;

-- schema/tables/nodes.sql
DROP TABLE nodes;
-- schema/tables/owner_objects.sql
DROP TABLE owner_objects;

-- schema/tables/past_attachments.sql
DROP TABLE past_attachments;

-- schema/tables/attachments.sql
ALTER TABLE attachments DROP COLUMN pod_name, DROP COLUMN mac;

-- schema/tables/exclusions.sql
ALTER TABLE exclusions DROP COLUMN name, DROP COLUMN requests_only;

-- schema/tables/reservations.sql
ALTER TABLE reservations DROP COLUMN labels;

-- schema/tables/sessions.sql
DELETE FROM sessions WHERE role = 'team';
ALTER TABLE sessions DROP CONSTRAINT sessions_team, DROP COLUMN namespaces, DROP CONSTRAINT sessions_role_check,
    ADD CONSTRAINT sessions_role_check CHECK (role IN ('viewer', 'operator', 'admin'));

-- schema/tables/tokens.sql
DELETE FROM tokens WHERE role = 'team';
ALTER TABLE tokens DROP CONSTRAINT tokens_team, DROP COLUMN namespaces, DROP CONSTRAINT tokens_role_check,
    ADD CONSTRAINT tokens_role_check CHECK (role IN ('node', 'viewer', 'operator', 'admin'));

-- schema/requests/decide_request_v1.sql
DROP FUNCTION decide_request_v1;

-- schema/requests/request_v1.sql
DROP FUNCTION request_v1;

-- schema/requests/expire_requests.sql
DROP FUNCTION expire_requests;

-- schema/requests/check_requested.sql
DROP FUNCTION check_requested;

-- schema/tables/requests.sql
DROP TABLE requests;

-- schema/requests/request_changed.sql
DROP FUNCTION request_changed;

-- schema/requests/request_moves.sql
DROP FUNCTION request_moves;

-- schema/tables/comments.sql
DROP TABLE comments;

-- schema/history/comment_changed.sql
DROP FUNCTION comment_changed;

-- schema/tables/saved_views.sql
DROP TABLE saved_views;

-- schema/administration/limit_saved_views.sql
DROP FUNCTION limit_saved_views;

-- schema/administration/refuse_owner.sql
DROP FUNCTION refuse_owner;

-- schema/addresses/address_count.sql
DROP FUNCTION address_count;

-- schema/tables/usage_periods.sql
DROP TABLE usage_periods;

-- schema/history/sum_usage_v1.sql
DROP FUNCTION sum_usage_v1;

-- schema/requests/refuse_hopeless.sql
DROP FUNCTION refuse_hopeless;

-- schema/requests/prune_requests_v1.sql
DROP FUNCTION prune_requests_v1;
