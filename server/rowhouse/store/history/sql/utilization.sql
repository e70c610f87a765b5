-- Addresses held over a period, by group: at evenly spaced times, on average, and how many tenures began and ended.
-- key: the value of the group: a namespace, cluster or node, the value of a label of pools, or the id of a network or
-- pool. In one pass over the tenures of the period, so it takes as long as the history is large.
-- namespaces: only their tenures, and labels only of pools that they use now; NULL: everything.
WITH moments AS (
    SELECT step, %(since)s::timestamptz + (%(until)s::timestamptz - %(since)s::timestamptz) * step / %(steps)s AS at
      FROM generate_series(0, %(steps)s) AS step),
used_pools AS MATERIALIZED (
    SELECT pool_id FROM rowhouse.reservations WHERE owner_namespace = ANY (%(namespaces)s::text[])
    UNION
    SELECT pool_id FROM rowhouse.quotas WHERE namespace = ANY (%(namespaces)s::text[])),
-- The number of the first moment at which a tenure had begun, and of the first one at which it had ended.
held AS (
    SELECT CASE %(by)s WHEN 'namespace' THEN t.owner_namespace WHEN 'cluster' THEN t.owner_cluster
                       WHEN 'node' THEN t.node WHEN 'network' THEN t.network_id::text WHEN 'pool' THEN t.pool_id::text
                       ELSE coalesce(p.labels ->> %(label)s, '') END AS key,
           width_bucket(coalesce(lower(t.during), '-infinity'), m.after) AS begins,
           CASE WHEN NOT upper_inf(t.during) THEN width_bucket(upper(t.during), m.after) END AS ends,
           extract(epoch FROM least(upper(t.during), %(until)s) - greatest(lower(t.during), %(since)s)) AS seconds,
           coalesce(lower(t.during) >= %(since)s, false) AS is_begun, coalesce(upper(t.during) <= %(until)s, false) AS is_ended
      FROM (SELECT array_agg(at + interval '1 microsecond' ORDER BY step) AS after FROM moments) AS m
     CROSS JOIN rowhouse.tenures t
      LEFT JOIN rowhouse.pools p ON p.id = t.pool_id
                                AND (%(namespaces)s::text[] IS NULL OR p.id IN (SELECT pool_id FROM used_pools))
     WHERE t.during && tstzrange(%(since)s, %(until)s)
       AND (%(network)s::text IS NULL OR t.network_id IN (SELECT id FROM rowhouse.networks WHERE name = %(network)s))
       AND (%(namespaces)s::text[] IS NULL OR t.owner_namespace = ANY (%(namespaces)s))),
counts AS (
    SELECT key, begins, ends, count(*) AS tenures, sum(seconds) AS seconds,
           count(*) FILTER (WHERE is_begun) AS begun, count(*) FILTER (WHERE is_ended) AS ended
      FROM held GROUP BY key, begins, ends),
changes AS (
    SELECT key, step, sum(change) AS change
      FROM (SELECT key, begins AS step, tenures AS change FROM counts
            UNION ALL
            SELECT key, ends, -tenures FROM counts WHERE ends IS NOT NULL) AS events
     GROUP BY key, step),
totals AS (
    SELECT key, sum(seconds) AS seconds, sum(begun) AS begun, sum(ended) AS ended FROM counts GROUP BY key),
-- Joined once: a look for each group at all changes would take the square of the groups.
runs AS (
    SELECT g.key, g.step, coalesce(sum(c.change) OVER (PARTITION BY g.key ORDER BY g.step), 0)::bigint AS used
      FROM (SELECT k.key, m.step FROM totals k CROSS JOIN moments m) AS g
      LEFT JOIN changes c ON c.key = g.key AND c.step = g.step)
SELECT k.key, (k.seconds / extract(epoch FROM %(until)s::timestamptz - %(since)s::timestamptz))::float8 AS average,
       k.begun::bigint, k.ended::bigint, u.used
  FROM totals k
  JOIN (SELECT r.key, array_agg(r.used ORDER BY r.step) AS used FROM runs r GROUP BY r.key) AS u ON u.key = k.key
 ORDER BY k.key
