CREATE FUNCTION join_shared_space_v1(wanted_network text, wanted cidr) RETURNS boolean
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
