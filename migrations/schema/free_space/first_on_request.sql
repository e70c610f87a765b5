CREATE FUNCTION first_on_request(of_network integer, firsts inet[], lasts inet[]) RETURNS inet
LANGUAGE sql STABLE
-- The first address of a gap begins a span, or follows an address that is taken.
RETURN (SELECT gap.first
          FROM (SELECT greatest(e.first, s.first)::inet AS first, least(e.last, s.last)::inet AS last
                  FROM unnest(firsts, lasts) AS s (first, last)
                  JOIN rowhouse.exclusions e
                    ON e.network_id = of_network AND e.requests_only AND e.last >= s.first AND e.first <= s.last) AS span
         CROSS JOIN LATERAL (
               SELECT span.first
                UNION ALL
               SELECT r.address + 1 FROM rowhouse.reservations r
                WHERE r.network_id = of_network AND r.address >= span.first AND r.address < span.last
                UNION ALL
               SELECT g.address + 1 FROM rowhouse.gateways g
                WHERE g.network_id = of_network AND g.address >= span.first AND g.address < span.last
                UNION ALL
               SELECT f.last + 1 FROM rowhouse.free_ranges f
                WHERE f.network_id = of_network AND f.quarantined AND f.last >= span.first AND f.last < span.last) AS gap (first)
         WHERE NOT EXISTS (SELECT FROM rowhouse.reservations r WHERE r.network_id = of_network AND r.address = gap.first)
           AND NOT EXISTS (SELECT FROM rowhouse.gateways g WHERE g.network_id = of_network AND g.address = gap.first)
           AND NOT EXISTS (SELECT FROM rowhouse.free_ranges f
                            WHERE f.network_id = of_network AND f.quarantined AND f.last = gap.first)
         ORDER BY gap.first LIMIT 1);
COMMENT ON FUNCTION first_on_request(integer, inet[], inet[]) IS
    'The lowest address of some segments that is for requests only and not taken.';
