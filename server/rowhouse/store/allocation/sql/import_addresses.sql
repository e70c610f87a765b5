-- Imports addresses of one pool.
SELECT ordinal, outcome, detail
  FROM rowhouse.import_addresses_v1(%(actor)s, %(request_id)s, %(dry_run)s, %(cluster)s, %(network)s,
                                    %(cidr)s, %(isolated)s, %(entries)s, %(are_running)s)
