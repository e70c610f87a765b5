CREATE FUNCTION resume_v1(actor text, request_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    ended   assignment_hold;
BEGIN
    PERFORM act_as(actor, request_id);
    DELETE FROM assignment_hold RETURNING * INTO ended;
    DELETE FROM assignment_hold_pools;
    IF ended.id IS NOT NULL THEN
        PERFORM record_change('assignment_hold.delete', ended.reason, to_jsonb(ended), NULL);
    END IF;
    RETURN ended.id IS NOT NULL;
END $$;
COMMENT ON FUNCTION resume_v1(text, text) IS 'Ends a hold: every pool assigns addresses again. Returns false if there was none.';
