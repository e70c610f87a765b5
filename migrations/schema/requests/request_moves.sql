CREATE FUNCTION request_moves() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A request begins as pending, and ends once. What was asked for never changes; a deleted pool leaves no ID behind.
DECLARE
    decision CONSTANT text[] := ARRAY['state', 'decided_by', 'decided_at', 'reason', 'granted'];
    before   jsonb;
    after    jsonb := to_jsonb(NEW) - 'pool_id';
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'pending' THEN
            RAISE EXCEPTION 'a new request is pending, not %', NEW.state USING ERRCODE = error_code('in_the_way');
        END IF;
        RETURN NEW;
    END IF;
    before := to_jsonb(OLD) - 'pool_id';
    IF NEW.pool_id IS DISTINCT FROM OLD.pool_id AND NEW.pool_id IS NOT NULL
       OR before - decision <> after - decision THEN
        RAISE EXCEPTION 'what request % asks for cannot change', OLD.id
            USING ERRCODE = error_code('in_the_way'), HINT = 'Withdraw it, and send another request.';
    END IF;
    IF before <> after AND OLD.state <> 'pending' THEN
        RAISE EXCEPTION 'request % is already %', OLD.id, OLD.state USING ERRCODE = error_code('in_the_way');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION request_moves() IS 'Trigger: a request begins as pending and ends once; what it asks for never changes.';

CREATE TRIGGER requests_move BEFORE INSERT OR UPDATE ON requests
    FOR EACH ROW EXECUTE FUNCTION request_moves();
