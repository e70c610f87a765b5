-- The lowest addresses of some spans that had an owner and have none now, each with its last owner in each network.
-- The index of the history is read address by address, so that an address with a long history costs one look-up.
WITH RECURSIVE spans AS (
    SELECT first, last FROM unnest(CAST(:firsts AS inet[]), CAST(:lasts AS inet[])) AS span (first, last)
), known (last, address, found) AS (
    SELECT s.last,
           (SELECT t.address::inet FROM rowhouse.tenures t
             WHERE t.address >= s.first AND t.address <= s.last ORDER BY t.address LIMIT 1),
           1
      FROM spans AS s
    UNION ALL
    SELECT k.last,
           (SELECT t.address::inet FROM rowhouse.tenures t
             WHERE t.address > k.address AND t.address <= k.last ORDER BY t.address LIMIT 1),
           k.found + 1
      FROM known AS k
     WHERE k.address IS NOT NULL AND k.found < :most
)
SELECT t.network_id, n.name AS network, n.isolated::text AS isolated, host(k.address) AS address, t.namespace, t.name, t.node,
       t.held_until
  FROM known AS k
       CROSS JOIN LATERAL (SELECT DISTINCT ON (network_id)
                                  network_id, owner_namespace AS namespace, owner_name AS name, node, upper(during) AS held_until
                             FROM (SELECT * FROM rowhouse.tenures WHERE address = k.address LIMIT 10000) AS past
                            ORDER BY network_id, upper(during) DESC NULLS FIRST) AS t
       JOIN rowhouse.networks AS n ON n.id = t.network_id
 WHERE t.held_until IS NOT NULL
 ORDER BY k.address, n.name, n.id
 LIMIT :most
