CREATE FUNCTION gateway_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    row gateways := coalesce(NEW, OLD);
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM return_gateway(OLD.network_id, OLD.address);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM withhold_gateway(NEW.network_id, NEW.address);
    END IF;
    -- One that an operator set is part of its pool's line, unless this table itself is changed; and those that go with
    -- their pool are part of its line as well.
    IF (row.cni_network IS NOT NULL OR pg_trigger_depth() = 1) AND EXISTS (SELECT FROM pools WHERE id = row.pool_id) THEN
        PERFORM record_change('gateway.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE lower(TG_OP) END, host(row.address),
                              CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,
                              CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION gateway_changed() IS
    'Trigger: withholds a gateway from the free space, or returns it, and writes the audit log.';

CREATE TRIGGER gateways_change AFTER INSERT OR UPDATE OR DELETE ON gateways
    FOR EACH ROW EXECUTE FUNCTION gateway_changed();
