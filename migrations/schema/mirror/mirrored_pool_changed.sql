CREATE FUNCTION mirrored_pool_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM mark_for_mirrors(ARRAY[coalesce(NEW.id, OLD.id)]);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mirrored_pool_changed() IS 'Trigger: marks a new or deleted pool for the mirrors.';

-- Pools and slices change seldom: these need no switch.
CREATE TRIGGER pools_mirror AFTER INSERT OR DELETE ON pools
    FOR EACH ROW EXECUTE FUNCTION mirrored_pool_changed();
