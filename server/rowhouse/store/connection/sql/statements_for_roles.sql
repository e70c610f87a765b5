-- What a role with CREATEROLE has to run where the migrating user may not: the roles that are missing, and the
-- migrating user's membership in the one that owns the schema.
SELECT pg_catalog.format('CREATE ROLE %I NOLOGIN;', wanted.role)
  FROM (VALUES (1, 'rowhouse_owner'), (2, 'rowhouse_server'), (3, 'rowhouse_auditor')) AS wanted (place, role)
 WHERE pg_catalog.to_regrole(wanted.role) IS NULL
UNION ALL
SELECT pg_catalog.format('GRANT rowhouse_owner TO %I;', current_user)
 WHERE CASE WHEN pg_catalog.to_regrole('rowhouse_owner') IS NULL THEN true
            ELSE NOT pg_catalog.pg_has_role('rowhouse_owner', 'MEMBER') END
