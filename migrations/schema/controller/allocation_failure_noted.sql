CREATE FUNCTION allocation_failure_noted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- The controller takes the row away; the event stays.
BEGIN
    PERFORM note_event(NEW.reason, NEW.cluster, NEW.namespace, NEW.pod, NEW.interface, NEW.node,
                       coalesce(NEW.event_message, NEW.message), NEW.held_by,
                       NEW.times - CASE WHEN TG_OP = 'UPDATE' THEN OLD.times ELSE 0 END);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION allocation_failure_noted() IS 'Trigger: stores an event for a refused ADD or a warning.';

CREATE TRIGGER allocation_failures_noted AFTER INSERT OR UPDATE ON allocation_failures
    FOR EACH ROW EXECUTE FUNCTION allocation_failure_noted();
