CREATE FUNCTION pool_fill(wanted_pool integer, since timestamptz, until timestamptz, steps integer)
RETURNS TABLE (at timestamptz, used bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rowhouse, pg_temp SET jit = off
BEGIN ATOMIC
    WITH moments AS (
        SELECT step, since + (until - since) * step / greatest(steps, 1) AS at FROM generate_series(0, steps) AS step),
    -- How long the answer takes must not depend on the history. One pass over it is quick while it is small; after that,
    -- the samples answer.
    size AS (
        SELECT history_is_small() AS is_small),
    -- What it may assign, and the pools whose reservations count there (as in pool_counts).
    pool AS MATERIALIZED (
        SELECT p.network_id, coalesce(p.window_first, first_usable(p.cidr))::inet AS first,
               coalesce(p.window_last, last_usable(p.cidr))::inet AS last,
               ARRAY(SELECT o.id FROM pools o WHERE o.network_id = p.network_id AND o.cidr && p.cidr) AS sources
          FROM pools p WHERE p.id = wanted_pool),
    -- The number of the first moment at which a tenure had begun, and of the first one at which it had ended.
    held AS (
        SELECT width_bucket(lower(t.during), m.after) AS begins,
               CASE WHEN NOT upper_inf(t.during) THEN width_bucket(upper(t.during), m.after) END AS ends
          FROM (SELECT array_agg(at + interval '1 microsecond' ORDER BY step) AS after FROM moments) AS m, pool p, tenures t
         WHERE (SELECT is_small FROM size)
           AND t.pool_id = ANY (p.sources) AND t.address BETWEEN p.first AND p.last
           AND t.during && tstzrange(since, until, '[]')
           AND NOT EXISTS (SELECT FROM gateways g WHERE g.network_id = p.network_id AND g.address = t.address)),
    changes AS (
        SELECT step, sum(change) AS change
          FROM (SELECT coalesce(begins, 0) AS step, 1 AS change FROM held
                UNION ALL
                SELECT ends, -1 FROM held WHERE ends IS NOT NULL) AS events
         GROUP BY step)
    -- After the last sample, the current value applies, but only until the next sample is due.
    SELECT m.at, coalesce(
               CASE WHEN (SELECT is_small FROM size) THEN sum(c.change) OVER (ORDER BY m.step)
                    WHEN m.at > (SELECT greatest(max(s.at), statement_timestamp() - interval '15 minutes')
                                   FROM fill_samples s WHERE s.pool_id = wanted_pool)
                    THEN (SELECT c.used FROM pool_counts(ARRAY[wanted_pool]) c)
                    ELSE (SELECT s.used FROM fill_samples s
                           WHERE s.pool_id = wanted_pool AND s.at <= m.at ORDER BY s.at DESC LIMIT 1)
               END, 0)::bigint
      FROM moments m LEFT JOIN changes c USING (step) ORDER BY m.step;
END;
COMMENT ON FUNCTION pool_fill(integer, timestamptz, timestamptz, integer) IS
    'How many addresses of a pool were in use (used in pool_counts) at evenly spaced times: exact while tenures is smaller than 32 MB; after that, the value of the last sample (fill_samples) and, after the last sample, the current value.';
