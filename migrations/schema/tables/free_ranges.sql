-- Keyed by the last address: taking the first address of a run only changes "first", which no index
-- covers, so the hot path of an allocation is a heap-only update.
CREATE TABLE free_ranges (
    network_id  integer NOT NULL,
    quarantined boolean NOT NULL DEFAULT false,
    first       host_address NOT NULL,
    last        host_address NOT NULL,
    free_from   timestamptz NOT NULL,
    previous_owner text,
    PRIMARY KEY (network_id, quarantined, last)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500,
        autovacuum_vacuum_cost_delay = 0);
CREATE INDEX free_ranges_quarantine ON free_ranges (network_id, free_from) WHERE quarantined;
CREATE INDEX free_ranges_previous_owner ON free_ranges (previous_owner) WHERE quarantined;
COMMENT ON TABLE free_ranges IS
    'A run of free addresses, first to last inclusive. Free space belongs to the network, not to a pool: overlapping pools draw from the same rows.';
COMMENT ON COLUMN free_ranges.network_id IS 'The network of the addresses: networks.id.';
COMMENT ON COLUMN free_ranges.quarantined IS
    'Released with a reuse delay: before free_from, assigned only to the previous owner. The quarantine continues while the address is excluded or in no pool.';
COMMENT ON COLUMN free_ranges.first IS 'First address of the run.';
COMMENT ON COLUMN free_ranges.last IS 'Last address of the run, inclusive.';
COMMENT ON COLUMN free_ranges.free_from IS
    'When the addresses became, or will become, assignable; no new tenure begins earlier.';
COMMENT ON COLUMN free_ranges.previous_owner IS
    'owner_key() of the last owner of a quarantined address; NULL for other runs.';
COMMENT ON INDEX free_ranges_pkey IS 'The allocator finds the lowest free run that overlaps a range.';
COMMENT ON INDEX free_ranges_quarantine IS 'Finds quarantines that end.';
COMMENT ON INDEX free_ranges_previous_owner IS 'Finds the quarantined addresses of a returning owner.';
