-- The usage of groups, added up from periods of several lengths: those of spans[n] that end after begins[n], and by
-- ends[n]. present: positions in `moments` (from 0) at which a group held addresses, and used: how many; the pools of a
-- label have the same positions, and add up. The row without a key has the number of the periods that exist, in begun.
WITH asked AS (
    SELECT * FROM ROWS FROM (unnest(%(spans)s::interval[]), unnest(%(begins)s::timestamptz[]),
                             unnest(%(ends)s::timestamptz[])) AS a (span, begins, ends)),
moments AS (
    SELECT at, step - 1 AS step FROM unnest(%(moments)s::timestamptz[]) WITH ORDINALITY AS m (at, step)),
found AS MATERIALIZED (
    SELECT u.key, u.ends_at, u.used, u.begun, u.ended, u.seconds
      FROM asked a
      JOIN rowhouse.usage_periods u
        ON u.grouped_by = CASE %(by)s WHEN 'label' THEN 'pool' ELSE %(by)s END
       AND u.span = a.span AND u.ends_at > a.begins AND u.ends_at <= a.ends
    UNION ALL
    -- The first moment is the end of the period before.
    SELECT u.key, u.ends_at, u.used, 0, 0, 0
      FROM rowhouse.usage_periods u
     WHERE u.grouped_by = CASE %(by)s WHEN 'label' THEN 'pool' ELSE %(by)s END
       AND u.span = (%(spans)s::interval[])[1] AND u.ends_at = (%(begins)s::timestamptz[])[1]),
named AS (
    SELECT CASE %(by)s WHEN 'label' THEN coalesce(p.labels ->> %(label)s, '') ELSE f.key END AS key,
           m.step, f.used, f.begun, f.ended, f.seconds
      FROM found f
      LEFT JOIN moments m ON m.at = f.ends_at
      LEFT JOIN rowhouse.pools p ON %(by)s = 'label' AND p.id = f.key::integer)
-- The aggregates see the rows in one order, so the arrays need none: sorting them takes twice as long as the rest.
SELECT n.key, array_agg(n.step) FILTER (WHERE n.step IS NOT NULL) AS present,
       array_agg(n.used) FILTER (WHERE n.step IS NOT NULL) AS used,
       sum(n.begun)::bigint AS begun, sum(n.ended)::bigint AS ended, sum(n.seconds) AS seconds
  FROM named n GROUP BY n.key
UNION ALL
SELECT NULL, NULL, NULL, count(*), NULL, NULL
  FROM asked a
  JOIN rowhouse.usage_periods u
    ON u.grouped_by = 'all' AND u.span = a.span AND u.ends_at <= a.ends
   AND (u.ends_at > a.begins OR u.ends_at = (%(begins)s::timestamptz[])[1] AND u.span = (%(spans)s::interval[])[1])
