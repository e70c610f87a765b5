CREATE FUNCTION import_addresses_v1(
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
