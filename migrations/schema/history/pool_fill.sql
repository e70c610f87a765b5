CREATE FUNCTION pool_fill(wanted_pool integer, since timestamptz, until timestamptz, steps integer)
RETURNS TABLE (at timestamptz, reserved bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp SET jit = off
BEGIN ATOMIC
    WITH moments AS (
        SELECT step, since + (until - since) * step / greatest(steps, 1) AS at FROM generate_series(0, steps) AS step),
    -- How long the answer takes must not depend on the history. One pass over it is quick while it is small; after that,
    -- the samples answer.
    size AS (
        SELECT pg_relation_size('tenures') < 32 * 1024 * 1024 AS is_small),
    -- The number of the first moment at which a tenure had begun, and of the first one at which it had ended.
    held AS (
        SELECT width_bucket(lower(t.during), m.after) AS begins,
               CASE WHEN NOT upper_inf(t.during) THEN width_bucket(upper(t.during), m.after) END AS ends
          FROM (SELECT array_agg(at + interval '1 microsecond' ORDER BY step) AS after FROM moments) AS m, tenures t
         WHERE (SELECT is_small FROM size)
           AND t.pool_id = wanted_pool AND t.during && tstzrange(since, until, '[]')),
    changes AS (
        SELECT step, sum(change) AS change
          FROM (SELECT coalesce(begins, 0) AS step, 1 AS change FROM held
                UNION ALL
                SELECT ends, -1 FROM held WHERE ends IS NOT NULL) AS events
         GROUP BY step)
    -- What is held now goes for what is later than the last sample, but for no longer than until the next one is due.
    SELECT m.at, coalesce(
               CASE WHEN (SELECT is_small FROM size) THEN sum(c.change) OVER (ORDER BY m.step)
                    WHEN m.at > (SELECT greatest(max(s.at), statement_timestamp() - interval '15 minutes')
                                   FROM fill_samples s WHERE s.pool_id = wanted_pool)
                    THEN (SELECT count(*) FROM pools p
                            JOIN reservations r ON r.network_id = p.network_id AND r.pool_id = p.id
                             AND r.address BETWEEN first_address(p.cidr) AND last_address(p.cidr)
                           WHERE p.id = wanted_pool)
                    ELSE (SELECT s.reserved FROM fill_samples s
                           WHERE s.pool_id = wanted_pool AND s.at <= m.at ORDER BY s.at DESC LIMIT 1)
               END, 0)::bigint
      FROM moments m LEFT JOIN changes c USING (step) ORDER BY m.step;
END;
COMMENT ON FUNCTION pool_fill(integer, timestamptz, timestamptz, integer) IS
    'How many addresses of a pool were held at evenly spaced moments: exactly while tenures is smaller than 32 MB, then as of the last sample (fill_samples) and, behind that, as of now.';
