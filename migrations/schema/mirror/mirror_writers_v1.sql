CREATE FUNCTION mirror_writers_v1() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- Running transactions that may have written mirrored rows. A transaction holds its lock from before it first reads
    -- the outbox until its commit is visible.
    SELECT DISTINCT l.virtualtransaction FROM pg_locks l
     WHERE l.locktype = 'relation' AND l.granted
       AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
       AND l.relation IN ('rowhouse.reservations'::regclass, 'rowhouse.pools'::regclass, 'rowhouse.node_slices'::regclass)
       AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock');
END;
COMMENT ON FUNCTION mirror_writers_v1 IS 'The running transactions that may have written mirrored rows.';
