CREATE FUNCTION sample_fill_v1() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
AS $$
-- Takes the sample of these 15 minutes unless another server has taken it; returns true if this call took it. Servers
-- may call it at any time: one of them does the work, and none waits.
DECLARE
    slot  timestamptz := date_bin('15 minutes', clock_timestamp(), timestamptz 'epoch');
    since timestamptz := date_bin('1 hour', slot, timestamptz 'epoch') - interval '7 days';
BEGIN
    IF EXISTS (SELECT FROM pool_trends WHERE sampled_at = slot)
       OR NOT pg_try_advisory_xact_lock(hashtext('rowhouse.sample_fill'))
       OR EXISTS (SELECT FROM pool_trends WHERE sampled_at = slot) THEN
        RETURN false;
    END IF;

    -- A pool that is older than its samples (an upgrade): its last week, from the history.
    WITH fresh AS MATERIALIZED (
        SELECT p.id, p.created_at, p.network_id, coalesce(p.window_first, first_usable(p.cidr))::inet AS first,
               coalesce(p.window_last, last_usable(p.cidr))::inet AS last, o.id AS source
          FROM pools p JOIN pools o ON o.network_id = p.network_id AND o.cidr && p.cidr
         WHERE p.created_at < slot - interval '1 hour' AND NOT EXISTS (SELECT FROM fill_samples s WHERE s.pool_id = p.id)),
    held AS (
        SELECT f.id AS pool_id, greatest(ceil(extract(epoch FROM lower(t.during) - since) / 3600), 0)::integer AS begins,
               ceil(extract(epoch FROM nullif(upper(t.during), 'infinity') - since) / 3600)::integer AS ends
          FROM fresh f JOIN tenures t ON t.pool_id = f.source
         WHERE t.during && tstzrange(since, slot) AND t.address BETWEEN f.first AND f.last
           AND NOT EXISTS (SELECT FROM gateways g WHERE g.network_id = f.network_id AND g.address = t.address)),
    changes AS (
        SELECT pool_id, step, sum(change) AS change
          FROM (SELECT pool_id, begins AS step, 1 AS change FROM held
                UNION ALL
                SELECT pool_id, ends, -1 FROM held WHERE ends IS NOT NULL) AS events
         GROUP BY pool_id, step)
    INSERT INTO fill_samples (pool_id, at, used)
    SELECT id, at, used
      FROM (SELECT f.id, f.created_at, since + h.step * interval '1 hour' AS at,
                   sum(coalesce(c.change, 0)) OVER (PARTITION BY f.id ORDER BY h.step) AS used
              FROM (SELECT DISTINCT id, created_at FROM fresh) AS f CROSS JOIN generate_series(0, 168) AS h (step)
              LEFT JOIN changes c ON c.pool_id = f.id AND c.step = h.step) AS hours
     WHERE at >= created_at AND at < slot;

    -- Also an event for each pool that has become nearly full since the sample before.
    WITH counts AS MATERIALIZED (SELECT c.pool_id, c.used, c.total FROM pool_counts() c),
    sampled AS (
        INSERT INTO fill_samples (pool_id, at, used) SELECT c.pool_id, slot, c.used FROM counts c ON CONFLICT DO NOTHING)
    INSERT INTO events (reason, message, pool_id)
    SELECT 'PoolNearlyFull', format('pool %s of the %s: %s of %s addresses are used', p.cidr,
                                    coalesce('network "' || nullif(p.network_name, '') || '"', 'default network'), c.used, c.total), p.id
      FROM counts c JOIN pools p ON p.id = c.pool_id
     WHERE c.total > 0 AND c.used >= 0.85 * c.total
       AND coalesce((SELECT s.used FROM fill_samples s
                      WHERE s.pool_id = p.id AND s.at < slot ORDER BY s.at DESC LIMIT 1), 0) < 0.85 * c.total;
    DELETE FROM events WHERE last_at < slot - interval '30 days';
    DELETE FROM events WHERE id <= (SELECT max(e.id) FROM events e) - 100000;

    -- (Samples in the future were taken before the clock was set back.)
    DELETE FROM fill_samples WHERE at > slot;
    DELETE FROM fill_samples
     WHERE at BETWEEN slot - interval '42 days' AND slot - interval '35 days'
       AND at <> date_bin('1 day', at, timestamptz 'epoch');
    DELETE FROM fill_samples
     WHERE at BETWEEN slot - interval '9 days' AND slot - interval '2 days'
       AND at <> date_bin('1 hour', at, timestamptz 'epoch');

    INSERT INTO pool_trends (pool_id, sampled_at, day, week, day_slope, day_fit, week_slope, week_fit)
    SELECT p.id, slot, day.used, week.used, line.day_slope, line.day_fit, line.week_slope, line.week_fit
      FROM pools p
     CROSS JOIN LATERAL (
           SELECT array_agg((SELECT s.used FROM fill_samples s
                              WHERE s.pool_id = p.id AND s.at <= m.at ORDER BY s.at DESC LIMIT 1) ORDER BY m.at) AS used
             FROM generate_series(slot - interval '1 day', slot, '1 hour') AS m (at)) AS day
     CROSS JOIN LATERAL (
           SELECT array_agg((SELECT s.used FROM fill_samples s
                              WHERE s.pool_id = p.id AND s.at <= m.at ORDER BY s.at DESC LIMIT 1) ORDER BY m.at) AS used
             FROM generate_series(slot - interval '7 days', slot, '3 hours') AS m (at)) AS week
     CROSS JOIN LATERAL (
           SELECT regr_slope(s.used, s.hour) FILTER (WHERE s.hour >= -24) AS day_slope,
                  regr_r2(s.used, s.hour) FILTER (WHERE s.hour >= -24) AS day_fit,
                  regr_slope(s.used, s.hour) AS week_slope, regr_r2(s.used, s.hour) AS week_fit
             FROM (SELECT used, extract(epoch FROM at - slot)::double precision / 3600 AS hour
                     FROM fill_samples WHERE pool_id = p.id AND at >= slot - interval '7 days') AS s) AS line
    ON CONFLICT (pool_id) DO UPDATE
       SET (sampled_at, day, week, day_slope, day_fit, week_slope, week_fit)
           = (EXCLUDED.sampled_at, EXCLUDED.day, EXCLUDED.week, EXCLUDED.day_slope, EXCLUDED.day_fit,
              EXCLUDED.week_slope, EXCLUDED.week_fit);
    RETURN true;
END $$;
COMMENT ON FUNCTION sample_fill_v1 IS 'Samples how many addresses of each pool are in use, once in 15 minutes.';
