CREATE FUNCTION prune_requests_v1(actor text, older_than interval, at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = rowhouse, pg_temp
SET lock_timeout = '3s'
AS $$
-- Removes one batch of requests that ended longer ago than this, at least a day; returns their number. The audit log
-- keeps how each of them ended, and has one entry for the batch.
DECLARE
    command text := coalesce(current_setting('rowhouse.command', true), '');
    pruned  integer;
BEGIN
    PERFORM act_as(actor, ''), set_config('rowhouse.command', 'PRUNE', true);
    PERFORM expire_requests();
    DELETE FROM requests r
     WHERE r.id IN (SELECT o.id FROM requests o
                     WHERE o.state <> 'pending' AND o.decided_at < clock_timestamp() - greatest(older_than, interval '1 day')
                     ORDER BY o.decided_at LIMIT at_most FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS pruned = ROW_COUNT;
    IF pruned > 0 THEN
        PERFORM record_change('request.prune', 'requests', NULL,
                              jsonb_build_object('pruned', pruned, 'ended_before', clock_timestamp() - greatest(older_than, interval '1 day')));
    END IF;
    PERFORM set_config('rowhouse.command', command, true);
    RETURN pruned;
END $$;
COMMENT ON FUNCTION prune_requests_v1 IS 'Removes one small batch of requests that ended before a time.';
