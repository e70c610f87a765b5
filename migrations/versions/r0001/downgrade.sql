-- Removes everything in the schema but alembic's own table. The roles stay: they belong to the whole cluster, and
-- another database may use them.
DO $$
DECLARE
    statement text;
BEGIN
    -- Each kind in one statement: what depends on another one of it may go in any order.
    FOR statement IN
        SELECT format('DROP %s %s CASCADE', kind, string_agg(name, ', '))
          FROM (SELECT 1 AS step, 'VIEW' AS kind, oid::regclass::text AS name FROM pg_class
                 WHERE relnamespace = 'rowhouse'::regnamespace AND relkind = 'v'
                UNION ALL
                SELECT 2, 'TABLE', oid::regclass::text FROM pg_class
                 WHERE relnamespace = 'rowhouse'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
                UNION ALL
                -- A range has functions of its own, which go with it. A row type that is not that of a table goes as well.
                SELECT 3, 'TYPE', oid::regtype::text FROM pg_type
                 WHERE typnamespace = 'rowhouse'::regnamespace
                   AND (typtype = 'r' OR EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND c.relkind = 'c'))) AS made
         GROUP BY step, kind ORDER BY step
    LOOP
        EXECUTE statement;
    END LOOP;
    EXECUTE (SELECT format('DROP ROUTINE %s CASCADE', string_agg(oid::regprocedure::text, ', '))
               FROM pg_proc WHERE pronamespace = 'rowhouse'::regnamespace);
    EXECUTE (SELECT format('DROP TYPE %s', string_agg(oid::regtype::text, ', '))
               FROM pg_type WHERE typnamespace = 'rowhouse'::regnamespace AND typtype IN ('d', 'e'));
END $$;
