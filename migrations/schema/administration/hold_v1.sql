CREATE FUNCTION hold_v1(actor text, request_id text, why text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- From now on no ADD gets a new address, except of pools that are read from now on (import_read_v1). False: it was so.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
BEGIN
    PERFORM act_as(actor, request_id);
    -- An ADD under way ends first.
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO assignment_hold (reason, actor) VALUES (why, actor) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM record_change('assignment.hold', why, NULL, jsonb_build_object('reason', why));
    END IF;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION hold_v1(text, text, text) IS 'Holds new addresses back until the running pods were read.';
