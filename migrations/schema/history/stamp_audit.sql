CREATE FUNCTION stamp_audit() RETURNS trigger
LANGUAGE plpgsql AS $$
-- A line that a person writes says so, and when.
BEGIN
    NEW.database_user := session_user;
    NEW.at := clock_timestamp();
    RETURN NEW;
END $$;
COMMENT ON FUNCTION stamp_audit() IS 'Trigger: stamps a new line of the audit log with the database user and the time.';

CREATE TRIGGER audit_log_stamp BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION stamp_audit();
