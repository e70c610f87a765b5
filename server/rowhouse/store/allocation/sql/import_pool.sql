-- Creates a pool and its slices if they are missing.
SELECT ordinal, outcome, detail
  FROM rowhouse.import_pool_v1(%(actor)s, %(request_id)s, %(dry_run)s, %(cluster)s, %(network)s, %(cidr)s,
                               %(isolated)s, %(nodes)s::text[], %(slices)s::cidr[])
