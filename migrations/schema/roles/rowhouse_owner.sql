-- Everything in the schema.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_owner') THEN
        GRANT ALL ON SCHEMA rowhouse TO rowhouse_owner;
        GRANT ALL ON ALL TABLES IN SCHEMA rowhouse TO rowhouse_owner;
        GRANT ALL ON ALL FUNCTIONS IN SCHEMA rowhouse TO rowhouse_owner;
    END IF;
END $$;
