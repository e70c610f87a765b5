CREATE FUNCTION record_change(action text, object text, before jsonb, after jsonb) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO audit_log (actor, action, object, before, after, request_id)
    VALUES (current_actor(), action, object, before, after,
            nullif(current_setting('rowhouse.request_id', true), ''));
END;
COMMENT ON FUNCTION record_change(text, text, jsonb, jsonb) IS 'Writes one line of the audit log.';
