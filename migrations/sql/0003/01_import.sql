-- Taking over the addresses of another manager: what `rowhouse import` calls, a batch at a time.
--
-- A reservation whose open tenure began by "IMPORT" is as it was imported: no ADD has touched it since. As
-- long as it is so, another import may bring it up to date.

CREATE TABLE imported_unnamed (
    network_id integer NOT NULL,
    address    host_address NOT NULL,
    PRIMARY KEY (network_id, address)
);
COMMENT ON TABLE imported_unnamed IS
    'Addresses that were imported without the name of their interface; those of which the reservation still has none are given to the first interface of the pod that asks.';

CREATE TRIGGER imported_unnamed_truncate BEFORE TRUNCATE ON imported_unnamed EXECUTE FUNCTION refuse_truncate();

CREATE FUNCTION import_pool_v1(
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

CREATE FUNCTION import_addresses_v1(
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
-- somebody else has is left alone, and told of. Addresses that somebody took at this moment are in no row of
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
                coalesce('network "' || nullif(wanted_network, '') || '"', 'default network') USING ERRCODE = 'RH404';
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

    -- Runs are locked before reservations are made, the order in which everybody does it.
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
COMMENT ON FUNCTION import_addresses_v1 IS 'Import: takes over a batch of addresses of one pool with their sandboxes; never what somebody else has.';

CREATE FUNCTION import_stale_v1(
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

CREATE FUNCTION import_gateways_v1(
    actor text, request_id text, only_look boolean, of_cni_network text, wanted_network text, wanted cidr, isolated boolean,
    addresses inet[])
RETURNS SETOF inet
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- Records the gateways of a network configuration before its first ADD; returns those that were not known.
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
    unknown inet[];
BEGIN
    PERFORM act_as(actor, request_id);
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    unknown := ARRAY(SELECT a FROM unnest(addresses) AS a
                      WHERE NOT knows_gateways(of_cni_network, wanted_network, wanted, ARRAY[a]));
    IF NOT only_look AND unknown <> '{}' THEN
        PERFORM learn_gateways(of_cni_network, ARRAY[wanted_network], ARRAY[wanted], ARRAY[NULL]::text[], ARRAY[isolated],
                               array_fill(1, ARRAY[cardinality(unknown)]), unknown);
    END IF;
    RETURN QUERY SELECT unnest(unknown);
END $$;
COMMENT ON FUNCTION import_gateways_v1 IS 'Import of running pods: records the gateways of a network configuration.';

CREATE FUNCTION import_read_v1(wanted_network text, wanted cidr) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    SELECT set_config('rowhouse.command', 'IMPORT', true);
    INSERT INTO rowhouse.assignment_hold_pools (pool_id)
    SELECT p.id FROM rowhouse.pools p, rowhouse.assignment_hold WHERE p.network_name = wanted_network AND p.cidr = wanted
    ON CONFLICT DO NOTHING;
END;
COMMENT ON FUNCTION import_read_v1(text, cidr) IS 'Import of running pods: all of a pool were read, so it assigns addresses again.';

CREATE FUNCTION import_release_v1(
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

CREATE FUNCTION import_record_v1(actor text, request_id text, source text, facts jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM act_as(actor, request_id);
    PERFORM record_change('import', source, NULL, facts);
END $$;
COMMENT ON FUNCTION import_record_v1 IS 'Import: writes a line of the audit log that says what was taken over.';
