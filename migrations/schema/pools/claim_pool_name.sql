CREATE FUNCTION claim_pool_name() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    IF NEW.name IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.name IS DISTINCT FROM OLD.name) THEN
        -- In their order, so that two pools that are renamed to each other's names do not wait for each other.
        PERFORM FROM pool_names n WHERE n.name IN (NEW.name, CASE WHEN TG_OP = 'UPDATE' THEN OLD.name END)
          ORDER BY n.name FOR UPDATE;
        PERFORM refuse_foreign_name(NEW.id, NEW.name);
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION claim_pool_name() IS 'Trigger: refuses a name that belongs to another pool, as its name or as an alias.';

CREATE TRIGGER pools_name_claim BEFORE INSERT OR UPDATE OF name ON pools
    FOR EACH ROW EXECUTE FUNCTION claim_pool_name();
