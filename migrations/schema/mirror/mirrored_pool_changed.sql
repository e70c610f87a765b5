CREATE FUNCTION mirrored_pool_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM mark_for_mirrors(ARRAY[coalesce(NEW.id, OLD.id)]);
    RETURN NULL;
END $$;

-- Pools and slices change seldom: these need no switch.
CREATE TRIGGER pools_mirror AFTER INSERT OR DELETE ON pools
    FOR EACH ROW EXECUTE FUNCTION mirrored_pool_changed();
