CREATE VIEW integrity_problems AS
WITH covered AS (
    SELECT p.network_id, range_agg(address_span(first_address(p.cidr), last_address(p.cidr))) AS spans
      FROM pools p GROUP BY p.network_id),
held AS (
    SELECT network_id, range_agg(span) AS spans
      FROM (SELECT network_id, address_span(first, last) AS span FROM free_ranges
             WHERE first <= last AND family(first) = family(last)
            UNION ALL SELECT network_id, address_span(address, address) FROM reservations
            UNION ALL SELECT network_id, address_span(first, last) FROM exclusions
            UNION ALL SELECT network_id, address_span(address, address) FROM gateways) AS every
     GROUP BY network_id),
problems AS (
    SELECT 'reserved address is also free' AS problem, r.network_id, r.address::inet AS address
      FROM reservations r JOIN free_ranges f
        ON f.network_id = r.network_id AND r.address BETWEEN f.first AND f.last
    UNION ALL
    SELECT 'free range is no run of addresses', f.network_id, f.first::inet
      FROM free_ranges f WHERE f.first > f.last OR family(f.first) <> family(f.last)
    UNION ALL
    SELECT 'free ranges overlap', f.network_id, f.first
      FROM (SELECT network_id, first, max(last::inet) OVER (PARTITION BY network_id ORDER BY first, last
                                                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
              FROM free_ranges) AS f
     WHERE f.earlier >= f.first
    UNION ALL
    SELECT 'address kept out of use is free', f.network_id, greatest(f.first, e.first)
      FROM free_ranges f JOIN exclusions e
        ON e.network_id = f.network_id AND e.last >= f.first AND e.first <= f.last AND NOT f.quarantined
    UNION ALL
    SELECT 'gateway is free', g.network_id, g.address
      FROM gateways g JOIN free_ranges f
        ON f.network_id = g.network_id AND g.address BETWEEN f.first AND f.last AND NOT f.quarantined
    UNION ALL
    SELECT 'pool taken for plain', p.network_id, first_address(p.cidr)
      FROM plain_pools c JOIN pools p ON p.id = c.pool_id
     WHERE NOT is_plain(p) OR (c.network_name, c.cidr, c.network_id, c.isolated) <> (p.network_name, p.cidr, p.network_id, p.isolated)
    UNION ALL
    SELECT 'pool and gateway disagree', p.network_id, host(p.gateway)::inet
      FROM pools p
     WHERE p.gateway IS NOT NULL
       AND NOT EXISTS (SELECT FROM gateways g WHERE g.pool_id = p.id AND g.network_id = p.network_id
                          AND g.address = host(p.gateway)::inet AND g.cni_network IS NULL)
    UNION ALL
    SELECT 'free address in no pool', f.network_id, f.first
      FROM free_ranges f LEFT JOIN covered c ON c.network_id = f.network_id
     WHERE NOT f.quarantined AND f.first <= f.last AND family(f.first) = family(f.last)
       AND NOT coalesce(address_span(f.first, f.last) <@ c.spans, false)
    UNION ALL
    SELECT 'pool address neither free nor reserved', lost.network_id, lower(lost.span)
      FROM (SELECT c.network_id, unnest(c.spans - coalesce(h.spans, '{}')) AS span
              FROM covered c LEFT JOIN held h ON h.network_id = c.network_id) AS lost
    UNION ALL
    SELECT 'reservation in no pool', r.network_id, r.address
      FROM reservations r
     WHERE NOT EXISTS (SELECT FROM pools p WHERE p.network_id = r.network_id AND r.address <<= p.cidr)
    UNION ALL
    SELECT 'reservation without an open tenure of its owner', r.network_id, r.address
      FROM reservations r LEFT JOIN tenures t ON t.id = r.tenure_id
     WHERE t.id IS NULL OR NOT is_open_tenure(t, r)
    UNION ALL
    SELECT 'open tenure without a reservation', t.network_id, t.address
      FROM tenures t LEFT JOIN reservations r ON r.tenure_id = t.id
     WHERE upper_inf(t.during) AND r.address IS NULL
    UNION ALL
    SELECT 'tenure begins or ends in the future', t.network_id, t.address
      FROM tenures t
     WHERE lower(t.during) > clock_timestamp() OR upper(t.during) > clock_timestamp())
SELECT p.problem, p.network_id, p.address,
       CASE p.problem WHEN 'reservation in no pool' THEN 'Make a pool that holds the address, or release it.'
                      ELSE 'Run `rowhouse db repair`.' END AS repair
  FROM problems p;
COMMENT ON VIEW integrity_problems IS
    'Violations of the schema''s guarantees, with a repair for each. Empty unless the clock was set back or triggers were disabled.';
COMMENT ON COLUMN integrity_problems.problem IS 'The inconsistency.';
COMMENT ON COLUMN integrity_problems.network_id IS 'The network: networks.id.';
COMMENT ON COLUMN integrity_problems.address IS 'The address, or the first one of the run.';
COMMENT ON COLUMN integrity_problems.repair IS 'How to repair it.';
