-- prune_v1 stays as it is: it serves the previous code as well.
DROP TRIGGER free_ranges_guard_first ON free_ranges;
DROP TRIGGER tenures_by_hand ON tenures;
DROP TRIGGER free_ranges_by_hand ON free_ranges;
DROP TRIGGER attachments_by_hand ON attachments;
DROP TRIGGER node_slices_by_hand ON node_slices;
DROP TRIGGER audit_log_stamp ON audit_log;
DROP TRIGGER audit_log_append_only ON audit_log;
DROP FUNCTION refuse_rewriting, stamp_audit, changed_by_hand;
ALTER TABLE audit_log DROP COLUMN database_user;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_server') THEN
        GRANT EXECUTE ON FUNCTION prune_v1, record_v1 TO rowhouse_server;
    END IF;
END $$;
