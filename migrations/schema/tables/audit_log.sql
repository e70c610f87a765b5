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
COMMENT ON COLUMN audit_log.actor IS 'The caller that the server knows, or the database user of a manual change.';
COMMENT ON COLUMN audit_log.database_user IS
    'The database user who was logged in: what PostgreSQL knows, where actor is what the server said.';
