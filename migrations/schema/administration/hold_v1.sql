CREATE FUNCTION hold_v1(actor text, request_id text, why text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- From now on an ADD gets a new address only from pools that have been read since (import_read_v1). False: a hold exists.
DECLARE
    command text := set_config('rowhouse.command', 'API', true);
    made    assignment_hold;
BEGIN
    PERFORM act_as(actor, request_id);
    -- Waits until running ADDs have ended.
    LOCK TABLE reservations IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO assignment_hold (reason, actor) VALUES (why, actor) ON CONFLICT DO NOTHING RETURNING * INTO made;
    IF FOUND THEN
        PERFORM record_change('assignment_hold.create', why, NULL, to_jsonb(made));
    END IF;
    RETURN made.id IS NOT NULL;
END $$;
COMMENT ON FUNCTION hold_v1(text, text, text) IS 'Withholds new addresses until the running pods have been read.';
