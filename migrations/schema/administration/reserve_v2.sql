-- Errors: pool_exhausted, address_taken, address_outside_ranges, not_found, in_the_way, invalid_config.

CREATE FUNCTION reserve_v2(
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
