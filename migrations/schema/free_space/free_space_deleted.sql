CREATE FUNCTION free_space_deleted() RETURNS trigger
LANGUAGE plpgsql AS $$
-- What is inserted and changed by hand free_ranges_guard() records.
BEGIN
    IF pg_trigger_depth() > 1 OR current_setting('rowhouse.command', true) <> '' THEN
        RETURN NULL;
    END IF;
    PERFORM rowhouse.record_change('free_range.delete', pg_catalog.host(OLD.first) || '-' || pg_catalog.host(OLD.last),
                                   pg_catalog.to_jsonb(OLD), NULL);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION free_space_deleted() IS 'Trigger: records a manually deleted free run in the audit log.';

CREATE TRIGGER free_ranges_deleted AFTER DELETE ON free_ranges
    FOR EACH ROW EXECUTE FUNCTION free_space_deleted();
