-- As in revision 0001: where a role is missing, nothing is granted.
DO $$
DECLARE
    made text := 'import_pool_v1, import_addresses_v1, import_release_v1, import_record_v1, import_read_v1, import_gateways_v1, import_stale_v1, imported_sandbox_v1, adopt_sandbox_v1, adopt_owner_v1, has_unnamed_v1';
BEGIN
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', made);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_server') THEN
        GRANT SELECT ON imported_unnamed TO rowhouse_server;
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO rowhouse_server', made);
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_owner') THEN
        GRANT ALL ON imported_unnamed TO rowhouse_owner;
        EXECUTE format('GRANT ALL ON FUNCTION %s TO rowhouse_owner', made);
    END IF;
END $$;
