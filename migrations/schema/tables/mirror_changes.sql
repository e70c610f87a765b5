-- The outbox of the mirrors: the pools that have changed since a mirror last read them.
--
-- Allocations must not pay for it. So the triggers on "reservations" are disabled while there is no mirror. While there
-- is one, an allocation checks whether its pool is already marked, and writes a row only if it is not. There is no row
-- for which all allocations of a pool would wait: concurrent transactions each write their own mark.
--
-- A transaction that saw a mark relies on it, even if the mark is removed before it commits. Therefore a mirror that
-- removes marks then asks which transactions are writing (mirror_writers_v1), and reads the same pools again when they
-- have ended. So it misses no change, in whatever order transactions commit.

CREATE TABLE mirror_changes (
    cluster text NOT NULL,
    pool_id integer NOT NULL,
    made_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_cost_delay = 0);
-- There is no key, and without an identity a publication of all tables (logical replication) would refuse each DELETE.
ALTER TABLE mirror_changes REPLICA IDENTITY FULL;
CREATE INDEX mirror_changes_pool ON mirror_changes (cluster, pool_id);
COMMENT ON TABLE mirror_changes IS
    'Pools that changed since a cluster''s mirror last read them; pool_id 0: all pools.';
COMMENT ON COLUMN mirror_changes.cluster IS 'The cluster whose mirror must read the pool: mirrors.cluster.';
COMMENT ON COLUMN mirror_changes.pool_id IS 'The pool that changed: pools.id; 0: all pools.';
COMMENT ON COLUMN mirror_changes.made_by IS 'The transaction that wrote the mark.';
COMMENT ON COLUMN mirror_changes.made_at IS 'When the mark was written.';
COMMENT ON INDEX mirror_changes_pool IS 'Whether a pool is already marked.';
