-- Gives the schema and all in it to rowhouse_owner, so that any login of that role can migrate. It does so where the
-- migrating user owns them and may set that role; a user who may grant the role, because that user created it, takes it first.
DO $$
DECLARE
    one record;
    -- PostgreSQL 16 distinguishes membership from the right to become the role.
    becoming text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rowhouse_owner') THEN
        RETURN;
    END IF;
    IF NOT pg_has_role('rowhouse_owner', becoming) THEN
        BEGIN
            EXECUTE format('GRANT rowhouse_owner TO %I', current_user);
        EXCEPTION
            WHEN insufficient_privilege THEN RETURN;
        END;
    END IF;
    FOR one IN
        SELECT 'SCHEMA rowhouse' AS object, nspowner AS owner FROM pg_namespace
         WHERE nspname = 'rowhouse' AND has_database_privilege(current_database(), 'CREATE')
        UNION ALL
        -- ALTER TABLE is for views as well. A sequence of a column goes with its table.
        SELECT format('TABLE %s', c.oid::regclass), c.relowner FROM pg_class c
         WHERE c.relnamespace = 'rowhouse'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
                              AND d.deptype IN ('a', 'i'))
        UNION ALL
        -- The functions of a range type are the bootstrap superuser's, whichever role makes the type.
        SELECT format('ROUTINE %s', p.oid::regprocedure), p.proowner FROM pg_proc p
         WHERE p.pronamespace = 'rowhouse'::regnamespace
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
        UNION ALL
        SELECT format('TYPE %s', oid::regtype), typowner FROM pg_type
         WHERE typnamespace = 'rowhouse'::regnamespace
           AND (typtype IN ('d', 'e', 'r', 'm')
                -- Not the type of a table's rows.
                OR EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND c.relkind = 'c'))
    LOOP
        IF one.owner <> 'rowhouse_owner'::regrole AND pg_has_role(one.owner, 'USAGE') THEN
            BEGIN
                EXECUTE format('ALTER %s OWNER TO rowhouse_owner', one.object);
            EXCEPTION
                -- A multirange type goes with its range, in newer versions of PostgreSQL.
                WHEN wrong_object_type THEN NULL;
            END;
        END IF;
    END LOOP;
END $$;
