CREATE FUNCTION stamp_audit() RETURNS trigger
LANGUAGE plpgsql AS $$
-- A manually written entry has its author and its time.
BEGIN
    NEW.database_user := session_user;
    NEW.at := clock_timestamp();
    RETURN NEW;
END $$;
COMMENT ON FUNCTION stamp_audit() IS 'Trigger: sets database user and time of a new audit log entry.';

CREATE TRIGGER audit_log_stamp BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION stamp_audit();
