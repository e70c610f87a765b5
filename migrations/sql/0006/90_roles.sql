-- The least that each role needs of what this revision adds. Where a role does not exist nothing is granted (0001).

DO $$
BEGIN
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rowhouse FROM PUBLIC;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_server') THEN
        GRANT SELECT ON mirrors, mirror_changes TO rowhouse_server;
        GRANT EXECUTE ON FUNCTION mirror_on_v1, mirror_off_v1, mirror_changes_v1, mirror_writers_v1, mirror_again_v1,
                                  mirror_report_v1, mirrored_pools_v1, mirrored_slices_v1, mirrored_addresses_v1,
                                  mirror_unknown_v1, serves_code_of
            TO rowhouse_server;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_owner') THEN
        GRANT ALL ON mirrors, mirror_changes TO rowhouse_owner;
        GRANT ALL ON ALL FUNCTIONS IN SCHEMA rowhouse TO rowhouse_owner;
    END IF;
END $$;
