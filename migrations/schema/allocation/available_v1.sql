CREATE FUNCTION available_v1(networks text[], cidrs cidr[], pool_names text[], segment_ranges integer[],
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
