CREATE FUNCTION repair_v1(actor text, request_id text)
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
