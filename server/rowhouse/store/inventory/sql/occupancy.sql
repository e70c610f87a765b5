-- Pools with their counts (pool_counts) and trends; pools NULL: all pools.
SELECT p.id, p.network_id, p.network_name AS network, n.isolated::text AS isolated, p.cidr::text AS cidr, p.name,
       host(p.gateway) AS gateway, host(coalesce(p.window_first, rowhouse.first_usable(p.cidr))) AS first,
       host(coalesce(p.window_last, rowhouse.last_usable(p.cidr))) AS last, p.drained,
       c.total, c.reserved, c.reserved_by_overlaps, c.attached, c.sticky, c.used, c.quarantined, c.excluded, c.free,
       -- Few networks have such exclusions, and each call of the function costs as much as counting a pool.
       CASE WHEN p.network_id = ANY (ARRAY(SELECT e.network_id FROM rowhouse.exclusions e WHERE e.requests_only))
            THEN rowhouse.on_request_count(p.network_id, coalesce(p.window_first, rowhouse.first_usable(p.cidr)),
                                           coalesce(p.window_last, rowhouse.last_usable(p.cidr)))
            ELSE 0 END AS on_request,
       c.percent_used, t.day_slope, t.day_fit, t.week_slope, t.week_fit
  FROM rowhouse.pool_counts(%(pools)s) c
  JOIN rowhouse.pools p ON p.id = c.pool_id
  JOIN rowhouse.networks n ON n.id = p.network_id
  LEFT JOIN rowhouse.pool_trends t ON t.pool_id = p.id
 ORDER BY p.network_name, p.network_id, p.cidr
