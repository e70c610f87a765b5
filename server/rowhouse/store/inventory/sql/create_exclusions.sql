-- Excludes runs of addresses of a network, all or none; no row: there is no such network.
INSERT INTO rowhouse.exclusions (network_id, first, last, reason, requests_only, name)
SELECT n.id, runs.first, runs.last, %(reason)s, %(requests_only)s, %(name)s
  FROM rowhouse.networks n CROSS JOIN unnest(%(firsts)s::inet[], %(lasts)s::inet[]) AS runs (first, last)
 WHERE n.id = %(network)s
RETURNING id
