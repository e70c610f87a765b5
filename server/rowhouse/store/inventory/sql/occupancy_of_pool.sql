-- One pool, with the columns of occupancy.sql.
SELECT p.id, p.network_id, p.network_name, s.isolated::text, p.cidr::text, p.name, host(p.gateway),
       host(coalesce(p.window_first, rowhouse.first_usable(p.cidr))),
       host(coalesce(p.window_last, rowhouse.last_usable(p.cidr))), p.drained,
       (SELECT count(DISTINCT g.address) FROM rowhouse.gateways g
         WHERE g.network_id = p.network_id
           AND g.address BETWEEN coalesce(p.window_first, rowhouse.first_usable(p.cidr))
                             AND coalesce(p.window_last, rowhouse.last_usable(p.cidr))),
       u.reserved, u.reserved_by_overlaps, u.used, u.quarantined, u.excluded::float8,
       t.day_slope, t.day_fit, t.week_slope, t.week_fit
  FROM rowhouse.pools p
  JOIN rowhouse.networks s ON s.id = p.network_id
  JOIN rowhouse.pool_usage u ON u.pool_id = p.id
  LEFT JOIN rowhouse.pool_trends t ON t.pool_id = p.id
 WHERE p.id = %(pool)s
