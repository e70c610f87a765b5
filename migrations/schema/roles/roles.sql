-- Three roles that cannot log in: grant them to login users.
--   rowhouse_owner    owns the schema and runs migrations
--   rowhouse_server   what the server may do: call the functions, manage pools; no DDL, no rewriting of history
--   rowhouse_auditor  reads the views and calls the reading functions, nothing else
-- Roles belong to the whole cluster and outlive the schema. Where the migrating user may not create
-- roles, a DBA creates them first; without them nothing is granted.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['rowhouse_owner', 'rowhouse_server', 'rowhouse_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE WARNING 'role % does not exist and % may not create it', role, current_user;
            END;
        END IF;
    END LOOP;
END $$;

-- By default, PostgreSQL lets every role call a new function.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rowhouse FROM PUBLIC;
