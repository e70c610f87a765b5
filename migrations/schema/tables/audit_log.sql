CREATE TABLE audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text NOT NULL,
    action     text NOT NULL,
    object     text NOT NULL,
    before     jsonb,
    after      jsonb,
    request_id text,
    database_user text NOT NULL DEFAULT session_user
);
CREATE INDEX audit_log_at ON audit_log (at);
CREATE INDEX audit_log_object ON audit_log (object);
COMMENT ON TABLE audit_log IS 'Every administrative change: who, what, before and after. Append-only.';
COMMENT ON COLUMN audit_log.id IS 'Number of the line; later lines have higher ones.';
COMMENT ON COLUMN audit_log.at IS 'When the line was written, by the clock of the database.';
COMMENT ON COLUMN audit_log.actor IS 'The caller that the server knows, or the database user of a manual change.';
COMMENT ON COLUMN audit_log.action IS
    'What was done: the type of the object, a period, and the verb, such as pool.update.';
COMMENT ON COLUMN audit_log.object IS 'What it was done to, as people call it: a CIDR, an address, a name.';
COMMENT ON COLUMN audit_log.before IS 'The row as it was; NULL when there was none.';
COMMENT ON COLUMN audit_log.after IS 'The row as it is now; NULL when there is none.';
COMMENT ON COLUMN audit_log.request_id IS
    'X-Request-Id of the call of the API; NULL for a statement by hand and for the command line on the database.';
COMMENT ON COLUMN audit_log.database_user IS
    'The database user who was logged in: what PostgreSQL knows, where actor is what the server said.';
COMMENT ON INDEX audit_log_pkey IS 'The lines in their order.';
COMMENT ON INDEX audit_log_at IS 'The lines of a time, the latest first.';
COMMENT ON INDEX audit_log_object IS 'The lines about an object.';
