-- Adds and removes labels of reservations, all or none, each only if it has the tenure that the caller has seen.
SELECT host(labeled.address)
  FROM unnest(%(networks)s::integer[], %(addresses)s::inet[], %(tenures)s::bigint[]) AS chosen (network_id, address, tenure)
 CROSS JOIN LATERAL rowhouse.label_v1(%(actor)s, %(request_id)s, chosen.network_id, chosen.address, chosen.tenure,
                                      %(added)s::jsonb, %(removed)s::text[]) AS labeled
