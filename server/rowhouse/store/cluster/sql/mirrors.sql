-- The clusters with a mirror, their last reports, and the pools in the outbox.
SELECT m.cluster, m.namespace, m.since, m.reported_at,
       extract(epoch FROM clock_timestamp() - m.reported_at)::float8, m.report,
       (SELECT count(DISTINCT c.pool_id) FROM rowhouse.mirror_changes c WHERE c.cluster = m.cluster)
  FROM rowhouse.mirrors m ORDER BY m.cluster
