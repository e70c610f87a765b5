-- prune_v1 stays as it is: it serves the previous code as well.
DROP TRIGGER tenures_deleted ON tenures;
DROP TRIGGER tenures_rewritten ON tenures;
DROP TRIGGER audit_log_append_only ON audit_log;
DROP FUNCTION refuse_rewriting, history_rewritten;
ALTER TABLE audit_log DROP COLUMN database_user;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_server') THEN
        GRANT EXECUTE ON FUNCTION prune_v1, record_v1 TO rowhouse_server;
    END IF;
END $$;
