-- What the API and the command line do with reservations. Each call is one statement and one transaction,
-- so no lock is held across a round trip, and each writes its line of the audit log.
--
-- Errors: RH100 exhausted, RH101 taken, RH102 outside the pool, RH404 no such reservation, RH410 in the way.

CREATE FUNCTION act_as(actor text, request_id text) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    SELECT set_config('rowhouse.actor', actor, true), set_config('rowhouse.request_id', request_id, true);
END;
COMMENT ON FUNCTION act_as(text, text) IS 'Names the caller, for history and audit, until the end of the transaction.';

CREATE FUNCTION hold_v1(actor text, request_id text, why text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- From now on no ADD gets a new address, except of pools that are read from now on (import_read_v1). False: it was so.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
BEGIN
    PERFORM act_as(actor, request_id);
    -- An ADD under way ends first.
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO assignment_hold (reason, actor) VALUES (why, actor) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM record_change('assignment.hold', why, NULL, jsonb_build_object('reason', why));
    END IF;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION hold_v1(text, text, text) IS 'Holds new addresses back until the running pods were read.';

CREATE FUNCTION resume_v1(actor text, request_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    ended   assignment_hold;
BEGIN
    PERFORM act_as(actor, request_id);
    DELETE FROM assignment_hold RETURNING * INTO ended;
    DELETE FROM assignment_hold_pools;
    IF ended.id IS NOT NULL THEN
        PERFORM record_change('assignment.resume', ended.reason, to_jsonb(ended), NULL);
    END IF;
    RETURN ended.id IS NOT NULL;
END $$;
COMMENT ON FUNCTION resume_v1(text, text) IS 'Ends a hold: every pool assigns addresses again. False: there was none.';

CREATE FUNCTION refuse_special(pool pools, wanted inet) RETURNS void
LANGUAGE plpgsql AS $$
-- Raises RH410 for what is reserved by force alone: a gateway, and the network and broadcast address of a pool whose
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
            USING ERRCODE = 'RH410', HINT = 'Reserve it by force if it is meant.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_special(pools, inet) IS 'Raises RH410 for a gateway, a network address and a broadcast address.';

CREATE FUNCTION refuse_taken(of_network integer, wanted inet, range_no integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    holder reservations;
BEGIN
    SELECT * INTO holder FROM reservations r WHERE r.network_id = of_network AND r.address = wanted;
    IF FOUND THEN
        RAISE EXCEPTION 'requested address % is in use by %', host(wanted),
            concat_ws('/', nullif(holder.owner_namespace, ''), holder.owner_name)
            USING ERRCODE = 'RH101', DETAIL = range_no,
                  HINT = 'Ask for another address, or have its owner release it: `rowhouse explain` tells who that is.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_taken(integer, inet, integer) IS 'Raises RH101 if an address is reserved.';

CREATE FUNCTION refuse_quarantined(of_network integer, wanted inet, range_no integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM end_misdated_quarantines(of_network, ARRAY[wanted], ARRAY[wanted]);
    IF EXISTS (SELECT FROM free_ranges f
                WHERE f.network_id = of_network AND f.quarantined AND f.last = wanted AND f.free_from > clock_timestamp()) THEN
        RAISE EXCEPTION 'requested address % is in quarantine', host(wanted)
            USING ERRCODE = 'RH101', DETAIL = range_no,
                  HINT = 'Ask for another address; `rowhouse explain` tells from when on it can be had.';
    END IF;
END $$;
COMMENT ON FUNCTION refuse_quarantined(integer, inet, integer) IS 'Raises RH101 if an address is quarantined.';

CREATE FUNCTION reserve_v1(
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
    command text := set_config('rowhouse.command', 'API', true);
    pool    pools;
    firsts  inet[];
    lasts   inet[];
    slot_no integer;
    made    reservations;
    around  text := coalesce(current_setting('rowhouse.force', true), '');
BEGIN
    PERFORM act_as(actor, request_id), set_config('rowhouse.force', CASE WHEN force THEN 'on' ELSE '' END, true);
    -- Before a pool is read or a run is locked: see wait_for_reservations().
    LOCK TABLE reservations IN ROW EXCLUSIVE MODE;
    SELECT * INTO pool FROM pools p WHERE p.id = wanted_pool;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no pool %', wanted_pool USING ERRCODE = 'RH404';
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
                        USING ERRCODE = 'RH102', HINT = 'Ask for an address of the pool, or name the pool that holds it.';
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
                    address := claim_lowest(pool.network_id, ARRAY[wanted[i]], ARRAY[wanted[i]]);
                    CONTINUE WHEN address IS NULL;
                END IF;
            ELSE
                IF pool.drained THEN
                    RAISE EXCEPTION 'pool % is drained: it gives out no further address', pool.cidr
                        USING ERRCODE = 'RH100', HINT = '`rowhouse pool undrain` lets it give out addresses again.';
                END IF;
                address := claim_lowest(pool.network_id, firsts, lasts);
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
    PERFORM set_config('rowhouse.force', around, true);
END $$;
COMMENT ON FUNCTION reserve_v1 IS 'Reserves addresses by hand: given ones or the lowest free ones, all or nothing.';

CREATE FUNCTION release_v1(actor text, request_id text, wanted_network integer, wanted inet, even_attached boolean)
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
        RAISE EXCEPTION 'address % is not reserved', host(wanted) USING ERRCODE = 'RH404';
    END IF;
    SELECT * INTO used FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted LIMIT 1;
    IF FOUND AND NOT even_attached THEN
        RAISE EXCEPTION 'address % is in use by sandbox % on node %', host(wanted), used.container_id, used.node
            USING ERRCODE = 'RH410',
                  HINT = 'A running pod would go on using it. Delete the pod, or release by force if the sandbox is gone.';
    END IF;
    DELETE FROM reservations r WHERE r.network_id = wanted_network AND r.address = wanted;
    PERFORM record_change('reservation.release', host(wanted), to_jsonb(held), NULL);
    RETURN NEXT held;
END $$;
COMMENT ON FUNCTION release_v1 IS 'Releases one reservation.';

CREATE FUNCTION reassign_v1(actor text, request_id text, wanted_network integer, wanted inet,
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
        RAISE EXCEPTION 'address % is not reserved', host(wanted) USING ERRCODE = 'RH404';
    END IF;
    SELECT * INTO used FROM attachments a WHERE a.network_id = wanted_network AND a.address = wanted LIMIT 1;
    IF FOUND AND NOT force THEN
        RAISE EXCEPTION 'address % is in use by sandbox % on node %', host(wanted), used.container_id, used.node
            USING ERRCODE = 'RH410',
                  HINT = 'A running pod would go on using it. Delete the pod, or reassign by force if the sandbox is gone.';
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

CREATE FUNCTION prune_v1(older_than timestamptz, after_id bigint, at_most integer)
RETURNS TABLE (pruned integer, last_id bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Removes tenures that ended before a moment, at_most rows looked at a call, in the order of their ids,
-- behind after_id. last_id is where the next call goes on; NULL: there is nothing more.
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

CREATE FUNCTION record_v1(actor text, request_id text, action text, object text, before jsonb, after jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM act_as(actor, request_id);
    PERFORM record_change(action, object, before, after);
END $$;
COMMENT ON FUNCTION record_v1 IS 'Writes a line of the audit log for something that is no change of a row.';

CREATE FUNCTION explain_address(wanted_network text, wanted inet, of_space integer DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Why an address is given out or not: its state, and what in the database makes it so. The pool that explains it is its
-- reservation's own, or else the smallest that holds it. What one pool's window leaves out another may give out.
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
            'because', 'never given out: it is ' || why_withheld(pool.network_id, wanted));
    END IF;
    IF giver.id IS NULL THEN
        RETURN facts || jsonb_build_object('state', 'outside', 'because',
            CASE WHEN wanted < first_usable(pool.cidr)
                 THEN 'never given out: it is the network address of the pool (unless the network configuration has use_all)'
                 WHEN wanted > last_usable(pool.cidr)
                 THEN 'never given out: it is the ' || CASE family(wanted) WHEN 4 THEN 'broadcast' ELSE 'last' END
                      || ' address of the pool (unless the network configuration has use_all)'
                 ELSE 'never given out: it is outside the window of the pool' END);
    END IF;
    SELECT * INTO run FROM free_ranges f
     WHERE f.network_id = pool.network_id AND f.first <= wanted AND f.last >= wanted LIMIT 1;
    IF run.quarantined THEN
        RETURN facts || jsonb_build_object('state', 'quarantined', 'because', 'released; reused from ' || run.free_from || ' on');
    END IF;
    RETURN facts || jsonb_build_object('state', 'free', 'because',
        CASE WHEN giver.drained THEN 'free, but the pool is drained'
             WHEN giver.id <> pool.id AND (facts->>'in_window')::boolean
             THEN 'free; pool ' || pool.cidr || ' is drained, given out by pool ' || giver.cidr
             WHEN giver.id <> pool.id THEN 'free; outside the window of pool ' || pool.cidr || ', given out by pool ' || giver.cidr
             ELSE (SELECT CASE count(*) WHEN 0 THEN 'free; no free range of the pool comes before it'
                                        WHEN 1 THEN 'free; 1 free range of the pool comes before it'
                                        ELSE 'free; ' || count(*) || ' free ranges of the pool come before it' END
                     FROM free_ranges f
                    WHERE f.network_id = pool.network_id AND NOT f.quarantined AND f.last < wanted
                      AND f.last >= first_address(pool.cidr)
                      AND EXISTS (SELECT FROM pool_window(pool) w WHERE f.last >= w.first_address AND f.first <= w.last_address)) END);
END $$;
COMMENT ON FUNCTION explain_address(text, inet, integer) IS 'Why an address is given out or not.';

CREATE FUNCTION pool_fill(wanted_pool integer, since timestamptz, until timestamptz, steps integer)
RETURNS TABLE (at timestamptz, reserved bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- One pass over the tenures of the time span: what had begun by each moment, less what had ended.
    WITH moments AS (
        SELECT step, since + (until - since) * step / greatest(steps, 1) AS at FROM generate_series(0, steps) AS step),
    held AS (
        SELECT greatest(0, ceil(extract(epoch FROM lower(t.during) - since) / nullif(extract(epoch FROM until - since), 0) * steps))::integer AS begins,
               CASE WHEN upper_inf(t.during) THEN NULL
                    ELSE ceil(extract(epoch FROM upper(t.during) - since) / nullif(extract(epoch FROM until - since), 0) * steps)::integer END AS ends
          FROM tenures t
         WHERE t.pool_id = wanted_pool AND t.during && tstzrange(since, until, '[]')),
    changes AS (
        SELECT begins AS step, count(*) AS change FROM held GROUP BY begins
        UNION ALL
        SELECT ends, -count(*) FROM held WHERE ends IS NOT NULL GROUP BY ends)
    SELECT m.at, coalesce((SELECT sum(c.change) FROM changes c WHERE c.step <= m.step), 0)::bigint
      FROM moments m ORDER BY m.step;
END;
COMMENT ON FUNCTION pool_fill(integer, timestamptz, timestamptz, integer) IS
    'How many addresses of a pool were held at evenly spaced moments.';
