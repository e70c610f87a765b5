-- What DBAs ask: views and functions over the tables.

CREATE VIEW current_reservations AS
SELECT n.name AS network, p.cidr AS pool, p.name AS pool_name, r.address, r.owner_kind, r.owner_cluster AS cluster,
       r.owner_namespace AS namespace, r.owner_name AS name, r.owner_interface AS interface, r.owner_uid AS uid,
       r.node, r.container_id, r.sticky, r.expires_at, r.reserved_at, r.description,
       r.network_id, r.pool_id,
       (SELECT count(*) FROM attachments a
         WHERE a.network_id = r.network_id AND a.address = r.address) AS attachments
  FROM reservations r
  JOIN pools p ON p.id = r.pool_id
  JOIN networks n ON n.id = r.network_id;
COMMENT ON VIEW current_reservations IS 'Every address in use, with its owner and where it is.';

CREATE VIEW address_history AS
-- After the clock was set back, what it wrote before lies in the future: that is the present at most.
SELECT n.name AS network, t.address, least(lower(t.during), statement_timestamp()) AS held_from,
       CASE WHEN upper(t.during) > statement_timestamp() THEN statement_timestamp() ELSE upper(t.during) END AS held_until,
       t.owner_kind, t.owner_cluster AS cluster, t.owner_namespace AS namespace, t.owner_name AS name,
       t.owner_interface AS interface, t.owner_uid AS uid, t.node, t.container_id,
       t.started_by, t.start_reason, t.ended_by, t.end_reason, p.cidr AS pool, t.network_id, t.during
  FROM tenures t
  LEFT JOIN networks n ON n.id = t.network_id
  LEFT JOIN pools p ON p.id = t.pool_id;
COMMENT ON VIEW address_history IS 'Who held which address, where and when; held_until is NULL for the present.';

CREATE FUNCTION usable_addresses(pool pools) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- The difference of two addresses is a bigint, and exact where it is one; address_number() costs 20 times as much.
    SELECT coalesce(sum(CASE WHEN masklen(pool.cidr) >= CASE family(pool.cidr) WHEN 4 THEN 0 ELSE 66 END
                             THEN w.last_address - w.first_address
                             ELSE address_number(w.last_address) - address_number(w.first_address) END + 1), 0)
      FROM pool_window(pool) w;
END;
COMMENT ON FUNCTION usable_addresses(pools) IS 'How many addresses a pool may give out: its window without every known gateway.';

CREATE VIEW pool_usage AS
SELECT n.name AS network, p.cidr AS pool, p.name AS pool_name, p.gateway,
       usable_addresses(p) AS total,
       held.reserved, held.reserved_by_overlaps, held.attached, held.sticky,
       held.inside - at_gateways.addresses AS used, quarantine.addresses AS quarantined, excluded.addresses AS excluded,
       greatest(usable_addresses(p) - (held.inside - at_gateways.addresses) - quarantine.addresses - excluded.addresses, 0) AS free,
       round(100 * (held.inside - at_gateways.addresses) / nullif(usable_addresses(p), 0), 1) AS percent_used,
       p.id AS pool_id, p.network_id
  FROM pools p
  JOIN networks n ON n.id = p.network_id
 CROSS JOIN LATERAL (
       SELECT min(w.first_address) AS first, max(w.last_address) AS last FROM pool_window(p) w) AS bounds
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE r.pool_id = p.id) AS reserved,
              count(*) FILTER (WHERE r.pool_id <> p.id) AS reserved_by_overlaps,
              count(*) FILTER (WHERE r.pool_id = p.id AND r.container_id <> '') AS attached,
              count(*) FILTER (WHERE r.pool_id = p.id AND r.sticky) AS sticky,
              count(*) FILTER (WHERE r.address BETWEEN bounds.first AND bounds.last) AS inside
         FROM reservations r
        WHERE r.network_id = p.network_id
          AND r.address BETWEEN first_address(p.cidr) AND last_address(p.cidr)) AS held
 CROSS JOIN LATERAL (
       SELECT count(DISTINCT g.address) AS addresses
         FROM gateways g JOIN reservations r ON r.network_id = g.network_id AND r.address = g.address
        WHERE g.network_id = p.network_id AND g.address BETWEEN bounds.first AND bounds.last) AS at_gateways
 CROSS JOIN LATERAL (
       -- (A quarantined run is one address.)
       SELECT count(*) AS addresses
         FROM free_ranges f
        WHERE f.network_id = p.network_id AND f.quarantined AND f.last BETWEEN bounds.first AND bounds.last
          AND NOT is_withheld(f.network_id, f.first)) AS quarantine
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(address_number(least(e.last, w.last_address)) - address_number(greatest(e.first, w.first_address)) + 1
                         - (SELECT count(*) FROM reservations r
                             WHERE r.network_id = p.network_id AND r.address BETWEEN greatest(e.first, w.first_address)
                                                                               AND least(e.last, w.last_address))), 0) AS addresses
         FROM exclusions e JOIN pool_window(p) w ON e.last >= w.first_address AND e.first <= w.last_address
        WHERE e.network_id = p.network_id) AS excluded;
