-- Gives a reservation to another owner.
SELECT host(address) FROM rowhouse.reassign_v1(%(actor)s, %(request_id)s, %(network_id)s, %(address)s,
                                               %(kind)s::rowhouse.owner_kind, %(cluster)s, %(namespace)s,
                                               %(name)s, %(interface)s, %(even_attached)s)
