-- The number of stale reservations of each network.
SELECT n.name, count(s.address)::float8
  FROM rowhouse.networks n
  LEFT JOIN rowhouse.stale_reservations s ON s.network_id = n.id
 GROUP BY n.name
