CREATE FUNCTION exclusion_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
BEGIN
    PERFORM FROM networks WHERE id = coalesce(NEW.network_id, OLD.network_id) FOR NO KEY UPDATE;
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.network_id, NEW.first, NEW.last) IS DISTINCT FROM (OLD.id, OLD.network_id, OLD.first, OLD.last) THEN
            RAISE EXCEPTION 'the addresses of an exclusion cannot change'
                USING ERRCODE = error_code('in_the_way'), HINT = 'Delete the exclusion and create another one.';
        END IF;
        PERFORM record_change('exclusion.update', host(OLD.first) || '-' || host(OLD.last), to_jsonb(OLD), to_jsonb(NEW));
    ELSIF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT FROM exclusions e WHERE e.network_id = NEW.network_id AND e.id <> NEW.id
                      AND e.last >= NEW.first AND e.first <= NEW.last) THEN
            RAISE EXCEPTION 'part of %-% is already excluded', host(NEW.first), host(NEW.last)
                USING ERRCODE = error_code('in_the_way'), HINT = 'Exclusions of a network do not overlap.';
        END IF;
        PERFORM refuse_attached('excluding ' || host(NEW.first) || '-' || host(NEW.last), NEW.network_id,
                                ARRAY[NEW.first]::inet[], ARRAY[NEW.last]::inet[]);
        PERFORM withdraw_run(NEW.network_id, NEW.first, NEW.last);
        PERFORM record_change('exclusion.create', host(NEW.first) || '-' || host(NEW.last), NULL, to_jsonb(NEW));
    ELSE
        PERFORM free_covered(OLD.network_id, OLD.first, OLD.last, clock_timestamp());
        PERFORM record_change('exclusion.delete', host(OLD.first) || '-' || host(OLD.last), to_jsonb(OLD), NULL);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION exclusion_changed() IS
    'Trigger: takes excluded addresses out of the free space, or returns them, and writes the audit log.';

CREATE TRIGGER exclusions_change AFTER INSERT OR UPDATE OR DELETE ON exclusions
    FOR EACH ROW EXECUTE FUNCTION exclusion_changed();
