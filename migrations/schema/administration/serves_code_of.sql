CREATE FUNCTION serves_code_of(revision text) RETURNS boolean
LANGUAGE sql STABLE
-- From the oldest revision whose code still works, to the current one. A revision that breaks old code replaces this function.
RETURN revision BETWEEN 'r0001' AND (SELECT v.version_num FROM rowhouse.alembic_version v);
COMMENT ON FUNCTION serves_code_of(text) IS 'Whether code that was written for a revision works on this schema, during a roll-out.';
