-- Releases the unused addresses of an owner whose object is gone.
SELECT host(address)
  FROM rowhouse.release_owner_v1(%(actor)s, %(cluster)s, %(kind)s::rowhouse.owner_kind, %(namespace)s, %(name)s,
                                 %(object_kind)s, %(object_name)s)