COMMENT ON VIEW pool_usage IS
    'Fill of each pool. Reserved counts its own reservations, so the sum over pools is the number of rows; reserved_by_overlaps those in its CIDR that other pools hold. What it may give out (total) is used, quarantined, excluded or free, whichever pool uses it.';

CREATE VIEW stale_reservations AS
SELECT c.*, now() - c.reserved_at AS age
  FROM current_reservations c
 WHERE c.attachments = 0 AND c.owner_kind = 'pod' AND (NOT c.sticky OR c.expires_at <= now());
COMMENT ON VIEW stale_reservations IS 'Reservations of pods that no sandbox uses, though they are not sticky, or past their time.';

CREATE FUNCTION who_had(wanted inet, at timestamptz DEFAULT NULL)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The key is for the index, as in the exclusion constraint of tenures. The present is what is open, whatever the
    -- clock said when it was opened: only an open tenure has no end.
    SELECT * FROM address_history h
     WHERE address_key(h.address) = address_key(set_masklen(wanted, CASE family(wanted) WHEN 4 THEN 32 ELSE 128 END))
       AND h.address = set_masklen(wanted, CASE family(wanted) WHEN 4 THEN 32 ELSE 128 END)
       AND h.during @> CASE WHEN at < statement_timestamp() THEN at ELSE 'infinity' END ORDER BY h.network;
END;
COMMENT ON FUNCTION who_had(inet, timestamptz) IS
    'Who had an address at a moment, in every network; NULL, and every moment to come: who has it now.';

CREATE FUNCTION held_by(wanted_namespace text, wanted_name text)
RETURNS SETOF address_history
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM address_history h
     WHERE h.namespace = wanted_namespace AND h.name = wanted_name ORDER BY h.held_from, h.address;
END;
COMMENT ON FUNCTION held_by(text, text) IS 'Every address that a pod (or other owner) holds or held.';

CREATE VIEW integrity_problems AS
SELECT 'reserved address is also free' AS problem, r.network_id, r.address::inet AS address
  FROM reservations r JOIN free_ranges f
    ON f.network_id = r.network_id AND r.address BETWEEN f.first AND f.last
UNION ALL
SELECT 'free ranges overlap', a.network_id, b.first
  FROM (SELECT network_id, first, last, lead(first) OVER w AS next_first
          FROM free_ranges WINDOW w AS (PARTITION BY network_id ORDER BY first, last)) AS a
  JOIN free_ranges b ON b.network_id = a.network_id AND b.first = a.next_first
 WHERE a.next_first <= a.last
UNION ALL
SELECT 'address kept out of use is free', f.network_id, greatest(f.first, e.first)
  FROM free_ranges f JOIN exclusions e
    ON e.network_id = f.network_id AND e.last >= f.first AND e.first <= f.last
 WHERE NOT f.quarantined
UNION ALL
SELECT 'gateway is free', g.network_id, g.address
  FROM gateways g JOIN free_ranges f
    ON f.network_id = g.network_id AND g.address BETWEEN f.first AND f.last AND NOT f.quarantined
