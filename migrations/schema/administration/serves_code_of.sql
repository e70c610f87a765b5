CREATE FUNCTION serves_code_of(revision text) RETURNS boolean
LANGUAGE sql STABLE
-- From the oldest one that finds what it calls, to this schema's own. A revision that breaks with old code makes this anew.
RETURN revision BETWEEN 'r0001' AND (SELECT v.version_num FROM rowhouse.alembic_version v);
COMMENT ON FUNCTION serves_code_of(text) IS 'Whether code that was written for a revision may work on this schema, during a roll-out.';
