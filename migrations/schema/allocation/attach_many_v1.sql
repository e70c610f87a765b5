CREATE FUNCTION attach_many_v1(
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
