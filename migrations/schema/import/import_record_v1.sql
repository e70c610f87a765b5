CREATE FUNCTION import_record_v1(actor text, request_id text, source text, facts jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM act_as(actor, request_id);
    PERFORM record_change('import.run', source, NULL, facts);
END $$;
COMMENT ON FUNCTION import_record_v1 IS 'Import: writes an audit log entry about what was taken over.';
