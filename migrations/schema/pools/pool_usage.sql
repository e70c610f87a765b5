CREATE VIEW pool_usage AS
SELECT n.name AS network, p.cidr AS pool, p.name AS pool_name, p.gateway, c.total, c.reserved, c.reserved_by_overlaps,
       c.attached, c.sticky, c.used, c.quarantined, c.excluded, c.free, c.percent_used, p.id AS pool_id, p.network_id
  FROM pool_counts() c
  JOIN pools p ON p.id = c.pool_id
  JOIN networks n ON n.id = p.network_id;
COMMENT ON VIEW pool_usage IS
    'Usage of each pool. reserved counts its own reservations, so its sum over pools is the number of reservations; reserved_by_overlaps counts the reservations of other pools in its CIDR. Each assignable address (total) is used (by any pool), quarantined, excluded or free.';
COMMENT ON COLUMN pool_usage.network IS 'Name of the network; '''' is the default network.';
COMMENT ON COLUMN pool_usage.pool IS 'CIDR of the pool.';
COMMENT ON COLUMN pool_usage.pool_name IS 'Name of the pool; NULL: it has none.';
COMMENT ON COLUMN pool_usage.gateway IS 'The gateway that an operator set; NULL: none.';
COMMENT ON COLUMN pool_usage.total IS
    'Number of assignable addresses: the window, or the usable addresses, without gateways.';
COMMENT ON COLUMN pool_usage.reserved IS 'Reservations of this pool.';
COMMENT ON COLUMN pool_usage.reserved_by_overlaps IS 'Reservations in its CIDR that were taken from overlapping pools.';
COMMENT ON COLUMN pool_usage.attached IS 'Reservations of this pool that a sandbox uses.';
COMMENT ON COLUMN pool_usage.sticky IS 'Sticky reservations of this pool.';
COMMENT ON COLUMN pool_usage.used IS 'Of total: addresses in use, taken from any pool.';
COMMENT ON COLUMN pool_usage.quarantined IS 'Of total: addresses in quarantine after a release.';
COMMENT ON COLUMN pool_usage.excluded IS 'Of total: excluded addresses that are not in use.';
COMMENT ON COLUMN pool_usage.free IS 'Of total: addresses that can be assigned now.';
COMMENT ON COLUMN pool_usage.percent_used IS
    'used, in percent of total, to one decimal; NULL: the pool has no address to assign.';
COMMENT ON COLUMN pool_usage.pool_id IS 'The pool: pools.id.';
COMMENT ON COLUMN pool_usage.network_id IS 'The network of the pool: networks.id.';
