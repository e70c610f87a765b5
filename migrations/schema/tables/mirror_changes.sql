-- The outbox of the mirrors: which pools have changed since a mirror last looked at them.
--
-- An allocation must not pay for it. So the triggers on "reservations" are disabled while no mirror is on; and while
-- one is, an allocation only looks whether its pool is marked already, and writes a row only if it is not. There
-- is no row that all allocations of a pool would wait for: transactions that meet each write a mark of their own.
--
-- A transaction that saw a mark relies on it, also if the mark is taken away before it commits. Therefore a mirror that takes
-- marks away asks afterwards which transactions were writing at that moment (mirror_writers_v1), and looks at the same
-- pools once more when those have ended. So nothing is missed, in whatever order transactions commit.

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
    'Pools that changed since a cluster''s mirror last looked; pool_id 0: look at all of them.';
COMMENT ON COLUMN mirror_changes.cluster IS 'The cluster whose mirror must look: mirrors.cluster.';
COMMENT ON COLUMN mirror_changes.pool_id IS 'The pool that changed: pools.id; 0: all pools.';
COMMENT ON COLUMN mirror_changes.made_by IS 'The transaction that wrote the mark.';
COMMENT ON COLUMN mirror_changes.made_at IS 'When the mark was written.';
COMMENT ON INDEX mirror_changes_pool IS 'Whether a pool is marked already.';
