-- The privileges that the server needs and the login role lacks. The server calls the functions with a version in
-- their name, except for four that only the owner calls.
SELECT 'USAGE on schema rowhouse' WHERE NOT has_schema_privilege('rowhouse', 'USAGE')
UNION ALL
SELECT 'EXECUTE on ' || p.oid::regprocedure FROM pg_proc p
 WHERE p.pronamespace = 'rowhouse'::regnamespace AND p.proname ~ '_v[0-9]+$'
   AND p.proname NOT IN ('prune_v1', 'prune_audit_v1', 'record_v1', 'repair_v1') AND NOT has_function_privilege(p.oid, 'EXECUTE')
UNION ALL
SELECT 'SELECT on ' || c.oid::regclass FROM pg_class c
 WHERE c.relnamespace = 'rowhouse'::regnamespace AND c.relkind IN ('r', 'v', 'p')
   AND NOT has_table_privilege(c.oid, 'SELECT')
UNION ALL
SELECT p.privilege || ' on rowhouse.' || t.name
  FROM unnest(ARRAY['networks', 'pools', 'exclusions', 'quotas', 'tokens', 'sessions']) AS t (name),
       unnest(ARRAY['INSERT', 'DELETE']) AS p (privilege)
 WHERE to_regclass('rowhouse.' || t.name) IS NOT NULL
   AND NOT has_table_privilege('rowhouse.' || t.name, p.privilege)
 ORDER BY 1
