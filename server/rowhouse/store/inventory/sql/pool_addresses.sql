-- The addresses of a pool: those in use, its gateways, and the runs that are free, quarantined or excluded. With
-- `single`, each address of these runs is a row. For sqlalchemy.text().
SELECT r.address::inet AS address, r.address::inet AS last,
       CASE WHEN r.owner_kind = 'static' THEN 'reserved' WHEN r.sticky THEN 'sticky' ELSE 'pod' END AS state,
       r.owner_kind::text AS owner_kind, r.owner_namespace AS namespace, r.owner_name AS name, r.owner_cluster AS cluster,
       r.owner_interface AS interface, r.node, r.container_id, r.reserved_at AS since, r.expires_at AS until, r.description,
       (SELECT a.mac::text FROM rowhouse.attachments a
         WHERE a.network_id = r.network_id AND a.address = r.address AND a.mac IS NOT NULL
         ORDER BY a.attached_at DESC LIMIT 1) AS mac,
       r.labels
  FROM rowhouse.reservations r
 WHERE r.network_id = :network AND r.address BETWEEN :low AND :high
UNION ALL
SELECT g.address::inet, g.address::inet, 'gateway', '', '', '', '', '', '', '', min(g.first_used_at), NULL::timestamptz,
       string_agg(g.cni_network, ', ' ORDER BY g.cni_network), NULL::text,
       NULL::jsonb
  FROM rowhouse.gateways g
 WHERE g.network_id = :network AND g.address BETWEEN :low AND :high
   AND NOT EXISTS (SELECT FROM rowhouse.reservations r WHERE r.network_id = g.network_id AND r.address = g.address)
 GROUP BY g.network_id, g.address
UNION ALL
SELECT e.first + i, CASE WHEN :single THEN e.first + i ELSE e.last END,
       CASE WHEN e.requests_only THEN 'on-request' ELSE 'excluded' END, '', '', '', '', '', '', '',
       e.created_at, NULL::timestamptz, e.reason, NULL::text, NULL::jsonb
  FROM (SELECT greatest(first, :low) AS first, least(last, :high) AS last, created_at, reason, requests_only
          FROM rowhouse.exclusions
         WHERE network_id = :network AND last >= :low AND first <= :high) AS e,
       generate_series(0, CASE WHEN :single THEN e.last - e.first ELSE 0 END) AS i
 WHERE NOT :single
    OR NOT EXISTS (SELECT FROM rowhouse.reservations r WHERE r.network_id = :network AND r.address = e.first + i)
   AND NOT EXISTS (SELECT FROM rowhouse.gateways g WHERE g.network_id = :network AND g.address = e.first + i)
   AND NOT (e.requests_only AND EXISTS (SELECT FROM rowhouse.free_ranges f
                                         WHERE f.network_id = :network AND f.quarantined AND f.last = e.first + i))
UNION ALL
SELECT f.first + i, CASE WHEN :single THEN f.first + i ELSE f.last END, f.state, '', '', '', '', '', '', '',
       NULL::timestamptz, f.until, '', NULL::text, NULL::jsonb
  FROM (SELECT greatest(min(first), :first_assigned) AS first, least(max(last), :last_assigned) AS last, 'free' AS state,
               NULL::timestamptz AS until
          FROM (SELECT first, last, sum(starts) OVER (ORDER BY last) AS run
                  FROM (SELECT first, last,
                               CASE WHEN first = lag(last) OVER (ORDER BY last) + 1 THEN 0 ELSE 1 END AS starts
                          FROM rowhouse.free_ranges
                         WHERE network_id = :network AND NOT quarantined AND last >= :first_assigned
                           AND first <= :last_assigned
                           AND last <= coalesce((SELECT b.last FROM rowhouse.free_ranges b
                                                  WHERE b.network_id = :network AND NOT b.quarantined
                                                    AND b.last >= :last_assigned
                                                  ORDER BY b.last LIMIT 1), :last_assigned)) AS parts) AS joined
         GROUP BY run
        UNION ALL
        SELECT greatest(first, :first_assigned), least(last, :last_assigned), 'quarantined', free_from
          FROM rowhouse.free_ranges
         WHERE network_id = :network AND quarantined AND last >= :first_assigned AND first <= :last_assigned
           AND (NOT rowhouse.is_withheld(network_id, first) OR rowhouse.is_on_request(network_id, first))) AS f,
       generate_series(0, CASE WHEN :single THEN f.last - f.first ELSE 0 END) AS i
