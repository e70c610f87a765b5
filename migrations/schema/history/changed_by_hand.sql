CREATE FUNCTION changed_by_hand() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rowhouse, pg_temp AS $$
DECLARE
    before jsonb;
    after  jsonb;
    row    jsonb;
BEGIN
    IF pg_trigger_depth() = 1 AND coalesce(current_setting('rowhouse.command', true), '') = '' THEN
        before := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
        after := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
        row := coalesce(before, after);
        PERFORM record_change(rtrim(TG_TABLE_NAME, 's') || '.' || CASE TG_OP WHEN 'INSERT' THEN 'create' ELSE lower(TG_OP) END, coalesce(row->>'address', row->>'slice', row->>'reason', row->>'pool_id', row->>'tenure_id',
                                       row->>'name'),
                              before, after);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION changed_by_hand() IS
    'Trigger: records a manual change in the audit log, for tables that only our functions write.';

-- (The key's other columns follow the reservation.)
CREATE TRIGGER attachments_updated
    AFTER UPDATE OF cluster, container_id, interface, node, cni_network, pod_uid, pod_name, mac, attached_at ON attachments
    FOR EACH ROW EXECUTE FUNCTION changed_by_hand();
CREATE TRIGGER past_attachments_by_hand AFTER INSERT OR UPDATE OR DELETE ON past_attachments FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
CREATE TRIGGER owner_objects_by_hand AFTER INSERT OR UPDATE OR DELETE ON owner_objects FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
CREATE TRIGGER assignment_hold_by_hand AFTER INSERT OR UPDATE OR DELETE ON assignment_hold FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
CREATE TRIGGER assignment_hold_pools_by_hand AFTER INSERT OR UPDATE OR DELETE ON assignment_hold_pools FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
-- (A row that is missing there only makes calls slower.)
CREATE TRIGGER plain_pools_by_hand AFTER INSERT OR UPDATE ON plain_pools FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
CREATE TRIGGER node_slices_by_hand AFTER INSERT OR UPDATE OR DELETE ON node_slices FOR EACH ROW
    EXECUTE FUNCTION changed_by_hand();
