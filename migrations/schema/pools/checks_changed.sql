CREATE FUNCTION checks_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A quota or a hold began or ended, so other pools are plain now.
BEGIN
    IF TG_TABLE_NAME = 'assignment_hold_pools' AND TG_OP = 'INSERT' THEN
        PERFORM choose_plain_pools(ARRAY[NEW.pool_id]);
    ELSIF TG_TABLE_NAME <> 'assignment_hold_pools' OR EXISTS (SELECT FROM assignment_hold) THEN
        PERFORM choose_plain_pools();
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION checks_changed() IS 'Trigger: updates plain_pools after a quota or a hold began or ended.';

CREATE TRIGGER quotas_plain AFTER INSERT OR UPDATE OR DELETE ON quotas
    FOR EACH STATEMENT EXECUTE FUNCTION checks_changed();
CREATE TRIGGER assignment_hold_plain AFTER INSERT OR DELETE ON assignment_hold
    FOR EACH STATEMENT EXECUTE FUNCTION checks_changed();
CREATE TRIGGER assignment_hold_pools_read AFTER INSERT ON assignment_hold_pools
    FOR EACH ROW EXECUTE FUNCTION checks_changed();
CREATE TRIGGER assignment_hold_pools_unread AFTER UPDATE OR DELETE ON assignment_hold_pools
    FOR EACH STATEMENT EXECUTE FUNCTION checks_changed();
