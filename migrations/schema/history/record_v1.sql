CREATE FUNCTION record_v1(actor text, request_id text, action text, object text, before jsonb, after jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM act_as(actor, request_id);
    PERFORM record_change(action, object, before, after);
END $$;
COMMENT ON FUNCTION record_v1 IS 'Writes an audit log entry for something that is not a change of a row.';
