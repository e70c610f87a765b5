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
    'Fill of each pool. Reserved counts its own reservations, so the sum over pools is the number of rows; reserved_by_overlaps those in its CIDR that other pools hold. What it may assign (total) is used, quarantined, excluded or free, whichever pool uses it.';
COMMENT ON COLUMN pool_usage.network IS 'Name of the network; '''' is the default network.';
COMMENT ON COLUMN pool_usage.pool IS 'CIDR of the pool.';
COMMENT ON COLUMN pool_usage.pool_name IS 'Name of the pool; NULL: it has none.';
COMMENT ON COLUMN pool_usage.gateway IS 'The gateway that an operator set; NULL: none.';
COMMENT ON COLUMN pool_usage.total IS
    'How many addresses the pool may assign: its window or its usable addresses, without gateways.';
COMMENT ON COLUMN pool_usage.reserved IS 'Reservations of this pool.';
COMMENT ON COLUMN pool_usage.reserved_by_overlaps IS 'Reservations in its CIDR that were taken from overlapping pools.';
COMMENT ON COLUMN pool_usage.attached IS 'Reservations of this pool that a sandbox uses.';
COMMENT ON COLUMN pool_usage.sticky IS 'Sticky reservations of this pool.';
COMMENT ON COLUMN pool_usage.used IS 'Of total: addresses in use, whichever pool they were taken from.';
COMMENT ON COLUMN pool_usage.quarantined IS 'Of total: addresses in quarantine after a release.';
COMMENT ON COLUMN pool_usage.excluded IS 'Of total: excluded addresses that are not in use.';
COMMENT ON COLUMN pool_usage.free IS 'Of total: addresses that can be assigned now.';
COMMENT ON COLUMN pool_usage.percent_used IS
    'used, in percent of total, to one decimal; NULL: the pool has no address to assign.';
COMMENT ON COLUMN pool_usage.pool_id IS 'The pool: pools.id.';
COMMENT ON COLUMN pool_usage.network_id IS 'The network of the pool: networks.id.';
