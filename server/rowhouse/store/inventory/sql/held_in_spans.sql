-- The lowest reservations of some spans of addresses, in every network: a range of the primary key for each network.
SELECT r.network_id, n.name AS network, n.isolated::text AS isolated, host(r.address) AS address, r.owner_namespace AS namespace,
       r.owner_name AS name, r.node, r.description
  FROM unnest(CAST(:firsts AS inet[]), CAST(:lasts AS inet[])) AS span (first, last)
       CROSS JOIN rowhouse.networks AS n
       CROSS JOIN LATERAL (SELECT *
                             FROM rowhouse.reservations
                            WHERE network_id = n.id AND address >= span.first AND address <= span.last
                            ORDER BY network_id, address
                            LIMIT :most) AS r
 ORDER BY r.address, n.name, n.id
 LIMIT :most
