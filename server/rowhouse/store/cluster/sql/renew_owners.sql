-- Stops the expiry of the unused addresses of owners whose objects exist; starts it if that cannot be known.
SELECT rowhouse.renew_owners_v1(%(actor)s, %(cluster)s, %(kinds)s::text[]::rowhouse.owner_kind[],
                                %(namespaces)s::text[], %(names)s::text[], %(exist)s)
