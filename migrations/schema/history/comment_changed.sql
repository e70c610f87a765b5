CREATE FUNCTION comment_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP = 'INSERT' THEN to_jsonb(NEW) END;
    row    jsonb := coalesce(after, before);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'comment % cannot change', OLD.id
            USING ERRCODE = error_code('in_the_way'), HINT = 'Remove it, and write another one.';
    END IF;
    PERFORM record_change('comment.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE 'delete' END,
                          coalesce(host((row->>'address')::inet),
                                   (SELECT p.cidr::text FROM pools p WHERE p.id = (row->>'pool_id')::integer),
                                   row->>'id'),
                          before, after);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION comment_changed() IS 'Trigger: records a comment in the audit log, and refuses to change one.';

CREATE TRIGGER comments_change AFTER INSERT OR UPDATE OR DELETE ON comments
    FOR EACH ROW EXECUTE FUNCTION comment_changed();
