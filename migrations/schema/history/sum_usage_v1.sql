CREATE FUNCTION sum_usage_v1() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET jit = off
-- The open tenures, each by its ID: there are far fewer than tenures.
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
-- Sums up the usage until the last quarter of an hour, unless another server has done so; returns true if this call did.
-- Servers may call it at any time: one of them does the work, and none waits. After a pause of more than a day, the
-- periods in between stay missing.
DECLARE
    quarter CONSTANT interval := '15 minutes';
    slot    timestamptz := date_bin(quarter, clock_timestamp(), timestamptz 'epoch');
    since   timestamptz;
    longer  record;
BEGIN
    IF EXISTS (SELECT FROM usage_periods u WHERE u.grouped_by = 'all' AND u.span = quarter AND u.ends_at = slot)
       OR NOT pg_try_advisory_xact_lock(hashtext('rowhouse.sum_usage'))
       OR EXISTS (SELECT FROM usage_periods u WHERE u.grouped_by = 'all' AND u.span = quarter AND u.ends_at = slot) THEN
        RETURN false;
    END IF;
    -- (Periods in the future were summed up before the clock was set back.)
    DELETE FROM usage_periods u WHERE u.ends_at > slot;
    since := greatest(coalesce((SELECT max(u.ends_at) FROM usage_periods u WHERE u.grouped_by = 'all' AND u.span = quarter),
                               slot - quarter), slot - interval '1 day');

    WITH RECURSIVE slots AS (
        SELECT at - quarter AS begins, at AS ends FROM generate_series(since + quarter, slot, quarter) AS at),
    -- Tenures that ended since then, by one look at the index for each node.
    nodes AS (
        (SELECT t.node FROM tenures t WHERE NOT upper_inf(t.during) ORDER BY t.node LIMIT 1)
        UNION ALL
        SELECT (SELECT t.node FROM tenures t WHERE NOT upper_inf(t.during) AND t.node > n.node ORDER BY t.node LIMIT 1)
          FROM nodes n WHERE n.node IS NOT NULL),
    held AS MATERIALIZED (
        SELECT t.id, t.owner_namespace, t.owner_cluster, t.node, t.network_id, t.pool_id,
               coalesce(lower(t.during), '-infinity') AS begins, timestamptz 'infinity' AS ends
          FROM reservations r JOIN tenures t ON t.id = r.tenure_id
        UNION ALL
        SELECT t.id, t.owner_namespace, t.owner_cluster, t.node, t.network_id, t.pool_id,
               coalesce(lower(t.during), '-infinity'), upper(t.during)
          FROM nodes n
         CROSS JOIN LATERAL (SELECT * FROM tenures e
                              WHERE e.node = n.node AND NOT upper_inf(e.during) AND upper(e.during) > since) AS t)
    INSERT INTO usage_periods (grouped_by, span, ends_at, key, used, begun, ended, seconds)
    SELECT CASE 0 WHEN GROUPING(h.owner_namespace) THEN 'namespace' WHEN GROUPING(h.owner_cluster) THEN 'cluster'
                  WHEN GROUPING(h.node) THEN 'node' WHEN GROUPING(h.network_id) THEN 'network'
                  WHEN GROUPING(h.pool_id) THEN 'pool' ELSE 'all' END,
           quarter, s.ends, coalesce(h.owner_namespace, h.owner_cluster, h.node, h.network_id::text, h.pool_id::text, ''),
           count(h.id) FILTER (WHERE h.begins <= s.ends AND h.ends > s.ends),
           count(h.id) FILTER (WHERE h.begins >= s.begins AND h.begins < s.ends),
           count(h.id) FILTER (WHERE h.ends > s.begins AND h.ends <= s.ends),
           coalesce(sum(extract(epoch FROM least(h.ends, s.ends) - greatest(h.begins, s.begins))), 0)
      FROM slots s LEFT JOIN held h ON h.begins <= s.ends AND h.ends > s.begins
     GROUP BY GROUPING SETS ((s.ends), (s.ends, h.owner_namespace), (s.ends, h.owner_cluster), (s.ends, h.node),
                             (s.ends, h.network_id), (s.ends, h.pool_id))
    -- A period in which nothing was held has the row of everything alone.
    HAVING count(h.id) > 0
        OR GROUPING(h.owner_namespace, h.owner_cluster, h.node, h.network_id, h.pool_id) = 31;

    FOR longer IN
        SELECT * FROM (VALUES (quarter, interval '1 hour', 4, interval '3 hours'),
                              (interval '1 hour', interval '6 hours', 6, interval '3 days'),
                              (interval '6 hours', interval '1 day', 4, interval '40 days')) AS one (part, span, parts, kept)
    LOOP
        WITH complete AS (
            SELECT p.ends
              FROM (SELECT date_bin(longer.span, u.ends_at - interval '1 microsecond', timestamptz 'epoch') + longer.span AS ends
                      FROM usage_periods u WHERE u.grouped_by = 'all' AND u.span = longer.part) AS p
             WHERE NOT EXISTS (SELECT FROM usage_periods k
                                WHERE k.grouped_by = 'all' AND k.span = longer.span AND k.ends_at = p.ends)
             GROUP BY p.ends HAVING count(*) = longer.parts)
        INSERT INTO usage_periods (grouped_by, span, ends_at, key, used, begun, ended, seconds)
        SELECT p.grouped_by, longer.span, c.ends, p.key, coalesce(max(p.used) FILTER (WHERE p.ends_at = c.ends), 0),
               sum(p.begun), sum(p.ended), sum(p.seconds)
          FROM complete c
          JOIN usage_periods p
            ON p.grouped_by = ANY (ARRAY['all', 'namespace', 'cluster', 'node', 'network', 'pool'])
           AND p.span = longer.part AND p.ends_at > c.ends - longer.span AND p.ends_at <= c.ends
         GROUP BY p.grouped_by, c.ends, p.key;
        DELETE FROM usage_periods u WHERE u.span = longer.part AND u.ends_at <= slot - longer.kept;
    END LOOP;
    DELETE FROM usage_periods u WHERE u.span = interval '1 day' AND u.ends_at <= slot - interval '400 days';
    RETURN true;
END $$;
COMMENT ON FUNCTION sum_usage_v1 IS 'Sums up in usage_periods how many addresses each group held, once in 15 minutes.';
