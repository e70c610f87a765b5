-- Whether the login may grant what the schema has: as its owner, or as a member of it.
SELECT pg_catalog.pg_has_role(nspowner, 'USAGE') FROM pg_catalog.pg_namespace WHERE nspname = 'rowhouse'
