-- Changes the description and the labels of a reservation, and how long it stays without a sandbox.
SELECT host(address) FROM rowhouse.edit_v1(%(actor)s, %(request_id)s, %(network_id)s, %(address)s, %(description)s,
                                           %(changes_ttl)s, %(ttl)s::float8 * interval '1 second', %(labels)s::jsonb,
                                           %(label_changes)s::jsonb)
