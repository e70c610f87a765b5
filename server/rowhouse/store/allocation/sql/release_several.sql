-- Releases reservations, all or none, each only if it has the tenure that the caller has seen.
SELECT host(released.address)
  FROM unnest(%(networks)s::integer[], %(addresses)s::inet[], %(tenures)s::bigint[]) AS chosen (network_id, address, tenure)
 CROSS JOIN LATERAL rowhouse.release_v2(%(actor)s, %(request_id)s, chosen.network_id, chosen.address,
                                        %(even_attached)s, chosen.tenure) AS released
