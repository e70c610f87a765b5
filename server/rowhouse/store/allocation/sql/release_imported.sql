-- Releases addresses that are unchanged since their import.
SELECT host(address)
  FROM rowhouse.import_release_v1(%(actor)s, %(request_id)s, %(network)s, %(cidr)s, %(addresses)s::inet[],
                                  %(namespaces)s::text[], %(names)s::text[]) AS address
