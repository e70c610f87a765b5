-- The number of reservations of each network; network NULL: of all. By index: a GROUP BY would read the table.
SELECT n.id, (SELECT count(*) FROM rowhouse.reservations r WHERE r.network_id = n.id)
  FROM rowhouse.networks n
 WHERE %(network)s::integer IS NULL OR n.id = %(network)s::integer
