-- What the roles of 0001 may do with this revision's objects.
DO $$
BEGIN
    REVOKE ALL ON FUNCTION rowhouse.sample_fill_v1() FROM PUBLIC;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_server') THEN
        GRANT SELECT ON rowhouse.fill_samples, rowhouse.pool_trends TO rowhouse_server;
        GRANT EXECUTE ON FUNCTION rowhouse.sample_fill_v1() TO rowhouse_server;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_auditor') THEN
        GRANT SELECT ON rowhouse.fill_samples, rowhouse.pool_trends TO rowhouse_auditor;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_owner') THEN
        GRANT ALL ON rowhouse.fill_samples, rowhouse.pool_trends TO rowhouse_owner;
        GRANT ALL ON FUNCTION rowhouse.sample_fill_v1() TO rowhouse_owner;
    END IF;
END $$;
