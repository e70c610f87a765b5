CREATE FUNCTION request_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- The row has both names: who asked, and who decided.
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    verb   text := CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'DELETE' THEN 'delete' ELSE 'update' END;
BEGIN
    IF TG_OP = 'DELETE' AND current_reason() = 'PRUNE' THEN
        RETURN NULL; -- prune_requests_v1() writes one entry for all of them
    END IF;
    IF before->>'state' <> after->>'state' THEN
        verb := CASE after->>'state' WHEN 'approved' THEN 'approve' WHEN 'declined' THEN 'decline'
                                     WHEN 'withdrawn' THEN 'withdraw' ELSE 'expire' END;
    END IF;
    PERFORM record_change('request.' || verb, coalesce(after, before)->>'id', before, after);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION request_changed() IS 'Trigger: records a request, and how it ended, in the audit log.';

CREATE TRIGGER requests_change AFTER INSERT OR UPDATE OR DELETE ON requests
    FOR EACH ROW EXECUTE FUNCTION request_changed();
