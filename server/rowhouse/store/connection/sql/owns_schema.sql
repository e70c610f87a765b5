-- Whether the login may grant privileges on the schema, as its owner or as a member of the owner.
SELECT pg_catalog.pg_has_role(nspowner, 'USAGE') FROM pg_catalog.pg_namespace WHERE nspname = 'rowhouse'
