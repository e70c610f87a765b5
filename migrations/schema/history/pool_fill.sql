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
