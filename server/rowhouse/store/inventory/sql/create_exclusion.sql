-- Excludes addresses of a network; no row: there is no such network.
INSERT INTO rowhouse.exclusions (network_id, first, last, reason, requests_only, name)
SELECT id, %(first)s, %(last)s, %(reason)s, %(requests_only)s, %(name)s
  FROM rowhouse.networks WHERE id = %(network)s
RETURNING id
