CREATE FUNCTION pool_named() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Until the statement ends, the old name finds the pool; afterwards, both do. So no ADD needs to wait.
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.name IS NOT DISTINCT FROM OLD.name THEN
            RETURN NULL;
        END IF;
        UPDATE pool_names n SET alias_since = clock_timestamp(), last_used_at = clock_timestamp() WHERE n.name = OLD.name;
    END IF;
    IF NEW.name IS NOT NULL THEN
        INSERT INTO pool_names AS n (name, pool_id, alias_since) VALUES (NEW.name, NEW.id, NULL)
            ON CONFLICT (name) DO UPDATE SET alias_since = NULL, last_used_at = NULL WHERE n.pool_id = excluded.pool_id;
        IF NOT FOUND THEN
            PERFORM refuse_foreign_name(NEW.id, NEW.name);
        END IF;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION pool_named() IS 'Trigger: keeps pool_names; the old name of a renamed pool becomes an alias.';

CREATE TRIGGER pools_named AFTER INSERT OR UPDATE OF name ON pools
    FOR EACH ROW EXECUTE FUNCTION pool_named();
