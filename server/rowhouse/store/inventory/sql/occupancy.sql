-- Every pool with how many of its addresses are in use, quarantined and excluded.
--
-- Where pools overlap, an address that one of them assigned is used in each; `reserved` counts own rows alone. What
-- lies outside of a pool's window, and gateways, are not among what it can assign. The counts become one object
-- each, by the pool's id: PostgreSQL takes such a join of a thousand pools for one of a few, and makes it a million
-- steps.
WITH bounds AS MATERIALIZED (
    SELECT p.id, p.network_id, p.network_name, p.cidr, p.name, p.drained, p.gateway,
           rowhouse.first_address(p.cidr) AS low, rowhouse.last_address(p.cidr) AS high,
           coalesce(p.window_first, rowhouse.first_usable(p.cidr))::inet AS first,
           coalesce(p.window_last, rowhouse.last_usable(p.cidr))::inet AS last
      FROM rowhouse.pools p),
nested AS MATERIALIZED (
    SELECT larger.id AS outer_id, b.id AS inner_id, b.network_id, b.low, b.high
      FROM bounds b JOIN rowhouse.pools larger ON larger.network_id = b.network_id AND larger.cidr >> b.cidr),
given AS MATERIALIZED (
    SELECT r.pool_id, count(*) AS reserved FROM rowhouse.reservations r GROUP BY r.pool_id),
own AS MATERIALIZED (
    SELECT coalesce(jsonb_object_agg(pool_id, reserved), '{}') AS counts FROM given),
overlapping AS MATERIALIZED (
    SELECT coalesce(jsonb_object_agg(id, addresses), '{}') AS counts FROM (
    SELECT id, sum(reserved) AS addresses
      FROM (SELECT n.outer_id AS id, g.reserved FROM nested n JOIN given g ON g.pool_id = n.inner_id
            UNION ALL
            SELECT n.inner_id, (SELECT count(*) FROM rowhouse.reservations r
                                 WHERE r.network_id = n.network_id AND r.pool_id = n.outer_id
                                   AND r.address BETWEEN n.low AND n.high)
              FROM nested n) AS parts
     GROUP BY id) AS pools),
hops AS MATERIALIZED (
    SELECT DISTINCT b.id, b.network_id, g.address::inet AS address
      FROM rowhouse.gateways g
      JOIN rowhouse.pools p ON p.network_id = g.network_id AND p.cidr >>= g.address
      JOIN bounds b ON b.id = p.id AND g.address BETWEEN b.first AND b.last),
gateways AS MATERIALIZED (
    SELECT coalesce(jsonb_object_agg(id, addresses), '{}') AS counts,
           coalesce(jsonb_object_agg(id, held), '{}') AS held FROM (
    SELECT h.id, count(*) AS addresses,
           count(*) FILTER (WHERE EXISTS (SELECT FROM rowhouse.reservations r
                                           WHERE r.network_id = h.network_id AND r.address = h.address)) AS held
      FROM hops h GROUP BY h.id) AS pools),
quarantined AS MATERIALIZED (
    -- A quarantined run is one address: the index finds the pools that hold it.
    SELECT coalesce(jsonb_object_agg(id, addresses), '{}') AS counts FROM (
    SELECT p.id, count(*) AS addresses
      FROM rowhouse.free_ranges f
      JOIN rowhouse.pools p ON p.network_id = f.network_id AND p.cidr >>= f.first
      JOIN bounds b ON b.id = p.id AND f.first BETWEEN b.first AND b.last
     WHERE f.quarantined AND NOT rowhouse.is_withheld(f.network_id, f.first)
     GROUP BY p.id) AS pools),
excluded AS MATERIALIZED (
    SELECT coalesce(jsonb_object_agg(id, addresses), '{}') AS counts FROM (
    SELECT b.id, sum(rowhouse.address_number(least(e.last, b.last))
                     - rowhouse.address_number(greatest(e.first, b.first)) + 1
                     - (SELECT count(*) FROM hops h
                         WHERE h.id = b.id AND h.address BETWEEN greatest(e.first, b.first) AND least(e.last, b.last))
                     - (SELECT count(*) FROM rowhouse.reservations r
                         WHERE r.network_id = b.network_id
                           AND r.address BETWEEN greatest(e.first, b.first) AND least(e.last, b.last)
                           AND NOT EXISTS (SELECT FROM rowhouse.gateways g
                                            WHERE g.network_id = r.network_id AND g.address = r.address))) AS addresses
      FROM rowhouse.exclusions e
      JOIN bounds b ON b.network_id = e.network_id AND e.last >= b.first AND e.first <= b.last
     GROUP BY b.id) AS pools)
SELECT b.id, b.network_id, b.network_name, s.isolated::text, b.cidr::text, b.name, host(b.gateway), host(b.first),
       host(b.last), b.drained, coalesce((g.counts->>b.id::text)::bigint, 0),
       coalesce((w.counts->>b.id::text)::bigint, 0),
       coalesce((v.counts->>b.id::text)::bigint, 0),
       coalesce((w.counts->>b.id::text)::bigint, 0) + coalesce((v.counts->>b.id::text)::bigint, 0)
       - (SELECT count(*) FROM rowhouse.reservations r
           WHERE r.network_id = b.network_id AND r.address >= b.low AND r.address < b.first)
       - (SELECT count(*) FROM rowhouse.reservations r
           WHERE r.network_id = b.network_id AND r.address > b.last AND r.address <= b.high)
       - coalesce((g.held->>b.id::text)::bigint, 0),
       coalesce((q.counts->>b.id::text)::bigint, 0), coalesce((e.counts->>b.id::text)::float8, 0),
       t.day_slope, t.day_fit, t.week_slope, t.week_fit
  FROM bounds b
  JOIN rowhouse.networks s ON s.id = b.network_id
  LEFT JOIN rowhouse.pool_trends t ON t.pool_id = b.id
 CROSS JOIN own w
 CROSS JOIN overlapping v
 CROSS JOIN gateways g
 CROSS JOIN quarantined q
 CROSS JOIN excluded e
 ORDER BY b.network_name, b.network_id, b.cidr
