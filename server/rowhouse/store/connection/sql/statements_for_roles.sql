-- The statements for a role with CREATEROLE, if the migrating user lacks it: create the missing roles, and make the
-- migrating user a member of the schema's owner.
SELECT pg_catalog.format('CREATE ROLE %I NOLOGIN;', wanted.role)
  FROM (VALUES (1, 'rowhouse_owner'), (2, 'rowhouse_server'), (3, 'rowhouse_auditor')) AS wanted (place, role)
 WHERE pg_catalog.to_regrole(wanted.role) IS NULL
UNION ALL
SELECT pg_catalog.format('GRANT rowhouse_owner TO %I;', current_user)
 WHERE CASE WHEN pg_catalog.to_regrole('rowhouse_owner') IS NULL THEN true
            ELSE NOT pg_catalog.pg_has_role('rowhouse_owner', 'MEMBER') END
