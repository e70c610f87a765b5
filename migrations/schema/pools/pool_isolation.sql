CREATE FUNCTION pool_isolation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- A column of the pool, because every allocation reads it.
BEGIN
    NEW.isolated := EXISTS (SELECT FROM networks n WHERE n.id = NEW.network_id AND n.isolated IS NOT NULL);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION pool_isolation() IS 'Trigger: sets pools.isolated from networks.isolated.';

CREATE TRIGGER pools_isolation BEFORE INSERT OR UPDATE OF network_id, isolated ON pools
    FOR EACH ROW EXECUTE FUNCTION pool_isolation();
