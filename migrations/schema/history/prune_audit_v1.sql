CREATE FUNCTION prune_audit_v1(older_than timestamptz, after_id bigint, at_most integer)
RETURNS TABLE (pruned integer, last_id bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
SET jit = off
SET enable_seqscan = off
AS $$
-- Removes at most at_most entries written before a time, in the order of their ids, after after_id. The next call
-- continues after last_id; NULL: nothing is left. refuse_rewriting() allows only this function to remove entries.
-- The entry of a drained pool's deletion stays: ensure_pool() drains the pool if a configuration recreates it.
BEGIN
    WITH gone AS (
        DELETE FROM audit_log l
         WHERE l.id IN (SELECT o.id FROM audit_log o
                         WHERE o.id > after_id AND o.at < older_than
                           AND NOT (o.action = 'pool.delete' AND o.before @> '{"drained": true}')
                         ORDER BY o.id LIMIT at_most)
        RETURNING l.id)
    SELECT count(*), max(gone.id) FROM gone INTO pruned, last_id;
    RETURN NEXT;
END $$;
COMMENT ON FUNCTION prune_audit_v1 IS 'Removes one small batch of audit log entries written before a time.';
