CREATE FUNCTION mirror_writers_v1() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = rowhouse, pg_temp
BEGIN ATOMIC
    -- Transactions under way that may have written what is mirrored. A lock is there from before a transaction's first
    -- look at the outbox until after its commit can be seen.
    SELECT DISTINCT l.virtualtransaction FROM pg_locks l
     WHERE l.locktype = 'relation' AND l.granted
       AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
       AND l.relation IN ('rowhouse.reservations'::regclass, 'rowhouse.pools'::regclass, 'rowhouse.node_slices'::regclass)
       AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock');
END;
COMMENT ON FUNCTION mirror_writers_v1 IS 'The transactions under way that may have written what is mirrored.';
