-- Pools with the counts of their windows (window_counts) and trends; pools NULL: all pools, network NULL: of all networks.
-- It does not count what pool_counts counts besides: a pool's own reservations, by kind.
WITH wanted AS MATERIALIZED (
    SELECT p.id, p.network_id, p.network_name, p.cidr, p.name, p.drained,
           coalesce(p.window_first, rowhouse.first_usable(p.cidr))::inet AS first,
           coalesce(p.window_last, rowhouse.last_usable(p.cidr))::inet AS last,
           row_number() OVER (ORDER BY p.id) AS ordinal
      FROM rowhouse.pools p
     WHERE (%(pools)s::integer[] IS NULL OR p.id = ANY (%(pools)s::integer[]))
       AND (%(network)s::integer IS NULL OR p.network_id = %(network)s::integer))
SELECT w.id, w.network_id, w.network_name AS network, n.isolated::text AS isolated, w.cidr::text AS cidr, w.name, w.drained,
       c.total, c.used, c.quarantined, c.excluded, c.free, t.day_slope, t.day_fit, t.week_slope, t.week_fit
  FROM (SELECT array_agg(w.network_id ORDER BY w.ordinal) AS networks, array_agg(w.first ORDER BY w.ordinal) AS firsts,
               array_agg(w.last ORDER BY w.ordinal) AS lasts
          FROM wanted w) AS windows
 CROSS JOIN rowhouse.window_counts(windows.networks, windows.firsts, windows.lasts) c
  JOIN wanted w USING (ordinal)
  JOIN rowhouse.networks n ON n.id = w.network_id
  LEFT JOIN rowhouse.pool_trends t ON t.pool_id = w.id
 ORDER BY w.network_name, w.network_id, w.cidr
