CREATE FUNCTION setting_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
-- Networks, quotas, saved views and tokens: the audit log has every change, but not the digest of a token, and not what
-- a private view shows: every viewer reads the log.
DECLARE
    before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - CASE WHEN to_jsonb(OLD) @> '{"is_shared": false}' THEN 'query' ELSE 'digest' END END;
    after  jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - CASE WHEN to_jsonb(NEW) @> '{"is_shared": false}' THEN 'query' ELSE 'digest' END END;
    row    jsonb := coalesce(after, before);
BEGIN
    IF TG_TABLE_NAME = 'networks' AND TG_OP = 'UPDATE' AND before->'isolated' <> after->'isolated'
       AND EXISTS (SELECT FROM pools p WHERE p.network_id = (row->>'id')::integer) THEN
        -- Every pool knows whether it is isolated, and its sandboxes go on using their addresses.
        RAISE EXCEPTION 'network % has pools, so its isolation cannot change', row->>'id'
            USING ERRCODE = error_code('in_the_way'), HINT = 'An ADD of a configuration that shares the range (enable_overlapping_ranges) moves the pool to the shared space.';
    END IF;
    PERFORM record_change(rtrim(TG_TABLE_NAME, 's') || '.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE lower(TG_OP) END,
                          coalesce(row->>'name', row->>'namespace'), before, after);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION setting_changed() IS 'Trigger: records a change of a network, quota, saved view or token in the audit log.';

CREATE TRIGGER networks_change AFTER INSERT OR UPDATE OR DELETE ON networks
    FOR EACH ROW EXECUTE FUNCTION setting_changed();
CREATE TRIGGER quotas_change AFTER INSERT OR UPDATE OR DELETE ON quotas
    FOR EACH ROW EXECUTE FUNCTION setting_changed();
CREATE TRIGGER tokens_change AFTER INSERT OR UPDATE OR DELETE ON tokens
    FOR EACH ROW EXECUTE FUNCTION setting_changed();
CREATE TRIGGER saved_views_change AFTER INSERT OR UPDATE OR DELETE ON saved_views
    FOR EACH ROW EXECUTE FUNCTION setting_changed();
