CREATE FUNCTION act_as(actor text, request_id text) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    SELECT set_config('rowhouse.actor', actor, true), set_config('rowhouse.request_id', request_id, true);
END;
COMMENT ON FUNCTION act_as(text, text) IS 'Sets the caller, for history and audit log, until the end of the transaction.';
