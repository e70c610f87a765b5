-- alembic creates the table before the first revision runs.
COMMENT ON TABLE alembic_version IS 'The revision of the schema; alembic maintains it.';
COMMENT ON COLUMN alembic_version.version_num IS 'Revision of the schema, such as r0001.';
COMMENT ON INDEX alembic_version_pkc IS 'One row.';
