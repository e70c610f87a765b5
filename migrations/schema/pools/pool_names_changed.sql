CREATE FUNCTION pool_names_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    row pool_names := coalesce(NEW, OLD);
    pool pools;
BEGIN
    SELECT * INTO pool FROM pools p WHERE p.id = row.pool_id;
    IF pool.id IS NULL THEN
        RETURN NULL; -- it goes with its pool
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.name, NEW.pool_id) <> (OLD.name, OLD.pool_id) THEN
        RAISE EXCEPTION 'a name of a pool cannot change' USING ERRCODE = error_code('in_the_way'),
              HINT = 'Rename the pool, or delete the alias and create another one.';
    ELSIF (TG_OP = 'DELETE' AND row.name IS NOT DISTINCT FROM pool.name)
       OR (TG_OP <> 'DELETE' AND (row.alias_since IS NULL) <> (row.name IS NOT DISTINCT FROM pool.name)) THEN
        RAISE EXCEPTION '"%" % the current name of pool %', row.name,
              CASE WHEN row.name IS NOT DISTINCT FROM pool.name THEN 'is' ELSE 'is not' END, pool.cidr
            USING ERRCODE = error_code('in_the_way'), HINT = 'Change pools.name to rename the pool.';
    END IF;
    IF TG_OP = 'DELETE' THEN
        PERFORM refuse_used_alias(OLD);
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM refuse_foreign_name(NEW.pool_id, NEW.name);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.alias_since IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.alias_since IS NULL) THEN
        PERFORM record_change('alias.create', row.name, NULL, to_jsonb(NEW) - 'last_used_at');
    ELSIF TG_OP <> 'INSERT' AND OLD.alias_since IS NOT NULL AND (TG_OP = 'DELETE' OR NEW.alias_since IS NULL) THEN
        PERFORM record_change('alias.delete', row.name, to_jsonb(OLD), NULL);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION pool_names_changed() IS 'Trigger: checks a change of an alias, and writes the audit log.';

-- (An ADD writes last_used_at.)
CREATE TRIGGER pool_names_change AFTER INSERT OR DELETE OR UPDATE OF name, pool_id, alias_since ON pool_names
    FOR EACH ROW EXECUTE FUNCTION pool_names_changed();
