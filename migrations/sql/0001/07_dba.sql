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
