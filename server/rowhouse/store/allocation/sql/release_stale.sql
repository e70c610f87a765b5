-- Releases addresses of ended pods that running pods have.
SELECT host(address), namespace, name, interface
  FROM rowhouse.import_stale_v1(%(actor)s, %(request_id)s, %(dry_run)s, %(cluster)s, %(network)s, %(cidr)s,
                                %(addresses)s::inet[], %(namespaces)s::text[], %(names)s::text[],
                                %(listed_at)s)
