CREATE FUNCTION pool_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION pool_version() IS 'Trigger: increments the version of a changed pool.';

CREATE TRIGGER pools_version BEFORE UPDATE ON pools FOR EACH ROW EXECUTE FUNCTION pool_version();
