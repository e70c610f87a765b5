CREATE FUNCTION refuse_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE of % would lose history and free space, or bypass the audit log', TG_TABLE_NAME
        USING ERRCODE = 'feature_not_supported', HINT = 'Use DELETE, which keeps all invariants.';
END $$;
COMMENT ON FUNCTION refuse_truncate() IS 'Trigger: refuses a TRUNCATE.';

CREATE TRIGGER reservations_truncate BEFORE TRUNCATE ON reservations EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER attachments_truncate BEFORE TRUNCATE ON attachments EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER past_attachments_truncate BEFORE TRUNCATE ON past_attachments EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER owner_objects_truncate BEFORE TRUNCATE ON owner_objects EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER free_ranges_truncate BEFORE TRUNCATE ON free_ranges EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER tenures_truncate BEFORE TRUNCATE ON tenures EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER audit_log_truncate BEFORE TRUNCATE ON audit_log EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER networks_truncate BEFORE TRUNCATE ON networks EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER pools_truncate BEFORE TRUNCATE ON pools EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER pool_names_truncate BEFORE TRUNCATE ON pool_names EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER node_slices_truncate BEFORE TRUNCATE ON node_slices EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER quotas_truncate BEFORE TRUNCATE ON quotas EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER comments_truncate BEFORE TRUNCATE ON comments EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER saved_views_truncate BEFORE TRUNCATE ON saved_views EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER requests_truncate BEFORE TRUNCATE ON requests EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER tokens_truncate BEFORE TRUNCATE ON tokens EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER gateways_truncate BEFORE TRUNCATE ON gateways EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER assignment_hold_truncate BEFORE TRUNCATE ON assignment_hold EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER assignment_hold_pools_truncate BEFORE TRUNCATE ON assignment_hold_pools EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER exclusions_truncate BEFORE TRUNCATE ON exclusions EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER plain_pools_truncate BEFORE TRUNCATE ON plain_pools EXECUTE FUNCTION refuse_truncate();
CREATE TRIGGER imported_unnamed_truncate BEFORE TRUNCATE ON imported_unnamed EXECUTE FUNCTION refuse_truncate();