UNION ALL
SELECT 'pool and gateway disagree', p.network_id, host(p.gateway)::inet
  FROM pools p
 WHERE host(p.gateway)::inet <<= p.cidr
   AND NOT EXISTS (SELECT FROM gateways g WHERE g.pool_id = p.id AND g.network_id = p.network_id
                      AND g.address = host(p.gateway)::inet AND g.cni_network IS NULL)
UNION ALL
SELECT 'reservation outside every pool', r.network_id, r.address
  FROM reservations r
 WHERE NOT EXISTS (SELECT FROM pools p WHERE p.network_id = r.network_id AND r.address <<= p.cidr)
UNION ALL
SELECT 'reservation without an open tenure of its owner', r.network_id, r.address
  FROM reservations r LEFT JOIN tenures t ON t.id = r.tenure_id
 WHERE t.id IS NULL OR NOT upper_inf(t.during) OR (t.network_id, t.address, t.owner_namespace, t.owner_name)
       IS DISTINCT FROM (r.network_id, r.address, r.owner_namespace, r.owner_name)
UNION ALL
SELECT 'open tenure without a reservation', t.network_id, t.address
  FROM tenures t LEFT JOIN reservations r ON r.tenure_id = t.id
 WHERE upper_inf(t.during) AND r.address IS NULL
UNION ALL
SELECT 'pool address neither free nor reserved', p.network_id, lost.address
  FROM (SELECT network_id, first_address(p.cidr) AS low, last_address(p.cidr) AS high
          FROM pools p
         WHERE NOT EXISTS (SELECT FROM pools larger WHERE larger.network_id = p.network_id AND larger.cidr >> p.cidr)) AS p
 CROSS JOIN LATERAL (
       -- The first address behind every run and reservation, unless the next one begins there.
       SELECT CASE WHEN s.last IS NULL THEN p.low WHEN s.last < p.high THEN s.last + 1 END AS address
         FROM (SELECT last, lead(first) OVER (ORDER BY first NULLS FIRST) AS next_first
                 FROM (SELECT NULL::inet AS first, NULL::inet AS last
                       UNION ALL
                       SELECT greatest(f.first, p.low) AS first, least(f.last, p.high) AS last FROM free_ranges f
                        WHERE f.network_id = p.network_id AND f.last >= p.low AND f.first <= p.high
                          AND NOT (f.quarantined AND EXISTS (
                              SELECT FROM exclusions e WHERE e.network_id = f.network_id AND f.first BETWEEN e.first AND e.last))
                       UNION ALL
                       SELECT r.address, r.address FROM reservations r
                        WHERE r.network_id = p.network_id AND r.address BETWEEN p.low AND p.high
                          AND NOT EXISTS (SELECT FROM exclusions e WHERE e.network_id = r.network_id
                                             AND r.address BETWEEN e.first AND e.last)
                       UNION ALL
                       SELECT DISTINCT g.address, g.address FROM gateways g
                        WHERE g.network_id = p.network_id AND g.address BETWEEN p.low AND p.high
                          AND NOT is_excluded(g.network_id, g.address)
                          AND NOT EXISTS (SELECT FROM free_ranges f WHERE f.network_id = g.network_id
                                             AND g.address BETWEEN f.first AND f.last)
                          AND NOT EXISTS (SELECT FROM reservations r
                                           WHERE r.network_id = g.network_id AND r.address = g.address)
                       UNION ALL
                       SELECT greatest(e.first, p.low), least(e.last, p.high) FROM exclusions e
                        WHERE e.network_id = p.network_id AND e.last >= p.low AND e.first <= p.high) AS held) AS s
        WHERE s.last IS DISTINCT FROM p.high
          AND s.next_first IS DISTINCT FROM CASE WHEN s.last IS NULL THEN p.low WHEN s.last < p.high THEN s.last + 1 END) AS lost;
COMMENT ON VIEW integrity_problems IS 'Violations of what the schema promises: always empty. Run it when in doubt.';
