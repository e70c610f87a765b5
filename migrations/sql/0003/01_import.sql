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
    wanted_network text, wanted cidr, wants_isolation boolean,
    addresses inet[], kinds owner_kind[], namespaces text[], names text[], interfaces text[], uids text[], descriptions text[],
    sandbox_of integer[], containers text[], sandbox_interfaces text[], nodes text[])
RETURNS TABLE (ordinal integer, outcome text, detail text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET plan_cache_mode = force_generic_plan
SET jit = off
-- Nothing is known of how many addresses there are: one look at an index for each.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Takes over a batch of addresses of one pool, each once: addresses[n] belongs to names[n], and the sandboxes whose
-- sandbox_of is n use it. What somebody else has is left alone, and told of. Addresses that somebody took at
-- this moment are in no row of the answer: ask again.
#variable_conflict use_column
DECLARE
    command text := set_config('rowhouse.command', 'IMPORT', true);
    the_pool integer;
    space    integer;
    told     integer[];
    outcomes text[];
    details  text[];
    changed  integer[];
BEGIN
    PERFORM act_as(actor, request_id);
    IF NOT only_look THEN
        -- Before a pool is read or a run is locked: see wait_for_reservations().
        LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    END IF;
    SELECT p.id, p.network_id INTO the_pool, space FROM pools p WHERE p.network_name = wanted_network AND p.cidr = wanted;
    IF NOT FOUND THEN
        IF NOT only_look THEN
            RAISE EXCEPTION 'there is no pool % in network "%"', wanted, wanted_network USING ERRCODE = 'RH404';
        END IF;
        SELECT n.id INTO space FROM networks n
         WHERE n.name = wanted_network AND n.isolated IS NOT DISTINCT FROM CASE WHEN wants_isolation THEN wanted END;
    END IF;
    IF NOT only_look THEN
        PERFORM FROM reservations r WHERE r.network_id = space AND r.address = ANY (addresses) ORDER BY r.address FOR UPDATE;
    END IF;

    SELECT array_agg(f.n), array_agg(f.outcome), array_agg(f.detail), array_agg(f.n) FILTER (WHERE f.outcome = 'changed')
      INTO told, outcomes, details, changed
      FROM (
        SELECT n, CASE WHEN NOT held.same THEN 'conflict' WHEN held.untouched AND held.differs THEN 'changed' ELSE 'there' END AS outcome,
               CASE WHEN NOT held.same THEN held.owner END AS detail
          FROM generate_subscripts(addresses, 1) AS n
          CROSS JOIN LATERAL (
               SELECT (r.owner_kind, r.owner_namespace, r.owner_name) = (kinds[n], namespaces[n], names[n])
                      AND r.pool_id IS NOT DISTINCT FROM the_pool
                      AND (r.owner_kind = 'static' OR r.owner_cluster = of_cluster)
                      AND (r.owner_interface = interfaces[n] OR '' IN (r.owner_interface, interfaces[n])) AS same,
                      r.owner_kind = 'pod' AND (SELECT t.start_reason = 'IMPORT' FROM tenures t WHERE t.id = r.tenure_id) AS untouched,
                      (r.owner_interface, r.owner_uid)
                      IS DISTINCT FROM (coalesce(nullif(interfaces[n], ''), r.owner_interface), coalesce(uids[n], r.owner_uid))
                      OR EXISTS (SELECT a.container_id, a.interface, a.node FROM attachments a
                                  WHERE a.network_id = r.network_id AND a.address = r.address
                                 EXCEPT
                                 SELECT containers[s], sandbox_interfaces[s], nodes[s]
                                   FROM generate_subscripts(sandbox_of, 1) AS s WHERE sandbox_of[s] = n)
                      OR EXISTS (SELECT containers[s], sandbox_interfaces[s], nodes[s]
                                   FROM generate_subscripts(sandbox_of, 1) AS s WHERE sandbox_of[s] = n
                                 EXCEPT
                                 SELECT a.container_id, a.interface, a.node FROM attachments a
                                  WHERE a.network_id = r.network_id AND a.address = r.address) AS differs,
                      concat('held by ', CASE r.owner_kind WHEN 'pod' THEN r.owner_namespace || '/' END, r.owner_name,
                             ' ' || nullif(r.owner_interface, ''), ' of cluster ' || nullif(r.owner_cluster, ''),
                             CASE WHEN r.pool_id <> the_pool THEN (SELECT ' in pool ' || p.cidr FROM pools p WHERE p.id = r.pool_id) END,
                             ' since ', to_char(r.reserved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ' UTC') AS owner
                 FROM reservations r WHERE r.network_id = space AND r.address = addresses[n]) AS held
        UNION ALL
        SELECT n, 'conflict', 'kept out of use by an exclusion'
          FROM generate_subscripts(addresses, 1) AS n
         WHERE is_excluded(space, addresses[n])
           AND NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = space AND r.address = addresses[n])) AS f;
    RETURN QUERY SELECT f.n, f.o, f.d FROM unnest(told, outcomes, details) AS f (n, o, d);

    IF only_look THEN
        RETURN QUERY SELECT n, 'new', NULL::text FROM generate_subscripts(addresses, 1) AS n WHERE n <> ALL (coalesce(told, '{}'));
        RETURN;
    END IF;

    -- What is as it was imported, and is another way now: another sandbox, or its interface became known.
    WITH mine AS (
        SELECT n, r.address FROM unnest(changed) AS n
          JOIN reservations r ON r.network_id = space AND r.address = addresses[n]),
    gone AS (
        DELETE FROM attachments a USING mine
         WHERE a.network_id = space AND a.address = mine.address
           AND NOT EXISTS (SELECT FROM generate_subscripts(sandbox_of, 1) AS s
                            WHERE sandbox_of[s] = mine.n
                              AND (containers[s], sandbox_interfaces[s], nodes[s]) = (a.container_id, a.interface, a.node))),
    used AS (
        INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, pod_uid)
        SELECT of_cluster, containers[s], sandbox_interfaces[s], space, mine.address, nodes[s], uids[mine.n]
          FROM mine JOIN generate_subscripts(sandbox_of, 1) AS s ON sandbox_of[s] = mine.n
        ON CONFLICT (cluster, container_id, interface, network_id, address)
        DO UPDATE SET node = excluded.node, pod_uid = coalesce(excluded.pod_uid, attachments.pod_uid))
    UPDATE reservations r
       SET owner_uid = coalesce(uids[mine.n], r.owner_uid),
           owner_interface = CASE WHEN EXISTS (
               -- (two addresses of one owner in one pool that are only now known to be of one interface)
               SELECT FROM reservations o
                WHERE (o.owner_namespace, o.owner_name, o.pool_id, o.owner_interface, o.owner_cluster, o.slot)
                    = (r.owner_namespace, r.owner_name, r.pool_id, interfaces[mine.n], r.owner_cluster, r.slot)) THEN r.owner_interface
               ELSE coalesce(nullif(interfaces[mine.n], ''), r.owner_interface) END,
           node = coalesce((SELECT nodes[s] FROM generate_subscripts(sandbox_of, 1) AS s WHERE sandbox_of[s] = mine.n LIMIT 1), ''),
           container_id = coalesce((SELECT containers[s] FROM generate_subscripts(sandbox_of, 1) AS s WHERE sandbox_of[s] = mine.n LIMIT 1), '')
      FROM mine WHERE r.network_id = space AND r.address = mine.address;

    -- Runs are locked before reservations are made, the order in which everybody does it.
    PERFORM FROM free_ranges f
      WHERE f.network_id = space AND (f.quarantined, f.last) IN (
            SELECT run.quarantined, run.last FROM unnest(addresses) AS one (address)
             CROSS JOIN LATERAL (
                   (SELECT q.quarantined, q.first, q.last FROM free_ranges q
                     WHERE q.network_id = space AND NOT q.quarantined AND q.last >= one.address ORDER BY q.last LIMIT 1)
                   UNION ALL
                   (SELECT q.quarantined, q.first, q.last FROM free_ranges q
                     WHERE q.network_id = space AND q.quarantined AND q.last >= one.address ORDER BY q.last LIMIT 1)) AS run
             WHERE run.first <= one.address)
      ORDER BY f.quarantined, f.last FOR UPDATE OF f;
    RETURN QUERY
        WITH wanted AS (
            SELECT n, row_number() OVER (PARTITION BY kinds[n], namespaces[n], names[n], interfaces[n] ORDER BY n) - 1 AS number
              FROM generate_subscripts(addresses, 1) AS n
             WHERE NOT EXISTS (SELECT FROM reservations r WHERE r.network_id = space AND r.address = addresses[n])
               AND NOT is_excluded(space, addresses[n])),
        made AS (
            INSERT INTO reservations AS r (network_id, address, pool_id, owner_kind, owner_cluster, owner_namespace, owner_name,
                                           owner_interface, owner_uid, slot, sticky, node, container_id, description)
            SELECT space, addresses[w.n], the_pool, kinds[w.n], CASE kinds[w.n] WHEN 'pod' THEN of_cluster ELSE '' END,
                   namespaces[w.n], names[w.n], interfaces[w.n], uids[w.n],
                   w.number + coalesce((SELECT max(o.slot) + 1 FROM reservations o
                                         WHERE o.owner_namespace = namespaces[w.n] AND o.owner_name = names[w.n]
                                           AND o.pool_id = the_pool AND o.owner_interface = interfaces[w.n]
                                           AND o.owner_cluster = CASE kinds[w.n] WHEN 'pod' THEN of_cluster ELSE '' END), 0),
                   kinds[w.n] = 'static',
                   coalesce((SELECT nodes[s] FROM generate_subscripts(sandbox_of, 1) AS s WHERE sandbox_of[s] = w.n LIMIT 1), ''),
                   coalesce((SELECT containers[s] FROM generate_subscripts(sandbox_of, 1) AS s WHERE sandbox_of[s] = w.n LIMIT 1), ''),
                   descriptions[w.n]
              FROM wanted w ORDER BY addresses[w.n]
            ON CONFLICT DO NOTHING
            RETURNING r.address),
        used AS (
            INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, pod_uid)
            SELECT of_cluster, containers[s], sandbox_interfaces[s], space, addresses[w.n], nodes[s], uids[w.n]
              FROM wanted w
              JOIN generate_subscripts(sandbox_of, 1) AS s ON sandbox_of[s] = w.n
             WHERE addresses[w.n] IN (SELECT made.address FROM made)),
        unnamed AS (
            INSERT INTO imported_unnamed (network_id, address)
            SELECT space, addresses[w.n] FROM wanted w
             WHERE kinds[w.n] = 'pod' AND interfaces[w.n] = '' AND addresses[w.n] IN (SELECT made.address FROM made)
            ON CONFLICT DO NOTHING)
        SELECT w.n, 'new', NULL::text FROM wanted w WHERE addresses[w.n] IN (SELECT made.address FROM made);
END $$;
COMMENT ON FUNCTION import_addresses_v1 IS 'Import: takes over a batch of addresses of one pool with their sandboxes; never what somebody else has.';

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
