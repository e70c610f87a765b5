-- Releases the unused addresses of owners whose objects are gone.
SELECT ordinal, host(address)
  FROM rowhouse.release_owners_v1(%(actor)s, %(cluster)s, %(kinds)s::text[]::rowhouse.owner_kind[],
                                  %(namespaces)s::text[], %(names)s::text[], %(object_kinds)s::text[],
                                  %(object_names)s::text[], %(object_uids)s::text[])
